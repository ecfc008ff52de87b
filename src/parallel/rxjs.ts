/** `tutti/rxjs`: operators that run on workers. */
import { createRequire } from 'node:module';
import type { MonoTypeOperatorFunction, Observable, OperatorFunction } from 'rxjs';
import { MissingPackageError } from '../base/errors.ts';
import { integer, oneOf, optionChecker, show } from '../base/options.ts';
import type { Executor } from '../executor/executor.ts';
import { pipeline, type Pipeline } from './pipeline.ts';
import { PushSource, type Overflow } from './push-source.ts';
import { placement, stageFunction, type PoolStageOptions } from './stage-options.ts';

/** Options of {@link parallelMap} and {@link parallelFilter}: those of {@link Executor.stream}, and what waits for it. */
export interface ParallelOptions extends Omit<PoolStageOptions, 'on'> {
  /** Most items that wait for the executor, which an observable cannot be made to do itself; default 65,536. */
  buffer?: number;
  /** What an item does that finds the buffer full: `error` (the default) fails with `QueueFullError`, others drop items. */
  overflow?: Overflow;
}

const DEFAULT_BUFFER = 65_536;
const bufferOptions = (owner: string) =>
  optionChecker(owner, {
    buffer: integer({ min: 1 }),
    overflow: oneOf('error', 'drop-oldest', 'drop-newest'),
  });

/**
 * An operator that runs `fn` for every item on workers and emits the results.
 *
 * Subscribing subscribes to the source at once. An observable cannot be made to wait, so items that come faster than the
 * workers take them are kept, up to `buffer`. Results come asynchronously; the last one completes the observable. An item's
 * error comes at its place (unordered: at once), the source's at once; either cancels the rest, as unsubscribing does.
 *
 * @param pool where to run
 * @param fn what to call for each item; may be async; it travels, as with {@link Executor.stream}
 * @param options {@link ParallelOptions}; `ordered` is true by default
 * @returns an operator for `pipe()`
 * @throws {TypeError | RangeError} for a wrong argument or option; `MissingPackageError` where rxjs is not installed
 *
 * @example
 * ```ts
 * import { lastValueFrom, of, toArray } from 'rxjs';
 * import { threads } from 'tutti';
 * import { parallelMap } from 'tutti/rxjs';
 *
 * await using pool = threads({ workers: 2 });
 * const squares = of(1, 2, 3).pipe(parallelMap(pool, (x) => x * x), toArray());
 * await lastValueFrom(squares); // => [1, 4, 9]
 * ```
 */
export function parallelMap<T, R>(
  pool: Executor,
  fn: (item: T) => R,
  options?: ParallelOptions,
): OperatorFunction<T, Awaited<R>> {
  stageFunction('parallelMap', fn);
  return operator<T, Awaited<R>>('parallelMap', pool, options, (items, on) => items.map(fn, on));
}

/**
 * An operator that asks `predicate` for every item on workers and emits the items for which it is true.
 *
 * The items are the source's own, not copies. It runs as {@link parallelMap} does.
 *
 * @param pool where to run
 * @param predicate what to ask for each item; may be async
 * @param options {@link ParallelOptions}
 * @returns an operator for `pipe()`
 * @throws {TypeError | RangeError} for a wrong argument or option; `MissingPackageError` where rxjs is not installed
 *
 * @example
 * ```ts
 * import { lastValueFrom, of, toArray } from 'rxjs';
 * import { threads } from 'tutti';
 * import { parallelFilter } from 'tutti/rxjs';
 *
 * await using pool = threads({ workers: 2 });
 * const odd = of(1, 2, 3).pipe(parallelFilter(pool, (x) => x % 2 === 1), toArray());
 * await lastValueFrom(odd); // => [1, 3]
 * ```
 */
export function parallelFilter<T>(
  pool: Executor,
  predicate: (item: T) => unknown,
  options?: ParallelOptions,
): MonoTypeOperatorFunction<T> {
  stageFunction('parallelFilter', predicate);
  return operator<T, T>('parallelFilter', pool, options, (items, on) => items.filter(predicate, on));
}

function operator<T, R>(
  owner: string,
  pool: Executor,
  options: ParallelOptions | undefined,
  stage: (items: Pipeline<T>, on: PoolStageOptions) => Pipeline<R>,
): OperatorFunction<T, R> {
  const { buffer, overflow, ...rest } = options ?? {};
  const checked = bufferOptions(owner)(typeof options === 'object' ? { buffer, overflow } : options);
  const { buffer: limit = DEFAULT_BUFFER, overflow: whenFull = 'error' } = checked;
  const on: PoolStageOptions = { ...rest, on: pool };
  // Now, not when the first subscriber comes.
  if (typeof (pool as Partial<Executor> | null | undefined)?.stream !== 'function') {
    throw new TypeError(`${owner}() needs an executor, such as threads(), but got ${show(pool)}`);
  }
  placement(owner, on, 'stream');
  const rx = rxjs(owner);
  return (source: Observable<T>) =>
    new rx.Observable<R>((subscriber) => {
      const waiting = new PushSource<T>(owner, limit, whenFull);
      const results = stage(pipeline(waiting) as Pipeline<T>, on)[Symbol.asyncIterator]();
      subscriber.add(() => {
        // What fails in closing concerns nobody any more: the queue has no return() that could.
        results.return().catch(() => undefined);
      });
      const feeding = new rx.Subscriber<T>({
        next(value) {
          try {
            waiting.push(value);
          } catch (error) {
            subscriber.error(error);
          }
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => waiting.end(),
      });
      // Before the source is subscribed to: one that emits everything right there has to see when it is not wanted.
      subscriber.add(feeding);
      source.subscribe(feeding);
      const emit = async () => {
        for (;;) {
          const { done, value } = await results.next();
          if (done || subscriber.closed) break;
          subscriber.next(value);
        }
        subscriber.complete();
      };
      emit().catch((error: unknown) => subscriber.error(error));
    });
}

type Rxjs = Pick<typeof import('rxjs'), 'Observable' | 'Subscriber'>;

/** The package, which only those who use these operators need. */
function rxjs(owner: string): Rxjs {
  try {
    return createRequire(import.meta.url)('rxjs') as Rxjs;
  } catch (cause) {
    throw new MissingPackageError(
      `${owner}() needs the package rxjs, which could not be loaded; run: npm install rxjs`,
      'rxjs',
      cause,
    );
  }
}
