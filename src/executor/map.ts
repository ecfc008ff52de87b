/** `map`, `starmap`, `filter`, `flatMap`, `forEach`: one result per item, or none. */
import { arithmeticCopy, type AnyFunction } from '../closure/index.ts';
import type { Op } from './backend.ts';
import { BulkCall } from './bulk-call.ts';
import type { CallOrigin } from './call.ts';
import { ChunkPlanner } from './chunk-planner.ts';
import type { Flight } from './flight.ts';
import { beginInline, canRunInline } from './inline.ts';
import { inlineLoop } from './loops.ts';

/** Runs `fn` on each item; `convert` makes the call's result of the items' results. */
export class MapCall<R> extends BulkCall<R> {
  readonly #convert: (results: unknown[]) => R;
  readonly #op: Op;
  readonly #fn: AnyFunction;
  readonly #items: ArrayLike<unknown>;
  readonly #planner: ChunkPlanner;
  /** Made when the first results tell what kind of array it is to be. */
  #results: unknown[] | undefined;

  constructor(
    origin: CallOrigin,
    op: Op & ('map' | 'star' | 'flat'),
    fn: AnyFunction,
    items: ArrayLike<unknown>,
    convert: (results: unknown[]) => R,
  ) {
    super(origin);
    const { length } = items;
    this.total = length;
    this.#convert = convert;
    const { workers } = origin.core.backend;
    this.#op = op;
    this.#fn = fn;
    this.#items = items;
    this.#planner = new ChunkPlanner({ length, workers, chunk: origin.settings.chunk });
    this.load({ op, fns: [fn], items, base: 0 }, length, this.#planner);
  }

  protected override begin(): void {
    const copy = this.#op === 'map' && canRunInline(this, this.#items) ? arithmeticCopy(this.#fn) : undefined;
    if (copy === undefined) return super.begin();
    const items = this.#items;
    const { length } = items;
    const loop = inlineLoop(copy);
    beginInline({
      core: this.core,
      blocking: this.blocking,
      fn: copy,
      length,
      prepare: () => {
        this.#results = resultArray(length, typeof copy(...([items[0]] as never[])) === 'number');
      },
      over: () => this.settled,
      run: (k, end) => {
        const stopped = loop(copy, items, k, end, this.#results as unknown[]);
        this.advance(stopped - k);
        return stopped;
      },
      complete: () => this.complete(),
      leave: (k) => {
        this.skipTo(k);
        super.begin();
      },
    });
  }

  override accept(_flight: Flight, k: number, values: ArrayLike<unknown>): void {
    if (this.settled) return;
    this.#results ??= resultArray(this.total as number, values instanceof Float64Array);
    copyResults(this.#results, k, values);
    this.advance(values.length);
  }

  protected override complete(): void {
    const results = this.#results ?? [];
    this.#results = undefined;
    let value: R;
    try {
      value = this.#convert(results);
    } catch (error) {
      // An iterable among the results of flatMap that throws.
      this.fail(error);
      return;
    }
    this.finish(value);
  }

  protected override abandon(reason: unknown): void {
    this.#results = undefined;
    super.abandon(reason);
  }
}

/** Runs `fn` on each item for what it does. */
export class EachCall extends BulkCall<void> {
  constructor(origin: CallOrigin, fn: AnyFunction, items: ArrayLike<unknown>) {
    super(origin);
    const { length } = items;
    this.total = length;
    // Without results nobody knows which items of a failed chunk ran: what may run again goes alone.
    const chunk = origin.settings.retries ? 1 : origin.settings.chunk;
    const planner = new ChunkPlanner({ length, workers: origin.core.backend.workers, chunk });
    this.load({ op: 'each', fns: [fn], items, base: 0 }, length, planner);
  }

  override accept(): void {
    // No results.
  }

  protected override landedWell(flight: Flight, computeMs: number): void {
    this.advance(flight.to - flight.from);
    super.landedWell(flight, computeMs);
  }

  protected override complete(): void {
    this.finish(undefined);
  }
}

/** Beyond this length the engine makes a grown array sparse. */
const FAST_LENGTH = 2 ** 24;

/**
 * An array of `length` for results. For `numbers` it starts out as an array of doubles, at half
 * the cost: an array made empty holds small integers at first and is converted as a whole at the first double.
 */
function resultArray(length: number, numbers: boolean): unknown[] {
  if (!numbers || length > FAST_LENGTH) return new Array<unknown>(length);
  const doubles = [0.5];
  doubles.length = length;
  return doubles;
}

/** Puts `values` into `results` from `at` on. */
export function copyResults(results: unknown[], at: number, values: ArrayLike<unknown>): void {
  if (values instanceof Float64Array) copyDoubles(results as number[], at, values);
  else for (let j = 0; j < values.length; j++) results[at + j] = values[j];
}

/** A loop of its own, which the engine compiles for doubles alone. */
function copyDoubles(results: number[], at: number, values: Float64Array): void {
  for (let j = 0; j < values.length; j++) results[at + j] = values[j] as number;
}

/** Results that are iterable (strings are not meant) give their items, others themselves. */
export function flatten<R>(results: readonly unknown[]): R[] {
  const flat: R[] = [];
  for (const result of results) {
    if (typeof result === 'object' && result !== null && Symbol.iterator in result) {
      for (const each of result as Iterable<R>) flat.push(each);
    } else flat.push(result as R);
  }
  return flat;
}
