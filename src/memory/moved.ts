/** Which objects wait to be transferred: what every worker needs of `move()`. */
import { registrySlot } from '../base/registry.ts';

const marks = registrySlot<WeakSet<object>>('moved', 1);

/** Marks `x` (a buffer, not a view of it; or a port, stream, file handle) for the next send. */
export function mark(x: object): void {
  marks.take(() => new WeakSet()).add(x);
}

/** Whether `x` waits to be transferred. */
export function isMoved(x: object): boolean {
  return marks.get()?.has(x) === true;
}

/** Takes the mark back. */
export function unmark(x: object): void {
  marks.get()?.delete(x);
}
