/** What `await` waits for. */

/** Whether a value can be awaited. A getter or a proxy that throws counts: whoever awaits the value is told by whom. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return true;
  }
}
