/** Many counters side by side. */
import { optionChecker, show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { addInteger, compareExchangeInteger, loadInteger, storeInteger } from './integer-word.ts';
import { across, allocate, incoming, outgoing, type AcrossOptions } from './memory.ts';

const checkOptions = optionChecker('counters', { across });

/**
 * A fixed number of counters in shared memory; {@link counters} makes them.
 *
 * Each has the operations and guarantees of a `Counter`. They lie side by side, 8 bytes each: threads that count in
 * neighbours at the same time slow each other down, though never wrongly.
 */
export class Counters {
  readonly #words: BigInt64Array;

  /** @internal use {@link counters} */
  constructor(memory: ArrayBufferLike, length: number) {
    this.#words = new BigInt64Array(memory, 0, length);
  }

  /** The memory of all counters. */
  get buffer(): ArrayBufferLike {
    return this.#words.buffer;
  }

  /** Number of counters. */
  get length(): number {
    return this.#words.length;
  }

  /** The value of counter `index` now. */
  get(index: number): number {
    return loadInteger(this.#words, this.#at(index));
  }

  /** Writes the value of counter `index`. */
  set(index: number, value: number): void {
    storeInteger('set', this.#words, this.#at(index), value);
  }

  /** Adds an integer, 1 by default; gives the value **after**. @throws RangeError when it would not be a safe integer any more */
  add(index: number, delta = 1): number {
    return addInteger('add', this.#words, this.#at(index), delta);
  }

  /** Writes `replacement` if the value is `expected`; gives the one before, which is `expected` if it has. */
  compareExchange(index: number, expected: number, replacement: number): number {
    return compareExchangeInteger('compareExchange', this.#words, this.#at(index), expected, replacement);
  }

  /** The sum of all counters, each read at its own moment. */
  sum(): number {
    let sum = 0;
    for (const value of this) sum += value;
    return sum;
  }

  /** All values, each read at its own moment. */
  toArray(): number[] {
    return [...this];
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.#words.length; i++) yield loadInteger(this.#words, i);
  }

  #at(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.#words.length) return index;
    throw new RangeError(`there is no counter ${show(index)} of ${this.#words.length}`);
  }

  [Symbol.for('tutti.serialize')](): [Uint8Array, number] {
    return [outgoing(this.#words.buffer), this.#words.length];
  }

  static [Symbol.for('tutti.deserialize')]([memory, length]: [Uint8Array, number]): Counters {
    return new Counters(incoming('counters', memory), length);
  }

  static {
    byReference(this, 'structures/counters.js', 'Counters');
  }
}

/**
 * `n` counters in shared memory, all zero.
 *
 * @param n how many, an integer ≥ 0
 * @param options `across`: who sees them, `'threads'` (default) or `'processes'`
 * @throws RangeError when `n` is negative, not an integer, or more than can be allocated
 * @throws MissingPackageError, UnsupportedError, SharedMemoryError across processes: without koffi, on Windows, without room
 *
 * @example
 * ```ts
 * import { counters } from 'tutti/structures';
 * import { forEach } from 'tutti';
 *
 * const digits = counters(10);
 * await forEach([3, 1, 4, 1, 5], (digit) => void digits.add(digit));
 * digits.get(1); // => 2
 * digits.sum(); // => 5
 * ```
 */
export function counters(n: number, options?: AcrossOptions): Counters {
  const { across: who } = checkOptions(options);
  if (!Number.isSafeInteger(n) || n < 0)
    throw new RangeError(
      `counters(): the number of counters must be an integer of at least 0, but got ${show(n)}`,
    );
  return new Counters(allocate('counters', n * 8, who), n);
}
