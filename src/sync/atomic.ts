/** Single values that any thread changes in one step. */
import { show } from '../base/options.ts';
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';

const checkInt32 = checkPlain('AtomicInt32');
const checkInt64 = checkPlain('AtomicInt64');
const checkFloat64 = checkPlain('AtomicFloat64');

/**
 * A 32-bit integer that any thread reads and changes in one step; it wraps around. All operations are sequentially consistent.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * import { AtomicInt32 } from 'tutti/sync';
 *
 * const hits = new AtomicInt32();
 * await using pool = threads({ workers: 2 });
 * await pool.forEach([1, 2, 3, 4], (x) => { hits.add(x); });
 * hits.value; // => 10
 * ```
 */
export class AtomicInt32 extends SyncObject {
  readonly #words: Int32Array;

  /** @throws TypeError when `value` is no 32-bit integer */
  constructor(value: number | Arrived = 0, options?: SyncOptions) {
    super(2, value instanceof Arrived ? value : checkInt32(options));
    this.#words = this.memory.words;
    if (!(value instanceof Arrived)) this.value = value;
  }

  get value(): number {
    return Atomics.load(this.#words, 0);
  }

  set value(value: number) {
    Atomics.store(this.#words, 0, int32(this, value));
  }

  /** Adds `n`; returns the value before. */
  add(n: number): number {
    return Atomics.add(this.#words, 0, int32(this, n));
  }

  /** Sets the value; returns the one before. */
  exchange(value: number): number {
    return Atomics.exchange(this.#words, 0, int32(this, value));
  }

  /** Sets it to `value` if it is `expected`; returns the value before. */
  compareExchange(expected: number, value: number): number {
    return Atomics.compareExchange(this.#words, 0, int32(this, expected), int32(this, value));
  }

  /** Sets it to `next(value)`, which may be called several times; returns the new value. */
  update(next: (value: number) => number): number {
    for (let before = this.value; ;) {
      const value = int32(this, next(before));
      const seen = this.compareExchange(before, value);
      if (seen === before) return value;
      before = seen;
    }
  }
}

/**
 * A 64-bit integer (`bigint`) that any thread reads and changes in one step; it wraps around.
 *
 * @example
 * ```ts
 * import { AtomicInt64 } from 'tutti/sync';
 *
 * const id = new AtomicInt64(2n ** 40n);
 * id.add(1n); // => 1099511627776n
 * id.value; // => 1099511627777n
 * ```
 */
export class AtomicInt64 extends SyncObject {
  readonly #cell: BigInt64Array;

  /** @throws TypeError when `value` is no bigint */
  constructor(value: bigint | Arrived = 0n, options?: SyncOptions) {
    super(2, value instanceof Arrived ? value : checkInt64(options));
    this.#cell = new BigInt64Array(this.memory.words.buffer, this.memory.words.byteOffset, 1);
    if (!(value instanceof Arrived)) this.value = value;
  }

  get value(): bigint {
    return Atomics.load(this.#cell, 0);
  }

  set value(value: bigint) {
    Atomics.store(this.#cell, 0, int64(this, value));
  }

  /** Adds `n`; returns the value before. */
  add(n: bigint): bigint {
    return Atomics.add(this.#cell, 0, int64(this, n));
  }

  /** Sets the value; returns the one before. */
  exchange(value: bigint): bigint {
    return Atomics.exchange(this.#cell, 0, int64(this, value));
  }

  /** Sets it to `value` if it is `expected`; returns the value before. */
  compareExchange(expected: bigint, value: bigint): bigint {
    return Atomics.compareExchange(this.#cell, 0, int64(this, expected), int64(this, value));
  }
}

/**
 * A number that any thread reads and changes in one step: sums of many threads, a best value so far.
 *
 * The order of additions decides the last bits of a sum, so that it may differ from run to run.
 *
 * @example
 * ```ts
 * import { AtomicFloat64 } from 'tutti/sync';
 *
 * const best = new AtomicFloat64(Infinity);
 * best.update((value) => Math.min(value, 2.5)); // => 2.5
 * best.add(0.5); // => 2.5
 * best.value; // => 3
 * ```
 */
export class AtomicFloat64 extends SyncObject {
  readonly #cell: BigInt64Array;
  readonly #number = new Float64Array(1);
  readonly #bits = new BigInt64Array(this.#number.buffer);

  /** @throws TypeError when `value` is no number */
  constructor(value: number | Arrived = 0, options?: SyncOptions) {
    super(2, value instanceof Arrived ? value : checkFloat64(options));
    this.#cell = new BigInt64Array(this.memory.words.buffer, this.memory.words.byteOffset, 1);
    if (!(value instanceof Arrived)) this.value = value;
  }

  get value(): number {
    return this.#toNumber(Atomics.load(this.#cell, 0));
  }

  set value(value: number) {
    Atomics.store(this.#cell, 0, this.#toBits(value));
  }

  /** Adds `n`; returns the value before. */
  add(n: number): number {
    return this.#change((value) => value + n).before;
  }

  /** Sets the value; returns the one before. */
  exchange(value: number): number {
    return this.#toNumber(Atomics.exchange(this.#cell, 0, this.#toBits(value)));
  }

  /** Sets it to `next(value)`, which may be called several times; returns the new value. */
  update(next: (value: number) => number): number {
    return this.#change(next).after;
  }

  #change(next: (value: number) => number): { before: number; after: number } {
    for (let bits = Atomics.load(this.#cell, 0); ;) {
      const before = this.#toNumber(bits);
      const after = next(before);
      const seen = Atomics.compareExchange(this.#cell, 0, bits, this.#toBits(after));
      if (seen === bits) return { before, after };
      bits = seen;
    }
  }

  #toNumber(bits: bigint): number {
    this.#bits[0] = bits;
    return this.#number[0] as number;
  }

  #toBits(value: number): bigint {
    if (typeof value !== 'number')
      throw new TypeError(`${this.describe()} holds a number, not ${show(value)}`);
    this.#number[0] = value;
    return this.#bits[0] as bigint;
  }
}

function int64(object: SyncObject, value: bigint): bigint {
  if (typeof value === 'bigint') return value;
  throw new TypeError(`${object.describe()} holds a bigint, not ${show(value)}`);
}

function int32(object: SyncObject, value: number): number {
  if (typeof value === 'number' && (value | 0) === value) return value;
  throw new TypeError(`${object.describe()} holds a 32-bit integer, not ${show(value)}`);
}

travelsAs(import.meta.url, { AtomicInt32, AtomicInt64, AtomicFloat64 });
