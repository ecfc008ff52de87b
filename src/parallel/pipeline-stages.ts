/** The stages of a pipeline: each method returns the pipeline with one more of them. */
import type { Duplex } from 'node:stream';
import type { TransformStream } from 'node:stream/web';
import type { Flattened } from '../executor/executor.ts';
import type { Pipeline } from './pipeline.ts';
import {
  batchTimeout,
  itemCount,
  placement,
  stageFunction,
  windowStep,
  type BatchOptions,
  type LocalStageOptions,
  type PoolStageOptions,
  type StageContext,
  type WindowOptions,
} from './stage-options.ts';
import {
  batchStage,
  bufferStage,
  filterStage,
  flatMapStage,
  mapStage,
  scanStage,
  skipStage,
  takeStage,
  tapStage,
  windowStage,
  type Build,
} from './stages.ts';
import { checkTransformer, ThroughFlow, type Transformer } from './through.ts';

/**
 * What a {@link Pipeline} can do with its items on the way.
 *
 * Functions of a stage with `on` run on that executor's workers and get the item alone; they travel, and items and results
 * are copied, as with {@link Executor.stream}. Functions without `on` run in this thread and get the item and
 * `{ signal }`, which aborts when the item is not needed any more.
 */
export abstract class PipelineStages<T> {
  /** The pipeline with one more stage. */
  protected abstract staged<R>(name: string, build: Build): Pipeline<R>;

  /**
   * Turns every item into what `fn` makes of it.
   *
   * Here: one call after the other, or `concurrency` of them at a time as far as they wait for something. On workers:
   * as {@link Executor.stream} does, ahead of the consumer up to the `window`. An item that fails ends the pipeline at
   * its place (unordered: as soon as it is known) with the very error that was thrown.
   *
   * @param fn what to call; may be async
   * @param options {@link PoolStageOptions} with `on`, or {@link LocalStageOptions}
   * @returns the pipeline with this stage
   * @throws {TypeError | RangeError} for a wrong argument or option
   *
   * @example
   * ```ts
   * import { pipeline, threads } from 'tutti';
   *
   * await using pool = threads({ workers: 2 });
   * const roots = pipeline([1, 4, 9])
   *   .map((x) => Math.sqrt(x), { on: pool })
   *   .map(async (root) => `√${root}`, { concurrency: 2 });
   * await roots.toArray(); // => ['√1', '√2', '√3']
   * ```
   */
  map<R>(fn: (item: T) => R, options: PoolStageOptions): Pipeline<Awaited<R>>;
  map<R>(fn: (item: T, context: StageContext) => R, options?: LocalStageOptions): Pipeline<Awaited<R>>;
  map(
    fn: (item: T, context: StageContext) => unknown,
    options?: PoolStageOptions | LocalStageOptions,
  ): Pipeline<unknown> {
    stageFunction('pipeline.map', fn);
    return this.staged(
      named('map', fn, options),
      mapStage(fn as never, placement('pipeline.map', options, 'stream')),
    );
  }

  /**
   * Keeps the items for which `predicate` is true. They are the items themselves, also after a predicate on workers.
   *
   * @param predicate what to ask for each item; may be async
   * @param options as for {@link map}
   * @returns the pipeline with this stage
   * @throws {TypeError | RangeError} for a wrong argument or option
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2, 3, 4]).filter((x) => x % 2 === 0).toArray(); // => [2, 4]
   * ```
   */
  filter<S extends T>(
    predicate: (item: T) => item is S,
    options?: PoolStageOptions | LocalStageOptions,
  ): Pipeline<S>;
  filter(predicate: (item: T) => unknown, options: PoolStageOptions): Pipeline<T>;
  filter(predicate: (item: T, context: StageContext) => unknown, options?: LocalStageOptions): Pipeline<T>;
  filter(
    predicate: (item: T, context: StageContext) => unknown,
    options?: PoolStageOptions | LocalStageOptions,
  ): Pipeline<T> {
    stageFunction('pipeline.filter', predicate);
    const where = placement('pipeline.filter', options, 'stream');
    return this.staged(named('filter', predicate, options), filterStage(predicate as never, where));
  }

  /**
   * What the iterables contain that `fn` makes of the items, one after the other.
   *
   * Here an iterable of either kind is read as the next stage asks, so it may be endless; with `concurrency` calls of `fn`
   * overlap, the reading does not. On workers it is read there, whole, and comes back as an array. A result that is no
   * iterable, or a string, stands for itself.
   *
   * @param fn what to call; may be async, or a generator
   * @param options as for {@link map}
   * @returns the pipeline with this stage
   * @throws {TypeError | RangeError} for a wrong argument or option
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline(['to be', 'or not']).flatMap((line) => line.split(' ')).toArray(); // => ['to', 'be', 'or', 'not']
   * ```
   */
  flatMap<R>(fn: (item: T) => R, options: PoolStageOptions): Pipeline<Flattened<Awaited<R>>>;
  flatMap<R>(
    fn: (item: T, context: StageContext) => R,
    options?: LocalStageOptions,
  ): Pipeline<Flattened<Awaited<R>>>;
  flatMap(
    fn: (item: T, context: StageContext) => unknown,
    options?: PoolStageOptions | LocalStageOptions,
  ): Pipeline<unknown> {
    stageFunction('pipeline.flatMap', fn);
    const where = placement('pipeline.flatMap', options, 'stream');
    return this.staged(named('flatMap', fn, options), flatMapStage(fn as never, where));
  }

