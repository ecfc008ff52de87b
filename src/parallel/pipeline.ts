/** Pipelines: a source, stages here and on workers, and whoever reads them, with backpressure from one end to the other. */
import type { Readable, Writable } from 'node:stream';
import { pipeline as connect } from 'node:stream/promises';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import { PipelineConsumedError } from '../base/errors.ts';
import { show } from '../base/options.ts';
import type { AnyItems } from '../executor/inputs.ts';
import { notePlace, noteSuppressed, type Place } from './failure-place.ts';
import { isThenable, type Flow } from './flow.ts';
import { PipelineIterator } from './pipeline-iterator.ts';
import { named, PipelineStages } from './pipeline-stages.ts';
import { nodeReadableOf, webReadableOf } from './readables.ts';
import { Run } from './run.ts';
import { checkReadable } from './source.ts';
import {
  pipelineOptions,
  pipeToOptions,
  placement,
  stageFunction,
  type LocalSinkOptions,
  type PipelineOptions,
  type PipeToOptions,
  type PoolSinkOptions,
  type StageContext,
} from './stage-options.ts';
import { called, mapStage, sourceFlow, type Build } from './stages.ts';
import { Upstream } from './upstream.ts';

/** What all pipelines over one source have in common. */
interface Origin {
  readonly items: AnyItems<unknown>;
  readonly signal: AbortSignal | undefined;
  /** What has read it. */
  consumedBy: string | undefined;
}

interface Stage {
  readonly name: string;
  readonly build: Build;
}

/**
 * A source of items and the stages that they go through, made by {@link pipeline}.
 *
 * It does nothing until it is read: by `for await`, or by one of the methods that return a promise or a stream. It can be
 * read once, as its source can.
 *
 * **Backpressure.** A stage is asked for an item when the one below it wants one, so a consumer that does not pull stops
 * the source. Ahead of it run only stages on workers (their `window`, by default a few chunks per worker, at least 64
 * items), those with a `concurrency` above 1 (their `window`, by default twice the concurrency), `buffer` and `batch`
 * (their size) and what `through` was given (what that holds); the sum is the number of items that are in flight at most.
 *
 * **The end.** Whatever ends it, an item's error, an abort, a `break`, enough items: work under way is cancelled,
 * and the source is closed, once (`return()`, `cancel()`, `destroy()`). The consumer gets the error after that. Of what
 * fails later nothing is heard; an item that was read ahead and fails behind the last one wanted is no error.
 *
 * **Errors** are what functions threw, not wrapped: {@link failedAt} and their stack say which stage and item it was.
 */
export class Pipeline<T> extends PipelineStages<T> implements AsyncIterable<T> {
  readonly #origin: Origin;
  readonly #stages: readonly Stage[];

  /** Pipelines are made by {@link pipeline}. */
  constructor(origin: Origin, stages: readonly Stage[] = []) {
    super();
    this.#origin = origin;
    this.#stages = stages;
  }

