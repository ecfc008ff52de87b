/** A floating-point number that many threads add to. */
import { optionChecker, show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { addFloat64, bitsOf64, float64Of } from './bits.ts';
import { across, allocate, incoming, outgoing, type AcrossOptions } from './memory.ts';

const LINE_BYTES = 64;

const checkOptions = optionChecker('atomicFloat64', { across });

/**
 * A 64-bit float in shared memory; {@link atomicFloat64} makes it.
 *
 * Each operation is one step that all threads see in one order (sequentially consistent). None waits for another thread: one that
 * finds the value changed meanwhile tries again with the new one. Sums of floats depend on the order in which threads add, in
 * their last bits; where the same bits matter on any number of workers, use `reduce`.
 */
export class AtomicFloat64 {
  readonly #words: BigInt64Array;

  /** @internal use {@link atomicFloat64} */
  constructor(memory: ArrayBufferLike) {
    this.#words = new BigInt64Array(memory, 0, 1);
  }

  /** The memory: `unmap(float.buffer)` ends memory that is shared across processes sooner than the garbage collector. */
  get buffer(): ArrayBufferLike {
    return this.#words.buffer;
  }

  /** The value now. */
  get(): number {
    return float64Of(Atomics.load(this.#words, 0));
  }

  /** Writes a value. */
  set(value: number): void {
    checkNumber('set', value);
    Atomics.store(this.#words, 0, bitsOf64(value));
  }

  /** Adds; gives the value **after**. */
  add(delta: number): number {
    checkNumber('add', delta);
    return addFloat64(this.#words, 0, delta) + delta;
  }

  /** Lowers the value to `value` if that is less; gives the value after. */
  min(value: number): number {
    checkNumber('min', value);
    return this.#update((now) => Math.min(now, value));
  }

  /** Raises the value to `value` if that is more; gives the value after. */
  max(value: number): number {
    checkNumber('max', value);
    return this.#update((now) => Math.max(now, value));
  }

  /** Writes `replacement` if the value has the bits of `expected` (0 is not −0); gives the value before. */
  compareExchange(expected: number, replacement: number): number {
    checkNumber('compareExchange', expected);
    checkNumber('compareExchange', replacement);
    return float64Of(Atomics.compareExchange(this.#words, 0, bitsOf64(expected), bitsOf64(replacement)));
  }

  #update(next: (now: number) => number): number {
    for (let seen = Atomics.load(this.#words, 0); ;) {
      const value = next(float64Of(seen));
      const bits = bitsOf64(value);
      if (bits === seen) return value;
      const found = Atomics.compareExchange(this.#words, 0, seen, bits);
      if (found === seen) return value;
      seen = found;
    }
  }

  [Symbol.for('tutti.serialize')](): Uint8Array {
    return outgoing(this.#words.buffer);
  }

  static [Symbol.for('tutti.deserialize')](memory: Uint8Array): AtomicFloat64 {
    return new AtomicFloat64(incoming('an atomic float', memory));
  }

  static {
    byReference(this, 'structures/atomic-float64.js', 'AtomicFloat64');
  }
}

function checkNumber(owner: string, value: unknown): void {
  if (typeof value !== 'number') throw new TypeError(`${owner}(): expected a number, but got ${show(value)}`);
}

/**
 * A floating-point number in shared memory, for sums, least and largest values of many threads.
 *
 * Passed to a task or captured by one it is the same number there.
 *
 * @param initial where it begins; 0 by default
 * @param options `across`: who sees it, `'threads'` (default) or `'processes'`
 * @throws TypeError for what is no number
 * @throws MissingPackageError, UnsupportedError, SharedMemoryError across processes: without koffi, on Windows, without room
 *
 * @example
 * ```ts
 * import { atomicFloat64 } from 'tutti/structures';
 * import { forEach } from 'tutti';
 *
 * const sum = atomicFloat64();
 * const most = atomicFloat64(-Infinity);
 * await forEach([0.5, 2, 0.25], (x) => {
 *   sum.add(x);
 *   most.max(x);
 * });
 * [sum.get(), most.get()]; // => [2.75, 2]
 * ```
 */
export function atomicFloat64(initial = 0, options?: AcrossOptions): AtomicFloat64 {
  const { across: who } = checkOptions(options);
  checkNumber('atomicFloat64', initial);
  const made = new AtomicFloat64(allocate('an atomic float', LINE_BYTES, who));
  made.set(initial);
  return made;
}
