/** Whether this thread may be blocked. */
import { isMainThread } from 'node:worker_threads';
import { registrySlot } from './registry.ts';

const allowed = registrySlot<boolean>('may block', 1);

/** A thread that is not the main one of a process that others started may be: its event loop is nobody's but its task's. */
export function mayBlock(): boolean {
  return !isMainThread || allowed.get() === true;
}

/**
 * Says that this thread may be blocked, although it is a main thread: blocking forms wait there from now on, and nothing else
 * of the thread runs meanwhile.
 *
 * Worker threads and the workers of `processes()` need not say so.
 *
 * @example
 * ```ts
 * import { allowBlocking, Latch } from 'tutti/sync';
 * import { submit } from 'tutti';
 *
 * allowBlocking();
 * const ready = new Latch(1);
 * const task = submit(() => ready.countDown());
 * ready.wait(); // => true
 * await task;
 * ```
 */
export function allowBlocking(): void {
  allowed.set(true);
}
