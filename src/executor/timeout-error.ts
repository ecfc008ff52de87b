/** The error of an item that ran for too long. */
import { TaskTimeoutError } from '../base/errors.ts';
import type { Chunk } from './backend.ts';
import { taskLabel } from './task-label.ts';

export function timeoutError(chunk: Chunk, k: number, timeoutMs: number, workerId: number): TaskTimeoutError {
  const task = taskLabel(chunk, k);
  const message = `${task} ran longer than its timeoutMs of ${timeoutMs}`;
  return new TaskTimeoutError(message, timeoutMs, { task, index: chunk.base + k, workerId });
}
