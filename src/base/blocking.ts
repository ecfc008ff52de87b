/** Whether this thread may be blocked. */
import { isMainThread } from 'node:worker_threads';
import { registrySlot } from './registry.ts';

const allowed = registrySlot<boolean>('may block', 1);
const rounds = registrySlot<Set<() => void>>('while blocked', 1);

/** While this thread is blocked, its event loop does nothing: `round`, which never throws, is called now and then instead. */
export function whileBlocked(round: () => void): void {
  rounds.take(() => new Set()).add(round);
}

/** … not any more. */
export function noLongerWhileBlocked(round: () => void): void {
  rounds.get()?.delete(round);
}

/** To be called before each sleep of a blocked thread: does what cannot wait. Whether there is anything of the kind. */
export function goRounds(): boolean {
  const all = rounds.get();
  if (all === undefined || all.size === 0) return false;
  for (const round of [...all]) round();
  return true;
}

/** A thread that is not the main one of a process that others started may be: its event loop is nobody's but its task's. */
export function mayBlock(): boolean {
  return !isMainThread || allowed.get() === true;
}

/**
 * Says that this thread may be blocked, although it is a main thread: blocking forms wait there from now on, and nothing else
 * of the thread runs meanwhile.
 *
 * Worker threads and the workers of `processes()` need not say so. Tasks of the thread's own pools get to their workers all the same;
 * timers, input and promises do not go on.
 *
 * @example
 * ```ts
 * import { submit } from 'tutti';
 * import { allowBlocking, Latch } from 'tutti/sync';
 *
 * const ready = new Latch(1);
 * ready.wait({ timeoutMs: 1 }); // throws WouldBlockError: Latch would stop
 * allowBlocking();
 * const task = submit(() => ready.countDown());
 * ready.wait(); // => true
 * await task;
 * ```
 */
export function allowBlocking(): void {
  allowed.set(true);
}
