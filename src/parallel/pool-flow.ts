/** A stage on workers: a `stream` of an executor, fed by the stages above. */
import type { Executor } from '../executor/executor.ts';
import { Fifo } from '../executor/fifo.ts';
import type { StreamOptions } from '../executor/options.ts';
import type { ResultStream } from '../executor/stream.ts';
import { notePlace, type Place } from './failure-place.ts';
import { DONE, isThenable, item, type Flow, type Step } from './flow.ts';
import type { Run } from './run.ts';

/** A stage on an executor; a signal is the pipeline's own affair. */
export interface OnWorkers {
  readonly on: Executor;
  readonly options: Omit<StreamOptions, 'signal'>;
}

/**
 * The stages above as a stream of an executor reads them: one item at a time, and never closed by it. With `items`, what
 * was read is kept there, in order.
 */
class PoolInput<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #run: Run<unknown>;
  readonly #flow: Flow<T>;
  readonly #items: Fifo<T> | undefined;

  constructor(run: Run<unknown>, flow: Flow<T>, items: Fifo<T> | undefined) {
    this.#run = run;
    this.#flow = flow;
    this.#items = items;
  }

  next(): Promise<Step<T>> {
    const breath = this.#run.breathe();
    return breath === undefined ? this.#pull() : breath.then(() => this.#pull());
  }

  #pull(): Promise<Step<T>> {
    if (this.#run.ended) return Promise.resolve(DONE);
    try {
      const answer = this.#flow.next();
      return isThenable(answer)
        ? Promise.resolve(answer).then(this.#got)
        : Promise.resolve(this.#got(answer));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  readonly #got = (step: Step<T>): Step<T> => {
    if (!step.done) this.#items?.push(step.value);
    return step;
  };

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Results in the order of the items, each with its item. */
export class OrderedPoolFlow<T, R, O> implements Flow<O> {
  readonly #stream: ResultStream<Awaited<R>>;
  readonly #items = new Fifo<T>();
  readonly #give: (result: Awaited<R>, value: T) => O;
  #yielded = 0;
  readonly #failed: (error: unknown) => never;

  constructor(
    run: Run<unknown>,
    up: Flow<T>,
    place: Place,
    fn: (value: T) => R,
    { on, options }: OnWorkers,
    give: (result: Awaited<R>, value: T) => O,
  ) {
    const input = new PoolInput(run, up, this.#items);
    this.#give = give;
    this.#stream = on.stream(input, fn, { ...options, ordered: true });
    run.onClose(place.stage, () => this.#stream.return());
    this.#failed = (error) => {
      throw notePlace(run, error, place, this.#yielded, this.#items.at(0));
    };
  }

  next(): PromiseLike<Step<O>> {
    return this.#stream.next().then(this.#got, this.#failed);
  }

  readonly #got = (step: IteratorResult<Awaited<R>, undefined>): Step<O> => {
    if (step.done) return DONE;
    this.#yielded++;
    return item(this.#give(step.value, this.#items.shift() as T));
  };
}

/** Results as they come. */
export function unorderedPoolFlow<T, R>(
  run: Run<unknown>,
  up: Flow<T>,
  place: Place,
  fn: (value: T) => R,
  { on, options }: OnWorkers,
): Flow<Awaited<R>> {
  const stream = on.stream(new PoolInput(run, up, undefined), fn, { ...options, ordered: false });
  run.onClose(place.stage, () => stream.return());
  const failed = (error: unknown): never => {
    throw notePlace(run, error, place, undefined);
  };
  return { next: () => stream.next().then(undefined, failed) };
}

/**
 * A predicate whose answer says which item it is about, for results that come in any order: takes `[key, item]`.
 * It travels, so it reaches nothing but the predicate.
 */
export function keyed<T>(predicate: (value: T) => unknown): (pair: readonly [number, T]) => unknown {
  return ([key, value]) => {
    const kept = predicate(value) as PromiseLike<unknown> | undefined;
    if (typeof kept?.then === 'function') return kept.then((answer) => [key, Boolean(answer)]);
    return [key, Boolean(kept)];
  };
}

/**
 * A function whose result can travel when `fn` returns a generator or another iterator: an array of what it yields.
 * It travels itself, so it reaches nothing but `fn`.
 */
export function gathered<T, R>(fn: (value: T) => R): (value: T) => Promise<unknown> {
  return async (value) => {
    const result: unknown = await fn(value);
    if (typeof result !== 'object' || result === null || ArrayBuffer.isView(result)) return result;
    if (Array.isArray(result) || result instanceof Map || result instanceof Set) return result;
    if (!(Symbol.iterator in result || Symbol.asyncIterator in result)) return result;
    const all: unknown[] = [];
    for await (const each of result as AsyncIterable<unknown>) all.push(each);
    return all;
  };
}
