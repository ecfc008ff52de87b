/**
 * Runs a part of a chunk: the same code in a worker, in a process and in the caller's own thread.
 *
 * Items run one after the other. A part stays synchronous until a function returns a promise and goes on
 * asynchronously from there. Work is cut into strides of about `strideMs` (a loop's: `rangeStrideMs`); between strides the
 * runner asks its host whether to go on, and hands over results that have waited for `flushMs`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { registrySlot } from '../base/registry.ts';
import { isThenable } from '../base/thenable.ts';
import type { AnyFunction } from '../closure/function-type.ts';
import type { Op, RangeState } from './backend.ts';
import { enterIndexLoop, foldLoop, indexLoop, numberLoop, quietIndexLoop, type LoopExit } from './loops.ts';
import { foldPairs, mergeMaps } from './group.ts';

/** What is found where code of a task runs. */
export interface ContextProvider {
  /** What the task lends; `undefined` when it has ended. */
  source(): ContextSource | undefined;
  /** What was begun here goes on after the task, and finds `source` from now on. */
  adopt?(source: ContextSource): void;
}

/** What a running part lends to the contexts of its items. */
export interface ContextSource extends ContextProvider {
  readonly workerId: number;
  readonly taskId: number;
  readonly seed: number;
  /** Added to `current[0]` to give the item's index. */
  readonly base: number;
  /** `[0]` is the `k` of the item that runs. */
  readonly current: Int32Array;
  /** Aborted when the part has to stop; `poll` looks for a request that no event has delivered yet. */
  readonly abort: AbortController;
  poll(): void;
  report(k: number, data: unknown): void;
}

/**
 * Where `context()` finds them, in whatever copy of this file it is. One per running part: the runner moves `current` from
 * item to item, so that entering costs nothing per item.
 */
export const contextStore = registrySlot<AsyncLocalStorage<ContextProvider>>('context', 1).take(
  () => new AsyncLocalStorage(),
);

/** What to run: a chunk's part with its functions ready to call. */
export interface RunnablePart {
  readonly op: Op;
  readonly fns: readonly AnyFunction[];
  /** `items[0]` is item `from`. */
  readonly items: ArrayLike<unknown>;
  readonly from: number;
  readonly to: number;
  readonly range?: RangeState | undefined;
  /** Results that are numbers take the places of their items. */
  readonly inPlace?: boolean;
  /** Nobody can ask which item runs, nor can an item bring the worker down. */
  readonly quiet?: boolean;
}

/** What a part needs from the place that runs it. */
export interface PartHost extends ContextSource {
  /**
   * Asks for the items `k ≤ i < want` before they start; returns the end of what was granted (`k` when none:
   * the rest was taken away, or the part has to stop).
   */
  claim(k: number, want: number): number;
  /** Whether the part has to stop. */
  stopRequested(): boolean;
  /** Item `k` starts now; called per item only when `timed`. */
  starting(k: number): void;
  readonly timed: boolean;
  /** `values[j]` is the result of item `k + j`. Returns the item whose result cannot travel, if there is one. */
  results(
    k: number,
    values: Float64Array | unknown[],
  ): { readonly k: number; readonly error: unknown } | undefined;
  /** Results of the items `k ≤ i < end` have taken the items' places: for parts that are `inPlace`. */
  inPlace?(k: number, end: number): void;
  /** Sends what `results` has gathered. */
  flush(): void;
}

export type PartEnd =
  { readonly kind: 'done' } | { readonly kind: 'failed'; readonly k: number; readonly error: unknown };

const strideMs = 0.1;
/** Iterations of a loop cannot be taken back: a stride need only be short enough for a request to stop. */
const rangeStrideMs = 1;
const flushMs = 0.25;
/** … numbers, of which there are many, this long. */
const numbersMs = 2;
const maxStride = 65536;
const maxRangeStride = 1 << 18;

type Outcome = PartEnd | Promise<PartEnd>;

const done: PartEnd = { kind: 'done' };

/** Runs the part; never throws and never rejects. `computeMs` is the caller's to measure. */
export function runPart(part: RunnablePart, host: PartHost): Outcome {
  return contextStore.run(host, () => new PartRun(part, host).start());
}

