/** Which objects wait to be transferred: what every worker needs of `move()`. */
import { registrySlot } from '../base/registry.ts';

const marks = registrySlot<WeakSet<object>>('moved', 1);

/**
 * Marks `x` (a buffer, not a view of it; or a port, stream, file handle) for the next send.
 *
 * A mark is never taken back: what was sent has changed hands and cannot be sent again, and a send that fails leaves the mark
 * for the next one.
 */
export function mark(x: object): void {
  marks.take(() => new WeakSet()).add(x);
}

/** Whether `x` waits to be transferred. */
export function isMoved(x: object): boolean {
  return marks.get()?.has(x) === true;
}