  /**
   * Calls `fn` with every item on its way, for what it does: the item goes on when `fn` has ended.
   *
   * @param fn what to call, in this thread; may be async
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * const seen: number[] = [];
   * await pipeline([1, 2]).tap((x) => void seen.push(x)).count(); // => 2
   * seen; // => [1, 2]
   * ```
   */
  tap(fn: (item: T, context: StageContext) => unknown): Pipeline<T> {
    stageFunction('pipeline.tap', fn);
    return this.staged(named('tap', fn), tapStage(fn as never));
  }

  /**
   * The running result of a fold, once per item: `fn(initial, first)`, then `fn` of that and the second, and so on.
   *
   * @param fn folds an item into the result so far, in this thread; may be async
   * @param initial what the first call gets
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2, 3]).scan((sum, x) => sum + x, 0).toArray(); // => [1, 3, 6]
   * ```
   */
  scan<R>(fn: (result: R, item: T) => R | PromiseLike<R>, initial: R): Pipeline<R> {
    stageFunction('pipeline.scan', fn);
    return this.staged(named('scan', fn), scanStage(fn as never, initial));
  }

  /**
   * The first `count` items. When it has them, everything above is closed: the source, and work that is under way.
   *
   * @param count at least 0; with 0 nothing above is even started
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * function* naturals() {
   *   for (let n = 0; ; n++) yield n;
   * }
   * await pipeline(naturals()).take(3).toArray(); // => [0, 1, 2]
   * ```
   */
  take(count: number): Pipeline<T> {
    return this.staged('take', takeStage(itemCount('pipeline.take', count, 0)));
  }

  /**
   * All items but the first `count`.
   *
   * @param count at least 0
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline(['header', 'row']).skip(1).toArray(); // => ['row']
   * ```
   */
  skip(count: number): Pipeline<T> {
    return this.staged('skip', skipStage(itemCount('pipeline.skip', count, 0)));
  }

  /**
   * Arrays of `size` items; the last one holds what is left.
   *
   * With `timeoutMs` a batch goes on that long after its first item, full or not, and the stage reads in the background
   * once it has been started, up to one batch. When the input fails, what is there comes before the error.
   *
   * @param size at least 1
   * @param options {@link BatchOptions}
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2, 3]).batch(2).toArray(); // => [[1, 2], [3]]
   * ```
   */
  batch(size: number, options?: BatchOptions): Pipeline<T[]> {
    const timeoutMs = batchTimeout(options);
    return this.staged('batch', batchStage(itemCount('pipeline.batch', size, 1), timeoutMs));
  }

  /**
   * Sliding windows: arrays of `size` neighbouring items, each `step` items after the one before. Full ones only.
   *
   * @param size at least 1
   * @param options {@link WindowOptions}
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2, 3, 4]).window(2).toArray(); // => [[1, 2], [2, 3], [3, 4]]
   * ```
   */
  window(size: number, options?: WindowOptions): Pipeline<T[]> {
    const step = windowStep(options);
    return this.staged('window', windowStage(itemCount('pipeline.window', size, 1), step));
  }

  /**
   * Reads up to `size` items ahead, so that a source and a consumer that both wait do so at the same time.
   *
   * @param size at least 1
   * @returns the pipeline with this stage
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2, 3]).buffer(2).toArray(); // => [1, 2, 3]
   * ```
   */
  buffer(size: number): Pipeline<T> {
    return this.staged('buffer', bufferStage(itemCount('pipeline.buffer', size, 1)));
  }

  /**
   * Sends the items through somebody else's transformation.
   *
   * An (async) generator function gets the items as an async iterable; when it returns, the stages above are closed. A web
   * `TransformStream` and a Node `Transform` hold as many items as their high-water marks say. The pipeline closes and
   * destroys what it is given.
   *
   * @param transformer what transforms; used once
   * @returns the pipeline with this stage
   * @throws {TypeError} for anything else
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * async function* pairs(values: AsyncIterable<number>) {
   *   let before: number | undefined;
   *   for await (const value of values) {
   *     if (before !== undefined) yield before + value;
   *     before = value;
   *   }
   * }
   * await pipeline([1, 2, 3]).through(pairs).toArray(); // => [3, 5]
   * ```
   */
  through<U>(transformer: (items: AsyncIterableIterator<T>) => Iterable<U> | AsyncIterable<U>): Pipeline<U>;
  through<U>(transformer: TransformStream<T, U>): Pipeline<U>;
  through<U = unknown>(transformer: Duplex): Pipeline<U>;
  through<U>(transformer: Transformer<T, U>): Pipeline<U> {
    checkTransformer(transformer);
    const name = typeof transformer === 'function' ? named('through', transformer) : 'through a stream';
    return this.staged(name, (up, run, place) => new ThroughFlow(run, up as never, place, transformer));
  }
}

/** What a stage is called in errors: `map parse`. */
export function named(kind: string, fn: object, options?: { readonly name?: string | undefined }): string {
  const name = options?.name ?? (fn as { name?: unknown }).name;
  return typeof name === 'string' && name !== '' ? `${kind} ${name}` : kind;
}