class PartRun {
  readonly #part: RunnablePart;
  readonly #host: PartHost;
  readonly #f: (...args: unknown[]) => unknown;
  /** Next item to run. */
  #k: number;
  #stride = 1;
  #lastFlush: number;
  /** Results from item `#bufferFrom` on that the host has not got yet. */
  #buffer: unknown[] = [];
  #bufferFrom: number;

  constructor(part: RunnablePart, host: PartHost) {
    this.#part = part;
    this.#host = host;
    const f = part.fns[0] as unknown as (...args: unknown[]) => unknown;
    this.#f = part.op === 'flat' ? (item) => spread(f(item)) : f;
    this.#k = part.from;
    this.#bufferFrom = part.from;
    this.#lastFlush = performance.now();
  }

  start(): Outcome {
    const { op } = this.#part;
    switch (op) {
      case 'fold':
        return this.#fold();
      case 'group':
        return this.#whole(() => foldPairs(this.#itemsWithCurrent(), this.#f, this.#second()));
      case 'merge':
        return this.#whole(() =>
          mergeMaps(this.#itemsWithCurrent() as Iterable<Map<unknown, unknown>>, this.#f),
        );
      case 'range':
        return this.#range();
      case 'map':
        if (!this.#host.timed && this.#part.to - this.#part.from >= 32) return this.#mapNumbers();
        return this.#each();
      default:
        return this.#each();
    }
  }

  /** Items until the next look around; a time limit is one for each item, so that each has its start noted. */
  get #step(): number {
    return this.#host.timed ? 1 : this.#stride;
  }

