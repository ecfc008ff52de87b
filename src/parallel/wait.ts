/** Waiting for some of many tasks. */
import { unwatchSignal, watchSignal } from '../executor/signal-hub.ts';
import { tasksOf, watchSettled } from './settlements.ts';
import { waitOptions, type WaitingOptions, type WaitOptions } from './waiting-options.ts';

/** How far tasks are; every one is in one of both. */
export interface Waited<P> {
  /** Those that have settled, well or not, in the order in which they did. */
  readonly done: Set<P>;
  /** The others, in the order in which they were given. They go on. */
  readonly pending: Set<P>;
}

/**
 * Waits until all of some tasks have settled, the first of them has, or one has failed, and says which have.
 *
 * It cancels nothing, and rejects for no task's failure: look at what is in `done`. Those that have settled at the same
 * time are all there. To wait for a promise again and again is cheap, and leaves nothing behind on it; wait for those that
 * are `pending` then, since one that has settled ends the wait for the first at once.
 *
 * @param tasks tasks or promises, in an iterable; one that is there twice counts once
 * @param options {@link WaitOptions}: `until`, `timeoutMs`, `signal`
 * @returns a promise of `{ done, pending }`, after `timeoutMs` at the latest; of no tasks at once
 * @throws {TypeError | RangeError} for a wrong argument or option; (as a rejection) the reason of the `signal`
 *
 * @example
 * ```ts
 * import { threads, wait } from 'tutti';
 *
 * await using pool = threads({ workers: 1 });
 * const quick = pool.submit(() => 'quick');
 * const never = new Promise(() => {});
 * const { done, pending } = await wait([quick, never], { until: 'first' });
 * [done.has(quick), pending.has(never)]; // => [true, true]
 * ```
 */
export function wait<P extends PromiseLike<unknown>>(
  tasks: Iterable<P>,
  options?: WaitOptions,
): Promise<Waited<P>> {
  const { until = 'all', timeoutMs, signal } = waitOptions(options);
  const pending = tasksOf('wait', tasks);
  return new Promise((resolve, reject) => {
    const done = new Set<P>();
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    if (pending.size === 0) {
      resolve({ done, pending });
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    let enough = false;
    const over = () => {
      clearTimeout(timer);
      if (signal !== undefined) unwatchSignal(signal, aborted);
      unwatch();
    };
    const aborted = {
      cancel(reason: unknown) {
        over();
        reject(reason as Error);
        return true;
      },
    };
    const finish = () => {
      over();
      resolve({ done, pending });
    };
    const unwatch = watchSettled(pending, (task, failed) => {
      pending.delete(task);
      done.add(task);
      const decides = until === 'first' || until === (failed ? 'failure' : 'success');
      if (enough || !(pending.size === 0 || decides)) return;
      enough = true;
      // Others have settled, too, and are next to be heard of.
      queueMicrotask(finish);
    });
    if (timeoutMs !== undefined) timer = setTimeout(finish, timeoutMs);
    if (signal !== undefined) watchSignal(signal, aborted);
  });
}

/**
 * Waits until the first of some tasks has settled, well or not: {@link wait} with `until: 'first'`.
 *
 * @example
 * ```ts
 * import { waitFirst } from 'tutti';
 *
 * const failed = Promise.reject(new RangeError('no'));
 * const { done } = await waitFirst([failed, new Promise(() => {})]);
 * done.has(failed); // => true
 * ```
 */
export function waitFirst<P extends PromiseLike<unknown>>(
  tasks: Iterable<P>,
  options?: WaitingOptions,
): Promise<Waited<P>> {
  return wait(tasks, { ...options, until: 'first' });
}

/**
 * Waits until one of some tasks has a result, or all have failed: {@link wait} with `until: 'success'`.
 *
 * @example
 * ```ts
 * import { waitAny } from 'tutti';
 *
 * const failed = Promise.reject(new RangeError('no'));
 * const { done, pending } = await waitAny([failed, Promise.resolve(1), new Promise(() => {})]);
 * [done.size, pending.size]; // => [2, 1]
 * ```
 */
export function waitAny<P extends PromiseLike<unknown>>(
  tasks: Iterable<P>,
  options?: WaitingOptions,
): Promise<Waited<P>> {
  return wait(tasks, { ...options, until: 'success' });
}

/**
 * Waits until all of some tasks have settled, well or not: {@link wait} without `until`.
 *
 * @example
 * ```ts
 * import { waitAll } from 'tutti';
 *
 * const { done, pending } = await waitAll([Promise.resolve(1), Promise.reject(new RangeError('no'))]);
 * [done.size, pending.size]; // => [2, 0]
 * ```
 */
export function waitAll<P extends PromiseLike<unknown>>(
  tasks: Iterable<P>,
  options?: WaitingOptions,
): Promise<Waited<P>> {
  return wait(tasks, { ...options, until: 'all' });
}
