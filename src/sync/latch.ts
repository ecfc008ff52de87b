/** A count that falls to zero once. */
import { integer, show } from '../base/options.ts';
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

const check = checkPlain('Latch');
const isCount = integer({ min: 0, max: 2 ** 31 - 1 });

/**
 * Opens when it was counted down to zero, for good: {@link wait} returns then and ever after.
 *
 * What was written before a `countDown()` is seen by whoever has waited.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * import { Latch } from 'tutti/sync';
 *
 * const ready = new Latch(3);
 * await using pool = threads({ workers: 2 });
 * const work = pool.forEach([1, 2, 3], () => ready.countDown());
 * await ready.waitAsync(); // => true
 * await work;
 * ready.count; // => 0
 * ```
 */
export class Latch extends SyncObject {
  readonly #words: Int32Array;

  /**
   * @param count how often it has to be counted down, from 0 to 2³¹ − 1
   * @throws TypeError or RangeError when that is no such number
   */
  constructor(count: number | Arrived, options?: SyncOptions) {
    super(4, count instanceof Arrived ? count : check(options));
    this.#words = this.memory.words;
    if (count instanceof Arrived) return;
    if (!isCount.is(count))
      throw new TypeError(`new Latch(): the count must be a number, but got ${show(count)}`);
    if (!isCount.within?.(count))
      throw new RangeError(`new Latch(): the count must be ${isCount.expects}, but got ${count}`);
    Atomics.store(this.#words, 0, count);
  }

  /** How often it still has to be counted down. */
  get count(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Counts down by `n`, at most to zero; returns what is left. */
  countDown(n = 1): number {
    if (!Number.isInteger(n) || n < 1)
      throw new RangeError(`${this.describe()}: countDown() takes an integer of at least 1, not ${show(n)}`);
    for (let left = this.count; ;) {
      const next = Math.max(0, left - n);
      const seen = Atomics.compareExchange(this.#words, 0, left, next);
      if (seen === left) {
        if (next === 0 && left > 0) this.memory.notify(0, Infinity);
        return next;
      }
      left = seen;
    }
  }

  /** Blocks until the count is zero; false when `timeoutMs` is over before. */
  wait(options?: WaitOptions): boolean {
    checkLimits(options, this);
    return this.count === 0 || block(this, this.#wait(), options);
  }

  /** As {@link wait}, without blocking the thread. */
  async waitAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    return this.count === 0 || (await waitAsync(this, this.#wait(), options));
  }

  *#wait(): Steps<boolean> {
    for (let left = this.count; left > 0; left = this.count) {
      if (!(yield { words: this.memory, at: 0, value: left })) return this.count === 0;
    }
    return true;
  }
}

travelsAs(import.meta.url, { Latch });