  protected override staged<R>(name: string, build: Build): Pipeline<R> {
    return new Pipeline<R>(this.#origin, [...this.#stages, { name, build }]);
  }

  /**
   * Folds all items into one value, from the first to the last.
   *
   * @param fn folds an item into the result so far, in this thread; may be async
   * @param initial what the first call gets; without it, that is the first item
   * @returns a promise of the result
   * @throws {TypeError} (as a rejection) for no items without `initial`
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2, 3]).reduce((sum, x) => sum + x, 0); // => 6
   * ```
   */
  reduce(fn: (result: T, item: T) => T | PromiseLike<T>): Promise<T>;
  reduce<R>(fn: (result: R, item: T) => R | PromiseLike<R>, initial: R): Promise<R>;
  async reduce(fn: (result: never, item: T) => unknown, ...initial: readonly unknown[]): Promise<unknown> {
    stageFunction('pipeline.reduce', fn);
    const { run, place } = this.#start('reduce', fn);
    let empty = initial.length === 0;
    let result = initial[0];
    const fold = called((value) => (empty ? value : fn(result as never, value as T)), run, place);
    const keep = (next: unknown) => {
      result = next;
      empty = false;
    };
    await run.drain((value) => {
      const next = fold(value);
      return isThenable(next) ? next.then(keep) : keep(next);
    });
    if (empty) throw new TypeError('pipeline.reduce() of no items needs an initial value');
    return result;
  }

  /**
   * Calls `fn` with every item, for what it does.
   *
   * @param fn what to call; what it returns is awaited and dropped
   * @param options {@link PoolSinkOptions} with `on`: results are not sent back; or {@link LocalSinkOptions}
   * @returns a promise that resolves after the last item
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * let sum = 0;
   * await pipeline([1, 2, 3]).forEach((x) => void (sum += x));
   * sum; // => 6
   * ```
   */
  forEach(fn: (item: T) => unknown, options: PoolSinkOptions): Promise<void>;
  forEach(fn: (item: T, context: StageContext) => unknown, options?: LocalSinkOptions): Promise<void>;
  async forEach(
    fn: (item: T, context: StageContext) => unknown,
    options?: PoolSinkOptions | LocalSinkOptions,
  ): Promise<void> {
    stageFunction('pipeline.forEach', fn);
    const where = placement('pipeline.forEach', options, 'bulk');
    if (where.kind === 'here') {
      const { run } = this.staged(named('forEach', fn, options), mapStage(fn as never, where)).#start(
        'forEach',
      );
      return await run.drain(() => undefined);
    }
    const { run, flow, place } = this.#start('forEach', fn, options?.name);
    if (run.ended) return await run.drain(() => undefined);
    try {
      const task = where.on.forEach(
        new Upstream<T>(run, flow, place.stage),
        fn as (item: T) => unknown,
        where.options,
      );
      run.onClose(place.stage, (reason) => void task.cancel(reason));
      await run.guard(task);
    } catch (error) {
      return await run.fail(notePlace(run, error, place, undefined));
    }
    await run.finish();
  }

