/** `score (task #12, item 3)`: how messages name a running item. */
export function taskLabel(
  task: { readonly name: string; readonly taskId: number; readonly base: number; readonly op?: string },
  k?: number,
): string {
  const item = k === undefined || task.op === 'call' ? '' : `, item ${task.base + k}`;
  return `${task.name} (task #${task.taskId}${item})`;
}