  #second(): (a: unknown, b: unknown) => unknown {
    return this.#part.fns[1] as unknown as (a: unknown, b: unknown) => unknown;
  }

  #item(k: number): unknown {
    return this.#part.items[k - this.#part.from];
  }

  #call(k: number): unknown {
    const { op } = this.#part;
    // Called as a plain function: `this` is not ours to give.
    const f = this.#f;
    if (op === 'call' || op === 'star') return f(...(this.#item(k) as unknown[]));
    return f(this.#item(k));
  }

  #failed(k: number, error: unknown): PartEnd {
    const early = this.#handOver(false);
    return early ?? { kind: 'failed', k, error };
  }

  /** Gives gathered results to the host; a result that cannot travel ends the part. */
  #handOver(flush: boolean): PartEnd | undefined {
    if (this.#buffer.length > 0) {
      const values = this.#buffer;
      const from = this.#bufferFrom;
      this.#buffer = [];
      this.#bufferFrom = from + values.length;
      const unsendable = this.#host.results(from, values);
      if (unsendable !== undefined) return { kind: 'failed', ...unsendable };
    }
    if (flush) this.#host.flush();
    return undefined;
  }

  /** Makes the next stride longer or shorter, by how long the last one took. */
  #adapt(took: number): void {
    const isRange = this.#part.op === 'range';
    const wanted = isRange ? rangeStrideMs : strideMs;
    if (took < wanted / 2) this.#stride = Math.min(isRange ? maxRangeStride : maxStride, this.#stride * 2);
    else if (took > wanted * 2) this.#stride = Math.max(1, this.#stride >> 1);
  }

  /** Between strides: adapts the stride to its duration and flushes now and then. */
  #pace(since: number): PartEnd | undefined {
    const now = performance.now();
    this.#adapt(now - since);
    // What the last items have brought goes out with the end of the part.
    if (this.#k < this.#part.to && now - this.#lastFlush >= flushMs) {
      this.#lastFlush = now;
      return this.#handOver(true);
    }
    return undefined;
  }

  /** The general loop: any items, any results, until a promise turns up. Items below `claimed` are granted already. */
  #each(claimed = this.#k): Outcome {
    let end = claimed;
    const { to } = this.#part;
    const host = this.#host;
    const keep = this.#part.op !== 'each';
    while (this.#k < to) {
      const since = performance.now();
      if (this.#k >= end) {
        end = host.claim(this.#k, Math.min(to, this.#k + this.#step));
        if (end <= this.#k) return this.#handOver(false) ?? done;
      }
      while (this.#k < end) {
        const k = this.#k;
        host.current[0] = k;
        if (host.timed) host.starting(k);
        let value: unknown;
        try {
          value = this.#call(k);
        } catch (error) {
          return this.#failed(k, error);
        }
        if (isThenable(value)) return this.#eachAsync(value, end, keep);
        if (keep) this.#buffer.push(value);
        this.#k = k + 1;
      }
      const early = this.#pace(since);
      if (early !== undefined) return early;
    }
    return this.#handOver(false) ?? done;
  }

  /** Goes on from item `#k`, whose call returned `pending`; items up to `end` are claimed. */
  async #eachAsync(pending: PromiseLike<unknown>, end: number, keep: boolean): Promise<PartEnd> {
    const { to } = this.#part;
    const host = this.#host;
    let value: unknown = pending;
    for (;;) {
      const k = this.#k;
      try {
        if (isThenable(value)) {
          const early = this.#handOver(true);
          if (early !== undefined) return early;
          value = await value;
        }
      } catch (error) {
        return this.#failed(k, error);
      }
      if (keep) this.#buffer.push(value);
      this.#k = k + 1;
      if (this.#k >= to) return this.#handOver(false) ?? done;
      if (this.#k >= end) {
        end = host.claim(this.#k, this.#k + 1);
        if (end <= this.#k) return this.#handOver(false) ?? done;
      }
      host.current[0] = this.#k;
      if (host.timed) host.starting(this.#k);
      try {
        value = this.#call(this.#k);
      } catch (error) {
        return this.#failed(this.#k, error);
      }
    }
  }

  /** `map` whose results are numbers so far: one typed array, no boxing; the first other result moves on to `#each`. */
  #mapNumbers(): Outcome {
    const { fns, items, from, to } = this.#part;
    const host = this.#host;
    const f = fns[0] as AnyFunction;
    const loop = numberLoop(f);
    const exit: LoopExit = { kind: 'none', value: undefined };
    const inPlace = this.#part.inPlace === true;
    let out = inPlace ? (items as Float64Array) : new Float64Array(to - from);
    let outFrom = from;
    const hand = (k: number): void => {
      if (k === outFrom) return;
      if (inPlace) host.inPlace?.(outFrom, k);
      else host.results(outFrom, outFrom === from && k === to ? out : out.slice(0, k - outFrom));
      outFrom = k;
    };
    while (this.#k < to) {
      const since = performance.now();
      const end = host.claim(this.#k, Math.min(to, this.#k + this.#stride));
      if (end <= this.#k) break;
      this.#k = loop(
        f,
        items,
        from,
        this.#k,
        end,
        out,
        this.#k - (inPlace ? from : outFrom),
        host.current,
        exit,
      );
      if (exit.kind !== 'none') {
        const k = this.#k;
        hand(k);
        this.#bufferFrom = k;
        if (exit.kind === 'error') return this.#failed(k, exit.value);
        if (isThenable(exit.value)) return this.#eachAsync(exit.value, end, true);
        this.#buffer.push(exit.value);
        this.#k = k + 1;
        return this.#each(end);
      }
      const now = performance.now();
      const took = now - since;
      this.#adapt(took);
      // What the last items have brought goes out with the end of the part.
      if (this.#k < to && (took >= flushMs || now - this.#lastFlush >= numbersMs)) {
        this.#lastFlush = now;
        hand(this.#k);
        if (!inPlace) out = new Float64Array(to - this.#k);
        host.flush();
      }
    }
    hand(this.#k);
    return done;
  }

  #fold(): Outcome {
    const { fns, items, from, to } = this.#part;
    const f = fns[0] as AnyFunction;
    const loop = foldLoop(f);
    const host = this.#host;
    const exit: LoopExit = { kind: 'none', value: items[0] };
    if (host.claim(from, from + 1) <= from) return done;
    this.#k = from + 1;
    let end = this.#k;
    const go = (): Outcome => {
      while (this.#k < to) {
        const since = performance.now();
        if (this.#k >= end) {
          end = host.claim(this.#k, Math.min(to, this.#k + this.#step));
          if (end <= this.#k) return done;
        }
        if (host.timed) host.starting(this.#k);
        const k = (this.#k = loop(f, items, from, this.#k, end, host.current, exit));
        if (exit.kind === 'error') return { kind: 'failed', k, error: exit.value };
        if (exit.kind === 'value') {
          return Promise.resolve(exit.value).then(
            (acc) => {
              exit.kind = 'none';
              exit.value = acc;
              this.#k = k + 1;
              return go();
            },
            (error: unknown) => ({ kind: 'failed', k, error }),
          );
        }
        this.#pace(since);
      }
      this.#buffer.push(exit.value);
      return this.#handOver(false) ?? done;
    };
    return go();
  }

  /** Ops whose chunk has one result. */
  #whole(run: () => unknown): Outcome {
    const host = this.#host;
    const finish = (value: unknown): PartEnd => {
      this.#buffer.push(value);
      return this.#handOver(false) ?? done;
    };
    if (host.timed) host.starting(this.#part.from);
    try {
      const value = run();
      if (!isThenable(value)) return finish(value);
      return Promise.resolve(value).then(finish, (error: unknown) => this.#stopOrFail(error));
    } catch (error) {
      return this.#stopOrFail(error);
    }
  }

  #stopOrFail(error: unknown): PartEnd {
    if (error === stopRequested) return done;
    return { kind: 'failed', k: this.#host.current[0] as number, error };
  }

  *#itemsWithCurrent(): Iterable<unknown> {
    const { from, to } = this.#part;
    for (let k = from; k < to; k++) {
      if (this.#host.claim(k, k + 1) <= k) throw stopRequested;
      this.#host.current[0] = k;
      if (this.#host.timed) this.#host.starting(k);
      yield this.#item(k);
    }
  }

  #range(): Outcome {
    const host = this.#host;
    const range = this.#part.range as RangeState;
    const body = this.#part.fns[0] as AnyFunction;
    // To note each index costs a tenth of a short loop: not where nobody can ask for it.
    const quiet = this.#part.quiet === true && Number.isSafeInteger(range.start + range.length * range.step);
    const loop = quiet ? quietIndexLoop(body) : indexLoop(body);
    const exit: LoopExit = { kind: 'none', value: undefined };
    let k = 0;
    let end = 0;
    const go = (): Outcome => {
      for (;;) {
        if (k >= end) {
          const take = takeRange(range);
          if (take === undefined) return done;
          [k, end] = take;
        }
        const since = performance.now();
        if (host.stopRequested()) return done;
        if (host.timed) host.starting(this.#part.from);
        host.current[0] = k;
        k = enterIndexLoop(loop, body, range, k, Math.min(end, k + this.#step), host.current, exit);
        if (exit.kind === 'error') return { kind: 'failed', k, error: exit.value };
        if (exit.kind === 'value') {
          const failedAt = k;
          return Promise.resolve(exit.value).then(
            () => {
              exit.kind = 'none';
              k++;
              return go();
            },
            (error: unknown) => ({ kind: 'failed', k: failedAt, error }),
          );
        }
        this.#pace(since);
      }
    };
    return go();
  }
}

/** Thrown through a generator to leave user code's loop; never seen by user code. */
const stopRequested: unique symbol = Symbol('stop requested');

/**
 * Takes the next iterations of a parallel `for`: guided self-scheduling (Polychronopoulos & Kuck, 1987) — a fixed
 * share of what is left, never less than the grain.
 */
function takeRange(range: RangeState): [number, number] | undefined {
  const left = range.length - Number(Atomics.load(range.next, 0));
  if (left <= 0) return undefined;
  const want = Math.max(range.grain, Math.floor(left / (4 * range.workers)));
  const start = Number(Atomics.add(range.next, 0, BigInt(want)));
  if (start >= range.length) return undefined;
  return [start, Math.min(range.length, start + want)];
}

/** What a `flatMap` function returned, so that it can travel: generators and other iterators become arrays here. */
function spread(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    return value;
  if (isThenable(value)) return Promise.resolve(value).then(spread);
  if (Symbol.iterator in value) return Array.from(value as Iterable<unknown>);
  return Symbol.asyncIterator in value ? collect(value as AsyncIterable<unknown>) : value;
}

async function collect(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const value of values) all.push(value);
  return all;
}