  /**
   * All items.
   *
   * @returns a promise of a new array
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline(new Set(['a', 'b'])).toArray(); // => ['a', 'b']
   * ```
   */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    await this.#start('toArray').run.drain((value) => void all.push(value));
    return all;
  }

  /**
   * The number of items.
   *
   * @returns a promise of it
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline('tutti').filter((letter) => letter === 't').count(); // => 3
   * ```
   */
  async count(): Promise<number> {
    let count = 0;
    await this.#start('count').run.drain(() => void count++);
    return count;
  }

  /**
   * The first item; then everything is closed.
   *
   * @returns a promise of it, or of `undefined` when there is none
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([3, 12, 7]).filter((x) => x > 5).first(); // => 12
   * ```
   */
  async first(): Promise<T | undefined> {
    const { run } = this.#start('first');
    const { done, value } = await run.pull();
    if (!done) await run.stop();
    return value;
  }

  /** Reads the items with `for await`; leaving the loop early ends the pipeline. */
  [Symbol.asyncIterator](): PipelineIterator<T> {
    return new PipelineIterator(this.#start('for await').run);
  }

  /**
   * The items as a web stream. Nothing is read before the stream is; cancelling it ends the pipeline.
   *
   * @returns a stream that holds nothing (its high-water mark is 0)
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * const response = new Response(
   *   pipeline(['a', 'b'])
   *     .map((text) => new TextEncoder().encode(text))
   *     .toWebStream(),
   * );
   * await response.text(); // => 'ab'
   * ```
   */
  toWebStream(): ReadableStream<T> {
    return webReadableOf(new PipelineIterator(this.#start('toWebStream').run));
  }

  /**
   * The items as a Node stream in object mode. Nothing is read before the stream is; destroying it ends the pipeline.
   *
   * @returns a stream that holds one item; an item `null`, which a Node stream cannot carry, destroys it with a TypeError
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * await pipeline([1, 2]).toNodeStream().toArray(); // => [1, 2]
   * ```
   */
  toNodeStream(): Readable {
    return nodeReadableOf(new PipelineIterator(this.#start('toNodeStream').run));
  }

  /**
   * Writes every item to a stream, at the pace of that stream, then closes it.
   *
   * @param destination a web `WritableStream` or a Node `Writable`; in the middle of an error it is aborted or destroyed
   * @param options {@link PipeToOptions}
   * @returns a promise that resolves when the destination has taken everything; rejects with the pipeline's error or the
   *   destination's, which ends the pipeline
   *
   * @example
   * ```ts
   * import { pipeline } from 'tutti';
   *
   * const seen: string[] = [];
   * await pipeline(['a', 'b']).pipeTo(new WritableStream({ write: (text) => void seen.push(text) }));
   * seen; // => ['a', 'b']
   * ```
   */
  async pipeTo(destination: WritableStream<T> | Writable, options?: PipeToOptions): Promise<void> {
    const { preventClose } = pipeToOptions(options);
    if (isWebWritable(destination)) {
      const stream = webReadableOf(new PipelineIterator(this.#start('pipeTo').run));
      return await stream.pipeTo(destination, { preventClose });
    }
    if (typeof (destination as Partial<Writable> | null)?.write !== 'function') {
      throw new TypeError(
        `pipeline.pipeTo() needs a WritableStream or a Node Writable, but got ${show(destination)}`,
      );
    }
    const readable = nodeReadableOf(new PipelineIterator(this.#start('pipeTo').run));
    await connect(readable, destination, { end: !preventClose });
  }

  /** Why a pipeline cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'a pipeline belongs to the thread that reads it: make it inside the task';
  }

  /** Builds the stages for the one run that there is. */
  #start(by: string, fn: object = {}, given?: string): { run: Run<T>; flow: Flow<T>; place: Place } {
    const origin = this.#origin;
    if (origin.consumedBy !== undefined) {
      throw new PipelineConsumedError(
        `cannot read a pipeline twice: ${by} came after ${origin.consumedBy}, which has used up its source; ` +
          'make a new one with pipeline(), or keep the items with toArray()',
      );
    }
    origin.consumedBy = by;
    const run = new Run<T>(origin.signal);
    let flow: Flow<unknown> = sourceFlow(origin.items, run);
    try {
      for (const [k, { name, build }] of this.#stages.entries()) {
        flow = build(flow as Flow<never>, run, { stage: k + 1, name });
      }
    } catch (error) {
      // The source, and the stages that are there already, have to be closed. Whoever reads is told what came first.
      run.stop().catch((other: unknown) => noteSuppressed(error, other));
      throw error;
    }
    run.flow = flow as Flow<T>;
    return {
      run,
      flow: flow as Flow<T>,
      place: { stage: this.#stages.length + 1, name: named(by, fn, { name: given }) },
    };
  }
}

/**
 * Starts a pipeline: items from a source go through stages, in this thread and on workers, to whoever reads them.
 *
 * Nothing is read before the pipeline is, and no more than its stages have room for: see {@link Pipeline}.
 *
 * @param source an array, an iterable, an async iterable (a stream of an executor, another pipeline), a web
 *   `ReadableStream` or a Node `Readable`. Promises in a synchronous one are awaited. It is closed when the pipeline ends
 *   before it does
 * @param options {@link PipelineOptions}: `signal` ends the pipeline
 * @returns a pipeline, to be read once
 * @throws {TypeError} for a source that cannot be read; `PipelineConsumedError` from reading it a second time
 *
 * @example
 * ```ts
 * import { pipeline, threads } from 'tutti';
 *
 * await using pool = threads({ workers: 2 });
 * const lengths = pipeline(['to be', 'or not', 'to be'])
 *   .flatMap((line) => line.split(' '))
 *   .map((word) => word.length, { on: pool })
 *   .filter((length) => length > 2);
 * await lengths.toArray(); // => [3]
 * ```
 */
export function pipeline<T>(source: AnyItems<T>, options?: PipelineOptions): Pipeline<Awaited<T>> {
  checkReadable('pipeline()', source);
  return new Pipeline({ items: source, signal: pipelineOptions(options).signal, consumedBy: undefined });
}

function isWebWritable<T>(value: WritableStream<T> | Writable): value is WritableStream<T> {
  return typeof (value as Partial<WritableStream<T>> | null)?.getWriter === 'function';
}
