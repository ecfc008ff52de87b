/** Integers that many threads count in. */
import { optionChecker } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import {
  addInteger,
  checkInteger,
  compareExchangeInteger,
  loadInteger,
  storeInteger,
} from './integer-word.ts';
import { across, allocate, incoming, outgoing, type AcrossOptions } from './memory.ts';

/** A cache line: whoever counts disturbs no neighbour. */
const LINE_BYTES = 64;

const checkOptions = optionChecker('counter', { across });

/**
 * An integer in shared memory; {@link counter} makes it.
 *
 * Each operation is one step that all threads see in one order (sequentially consistent); what a thread wrote before it is visible
 * to who sees its effect. No operation waits for another thread. Values are integers that a number holds exactly,
 * ±(2^53 − 1); an operation that would lead out of that range throws and changes nothing.
 */
export class Counter {
  readonly #words: BigInt64Array;

  /** @internal use {@link counter} */
  constructor(memory: ArrayBufferLike) {
    this.#words = new BigInt64Array(memory, 0, 1);
  }

  /** The memory: `unmap(counter.buffer)` ends memory that is shared across processes sooner than the garbage collector. */
  get buffer(): ArrayBufferLike {
    return this.#words.buffer;
  }

  /** The value now. */
  get(): number {
    return loadInteger(this.#words, 0);
  }

  /** Writes a value. */
  set(value: number): void {
    storeInteger('set', this.#words, 0, value);
  }

  /** Adds an integer, 1 by default; gives the value **after**. @throws RangeError when it would not be a safe integer any more */
  add(delta = 1): number {
    return addInteger('add', this.#words, 0, delta);
  }

  /** Writes `replacement` if the value is `expected`; gives the one before, which is `expected` if it has. */
  compareExchange(expected: number, replacement: number): number {
    return compareExchangeInteger('compareExchange', this.#words, 0, expected, replacement);
  }

  [Symbol.for('tutti.serialize')](): Uint8Array {
    return outgoing(this.#words.buffer);
  }

  static [Symbol.for('tutti.deserialize')](memory: Uint8Array): Counter {
    return new Counter(incoming('a counter', memory));
  }

  static {
    byReference(this, 'structures/counter.js', 'Counter');
  }
}

/**
 * A counter in shared memory, for any number of threads, or with `{ across: 'processes' }` processes.
 *
 * Passed to a task or captured by one it is the same counter there.
 *
 * @param initial where it begins, a safe integer; 0 by default
 * @param options `across`: who sees it, `'threads'` (default) or `'processes'`
 * @throws TypeError or RangeError for what is no safe integer
 * @throws MissingPackageError, UnsupportedError, SharedMemoryError across processes: without koffi, on Windows, without room
 *
 * @example
 * ```ts
 * import { counter } from 'tutti/structures';
 * import { forEach } from 'tutti';
 *
 * const odd = counter();
 * await forEach([1, 2, 3, 4, 5], (n) => {
 *   if (n % 2 === 1) odd.add();
 * });
 * odd.get(); // => 3
 * ```
 */
export function counter(initial = 0, options?: AcrossOptions): Counter {
  const { across: who } = checkOptions(options);
  checkInteger('counter', 'initial value', initial);
  const made = new Counter(allocate('a counter', LINE_BYTES, who));
  if (initial !== 0) made.set(initial);
  return made;
}
