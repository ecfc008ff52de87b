/** `find`, `findIndex`, `some`, `every`: the first decision ends the rest. */
import { arithmeticCopy, type AnyFunction } from '../closure/index.ts';
import { BulkCall } from './bulk-call.ts';
import type { CallOrigin } from './call.ts';
import { ChunkPlanner } from './chunk-planner.ts';
import type { Flight } from './flight.ts';
import { beginInline, canRunInline } from './inline.ts';
import { searchLoop } from './loops.ts';

/** What a search looks for, and what it makes of the index where it found it (-1: nowhere). */
export interface Search<R> {
  /** Looks for an item for which the predicate is true, or false. */
  readonly sought: boolean;
  /** The lowest index, or whichever comes first. */
  readonly ordered: boolean;
  readonly answer: (index: number) => R;
}

/**
 * Runs a predicate on items until one decides.
 *
 * Ordered: a hit or an error at index `#at` decides once every item below it has its result, exactly as in a loop from
 * left to right; nothing at or beyond `#at` is launched from then on. Unordered: the first hit or error decides.
 */
export class FindCall<R> extends BulkCall<R> {
  readonly #search: Search<R>;
  readonly #fn: AnyFunction;
  readonly #items: ArrayLike<unknown>;
  /** 1 for each item that is known not to be it. */
  readonly #known: Uint8Array;
  /** Items below are all known. */
  #prefix = 0;
  #at = -1;
  #error: { readonly error: unknown } | undefined;

  constructor(origin: CallOrigin, fn: AnyFunction, items: ArrayLike<unknown>, search: Search<R>) {
    super(origin);
    const { length } = items;
    this.total = length;
    this.#search = search;
    this.#fn = fn;
    this.#items = items;
    this.#known = new Uint8Array(length);
    const { workers } = origin.core.backend;
    const planner = new ChunkPlanner({ length, workers, chunk: origin.settings.chunk });
    this.load({ op: 'map', fns: [fn], items, base: 0 }, length, planner);
  }

  protected override begin(): void {
    const items = this.#items;
    const copy = canRunInline(this, items) ? arithmeticCopy(this.#fn) : undefined;
    if (copy === undefined) return super.begin();
    const loop = searchLoop(copy);
    beginInline({
      core: this.core,
      blocking: this.blocking,
      fn: copy,
      length: items.length,
      over: () => this.settled,
      run: (k, end) => {
        const at = loop(copy, items, k, end, this.#search.sought);
        const stopped = at < 0 ? -1 - at : at;
        this.advance(stopped - k);
        if (at >= 0 && at < end) this.#answer(at);
        return stopped;
      },
      complete: () => this.complete(),
      leave: (k) => {
        this.#known.fill(1, 0, k);
        this.#prefix = k;
        this.skipTo(k);
        super.begin();
      },
    });
  }

  protected override get tracking(): boolean {
    return true;
  }

  override accept(_flight: Flight, k: number, values: ArrayLike<unknown>): void {
    if (this.settled) return;
    const { sought, ordered } = this.#search;
    for (let j = 0; j < values.length; j++) {
      if (Boolean(values[j]) !== sought) this.#known[k + j] = 1;
      else if (!ordered) {
        this.#at = k + j;
        break;
      } else this.#decide(k + j, undefined);
    }
    this.advance(values.length);
    if (this.settled) return;
    if (!ordered && this.#at >= 0) this.#answer(this.#at);
    else this.#settlePrefix();
  }

  protected override failedForGood(flight: Flight, k: number, error: unknown): void {
    if (!this.#search.ordered) {
      this.fail(error);
      return;
    }
    this.#decide(k, { error });
    this.relaunch(flight, k, k);
    this.#settlePrefix();
    this.pump();
  }

  /** Item `k` would end a loop from the left, if the loop came so far. */
  #decide(k: number, error: { readonly error: unknown } | undefined): void {
    if (this.#at >= 0 && this.#at <= k) return;
    this.#at = k;
    this.#error = error;
    this.shorten(k);
  }

  #settlePrefix(): void {
    if (this.#at < 0) return;
    while (this.#prefix < this.#at && this.#known[this.#prefix] === 1) this.#prefix++;
    if (this.#prefix < this.#at) return;
    if (this.#error) this.fail(this.#error.error);
    else this.#answer(this.#at);
  }

  #answer(index: number): void {
    this.finish(this.#search.answer(index));
    this.abandon(new DOMException(`${this.name} has its answer`, 'AbortError'));
  }

  protected override complete(): void {
    if (this.#at >= 0) this.#settlePrefix();
    else this.#answer(-1);
  }
}
