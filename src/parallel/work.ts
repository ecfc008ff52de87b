/** What can be raced or put into a group: promises, tasks, and functions that are told when to stop. */
import { show } from '../base/options.ts';

/** A task or a promise, or a function that starts something and stops it when the signal aborts. */
export type Work<T> = PromiseLike<T> | ((signal: AbortSignal) => T | PromiseLike<T>);

/** What can be stopped. */
export interface Cancellable {
  cancel(reason?: unknown): unknown;
}

/** Throws a TypeError for what is no work. */
export function checkWork(owner: string, work: unknown): void {
  if (typeof work === 'function') return;
  if (typeof (work as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') return;
  throw new TypeError(`${owner}() needs a task, a promise or a function of a signal, but got ${show(work)}`);
}

/** Starts a function, at once; what it throws becomes a rejection. Tasks and promises are under way already. */
export function started<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
  if (typeof work !== 'function') return Promise.resolve(work);
  try {
    return Promise.resolve(work(signal));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Whether work has a `cancel()` of its own, as tasks do. */
export function isCancellable(work: unknown): work is Cancellable {
  return typeof (work as Partial<Cancellable> | null)?.cancel === 'function';
}

/** Cancels all that can be; returns what failed in that, so that one which does keeps no other from being told. */
export function cancelAll(works: Iterable<unknown>, reason: unknown): unknown[] {
  const failures: unknown[] = [];
  for (const work of works) {
    if (!isCancellable(work)) continue;
    try {
      work.cancel(reason);
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}
