/** Results of a stream that wait to be yielded: a pure structure, one for each order. */
import { Fifo } from './fifo.ts';

/** What the next pull of a consumer finds. */
export type Pull =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'wait' };

/** Results and the failure of a stream, in the order in which the consumer gets them. */
export interface StreamResults {
  /** Results handed out so far. */
  readonly yielded: number;
  /** A chunk whose items are numbered from `base` was sent. */
  sent(base: number, length: number): void;
  /** Result `j` of the chunk that starts at `base` is `values[j - at]` for `at ≤ j`. */
  accept(base: number, at: number, values: ArrayLike<unknown>): void;
  /** Item `index` failed; returns below which index results are still wanted. */
  fail(index: number, error: unknown): number;
  /** The next result, if it is there. */
  pull(): Pull;
}

interface Block {
  readonly base: number;
  readonly values: unknown[];
  /** 1 where the value is there. */
  readonly have: Uint8Array;
}

const WAIT: Pull = { kind: 'wait' };

/** In the order of the input. An error comes at its place, after the results before it. */
export class OrderedResults implements StreamResults {
  yielded = 0;
  readonly #blocks = new Fifo<Block>();
  /** The same blocks by their base, to find one without a search. */
  readonly #byBase = new Map<number, Block>();
  #failure: { readonly index: number; readonly error: unknown } | undefined;

  sent(base: number, length: number): void {
    const block = { base, values: new Array<unknown>(length), have: new Uint8Array(length) };
    this.#blocks.push(block);
    this.#byBase.set(base, block);
  }

  accept(base: number, at: number, values: ArrayLike<unknown>): void {
    const block = this.#byBase.get(base);
    if (block === undefined) return;
    for (let j = 0; j < values.length; j++) {
      block.values[at + j] = values[j];
      block.have[at + j] = 1;
    }
  }

  fail(index: number, error: unknown): number {
    if (this.#failure === undefined || index < this.#failure.index) this.#failure = { index, error };
    return this.#failure.index;
  }

  pull(): Pull {
    if (this.#failure?.index === this.yielded) return { kind: 'error', error: this.#failure.error };
    const block = this.#blocks.at(0);
    if (block === undefined) return WAIT;
    const at = this.yielded - block.base;
    if (block.have[at] !== 1) return WAIT;
    const value = block.values[at];
    block.values[at] = undefined;
    this.yielded++;
    if (at + 1 === block.values.length) {
      this.#blocks.shift();
      this.#byBase.delete(block.base);
    }
    return { kind: 'value', value };
  }
}

/** As they come. An item's error comes before any result that waits. */
export class UnorderedResults implements StreamResults {
  yielded = 0;
  readonly #ready = new Fifo<unknown>();
  #failure: { readonly error: unknown } | undefined;

  sent(): void {
    // Nothing to prepare.
  }

  accept(_base: number, _at: number, values: ArrayLike<unknown>): void {
    for (let j = 0; j < values.length; j++) this.#ready.push(values[j]);
  }

  fail(_index: number, error: unknown): number {
    this.#failure ??= { error };
    return 0;
  }

  pull(): Pull {
    if (this.#failure !== undefined) return { kind: 'error', error: this.#failure.error };
    if (this.#ready.size === 0) return WAIT;
    this.yielded++;
    return { kind: 'value', value: this.#ready.shift() };
  }
}
