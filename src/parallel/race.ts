/** The first of many, and the end of the others. */
import { WaitTimeoutError } from '../base/errors.ts';
import { show } from '../base/options.ts';
import { unwatchSignal, watchSignal } from '../executor/signal-hub.ts';
import { watchSettled } from './settlements.ts';
import { cancelAll, checkWork, started, type Work } from './work.ts';
import { raceOptions, type WaitingOptions } from './waiting-options.ts';

/**
 * What the first to settle settles with, well or not; the others are cancelled.
 *
 * Tasks are cancelled with `cancel()`, functions by their signal; a plain promise cannot be stopped, it is only not waited
 * for any more. What the losers reject with is dropped.
 *
 * @param contestants tasks, promises, and functions that get an AbortSignal and are called at once
 * @param options {@link WaitingOptions}; an abort and the end of the time cancel all of them
 * @returns a promise of the winner's result; rejects with the winner's error, with `WaitTimeoutError` when `timeoutMs` have
 *   passed, with the reason of the `signal`, or with a `RangeError` when there is nobody to wait for
 * @throws {TypeError | RangeError} (as a rejection) for a wrong argument or option, before any function is called
 *
 * @example
 * ```ts
 * import { race, threads } from 'tutti';
 *
 * await using pool = threads({ workers: 2 });
 * const endless = pool.submit(() => {
 *   for (;;);
 * });
 * await race([endless, pool.submit(() => 'first')]); // => 'first'
 * endless.status; // => 'cancelled'
 * ```
 */
export async function race<T>(contestants: Iterable<Work<T>>, options?: WaitingOptions): Promise<Awaited<T>> {
  const { timeoutMs, signal } = raceOptions(options);
  if (
    typeof (contestants as Partial<Iterable<Work<T>>> | null | undefined)?.[Symbol.iterator] !== 'function'
  ) {
    throw new TypeError(
      `race() needs an iterable of tasks, promises or functions, but got ${show(contestants)}`,
    );
  }
  const works = [...contestants];
  for (const work of works) checkWork('race', work);
  if (works.length === 0) throw new RangeError('race() of nobody would never end: give it at least one task');

  const controller = new AbortController();
  const stopAll = (reason: unknown) => {
    // A loser that cannot even be cancelled does not change who has won.
    cancelAll(works, reason);
    controller.abort(reason);
  };
  if (signal?.aborted) {
    stopAll(signal.reason);
    // A promise among them must not be reported as unhandled: it lost.
    watchSettled(
      works.filter((work) => typeof work !== 'function'),
      () => undefined,
    )();
    throw signal.reason;
  }
  const running = works.map((work) => started(work, controller.signal));
  let timer: NodeJS.Timeout | undefined;
  let aborted: { cancel(reason: unknown): boolean } | undefined;
  let unwatch: (() => void) | undefined;
  try {
    return await new Promise<Awaited<T>>((resolve, reject) => {
      unwatch = watchSettled(running, (winner) => resolve(winner as Promise<Awaited<T>>));
      if (timeoutMs !== undefined) {
        const message = `race(): none of ${works.length} had settled after ${timeoutMs} ms`;
        timer = setTimeout(() => reject(new WaitTimeoutError(message)), timeoutMs);
      }
      if (signal !== undefined) {
        aborted = { cancel: (reason) => (reject(reason as Error), true) };
        watchSignal(signal, aborted);
      }
    });
  } finally {
    clearTimeout(timer);
    unwatch?.();
    if (signal !== undefined && aborted !== undefined) unwatchSignal(signal, aborted);
    stopAll(signal?.aborted ? signal.reason : new DOMException('another one won the race', 'AbortError'));
  }
}
