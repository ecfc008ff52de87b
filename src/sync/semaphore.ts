/** Counted permits. */
import { integer, optionChecker, show } from '../base/options.ts';
import { NotHeldError } from '../base/errors.ts';
import { during, duringAsync, Guard } from './guard.ts';
import { tooLate } from './mutex.ts';
import { Arrived, SyncObject, syncRules, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

const word = { permits: 0, sleepers: 1, greedy: 2, limit: 3 } as const;
const largest = 2 ** 31 - 1;

const check = optionChecker('new Semaphore', syncRules);
const isCount = integer({ min: 0, max: largest });

/**
 * A number of permits: {@link acquire} takes one and waits where none is left, {@link release} gives one back.
 *
 * Permits belong to nobody: any thread may release, also one that has acquired none. Not fair: who comes just when a permit
 * is released may overtake sleepers, and who wants several may wait long among those who want one. What was written before
 * `release()` is seen by whoever acquires afterwards. Permits of a thread that dies are lost: give them back in a `finally`, or use a
 * {@link Mutex}, which notices.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * import { Semaphore } from 'tutti/sync';
 *
 * const connections = new Semaphore(2);
 * await using pool = threads({ workers: 4 });
 * const results = await pool.map([1, 2, 3], (x) => connections.run(() => x * x)); // => [1, 4, 9]
 * connections.value; // => 2
 * ```
 */
export class Semaphore extends SyncObject {
  readonly #words: Int32Array;

  /**
   * @param permits how many there are at first, from 0
   * @throws TypeError or RangeError when that is no such number; MissingPackageError with `across: 'processes'` without koffi
   */
  constructor(permits: number | Arrived = 1, options?: SyncOptions) {
    super(4, permits instanceof Arrived ? permits : check(options));
    this.#words = this.memory.words;
    if (permits instanceof Arrived) return;
    checkCount(this, 'the number of permits', permits, 0);
    Atomics.store(this.#words, word.permits, permits);
  }

  /** Permits that are left, at this moment. */
  get value(): number {
    return Atomics.load(this.#words, word.permits);
  }

  /** Takes `n` permits if there are as many; never waits. */
  tryAcquire(n = 1): boolean {
    checkCount(this, 'the number of permits to acquire', n, 1);
    return this.#take(n);
  }

  /** Blocks until it has taken `n` permits at once; false when `timeoutMs` is over before: none is taken then. */
  acquire(n = 1, options?: WaitOptions): boolean {
    checkLimits(options, this);
    return this.tryAcquire(n) || block(this, this.#acquire(n), options);
  }

  /** As {@link acquire}, without blocking the thread. */
  async acquireAsync(n = 1, options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    return this.tryAcquire(n) || (await waitAsync(this, this.#acquire(n), options));
  }

  /** Gives `n` permits, and wakes who waits for them. */
  release(n = 1): void {
    checkCount(this, 'the number of permits to release', n, 1);
    this.put(n);
    const words = this.#words;
    if (Atomics.load(words, word.sleepers) === 0) return;
    // Who wants several may find too few of them: then somebody else may want what is left.
    this.memory.notify(word.permits, Atomics.load(words, word.greedy) > 0 ? Infinity : n);
  }

  /** @internal */
  protected put(n: number): void {
    const before = Atomics.add(this.#words, word.permits, n);
    if (before <= largest - n) return;
    Atomics.sub(this.#words, word.permits, n);
    throw new RangeError(`${this.describe()} cannot have more than ${largest} permits`);
  }

  /** Takes a permit, and gives it back when the result is disposed of. @throws WaitTimeoutError after `timeoutMs` */
  guard(options?: WaitOptions): Guard {
    if (!this.acquire(1, options)) throw tooLate(this, options);
    return new Guard(() => this.release());
  }

  /** As {@link guard}, without blocking the thread. */
  async guardAsync(options?: WaitOptions): Promise<Guard> {
    if (!(await this.acquireAsync(1, options))) throw tooLate(this, options);
    return new Guard(() => this.release());
  }

  /** Calls `fn` with a permit; returns what `fn` returns. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  run<T>(fn: () => T, options?: WaitOptions): T {
    return during(this.guard(options), fn);
  }

  /** As {@link run}, without blocking the thread; a promise of `fn` is awaited before the permit is given back. */
  async runAsync<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return duringAsync(await this.guardAsync(options), fn);
  }

  #take(n: number): boolean {
    const words = this.#words;
    for (let left = Atomics.load(words, word.permits); left >= n;) {
      const seen = Atomics.compareExchange(words, word.permits, left, left - n);
      if (seen === left) return true;
      left = seen;
    }
    return false;
  }

  *#acquire(n: number): Steps<boolean> {
    const words = this.#words;
    // First it says that it sleeps, then it looks: who releases does it the other way round, so one of them sees the other.
    Atomics.add(words, word.sleepers, 1);
    if (n > 1) Atomics.add(words, word.greedy, 1);
    try {
      for (;;) {
        const left = Atomics.load(words, word.permits);
        if (left >= n) {
          if (this.#take(n)) return true;
          continue;
        }
        if (!(yield { words: this.memory, at: word.permits, value: left })) return this.#take(n);
      }
    } finally {
      Atomics.sub(words, word.sleepers, 1);
      if (n > 1) Atomics.sub(words, word.greedy, 1);
    }
  }
}

/**
 * A semaphore that refuses more permits than it had at first: a release too many is an error, and not one more in the room.
 *
 * @example
 * ```ts
 * import { BoundedSemaphore } from 'tutti/sync';
 *
 * const two = new BoundedSemaphore(2);
 * two.acquire(); // => true
 * two.release();
 * two.release(); // throws NotHeldError: cannot release
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  /** As {@link Semaphore}; `permits` is the most it will ever have. */
  constructor(permits: number | Arrived = 1, options?: SyncOptions) {
    super(permits, options);
    if (!(permits instanceof Arrived)) Atomics.store(this.memory.words, word.limit, permits);
  }

  /** @internal */
  protected override put(n: number): void {
    const { words } = this.memory;
    const limit = Atomics.load(words, word.limit);
    for (let left = Atomics.load(words, word.permits); ;) {
      if (left + n > limit) {
        throw new NotHeldError(
          `cannot release ${n} of ${this.describe()}: it has ${left} of at most ${limit} permits; release what was acquired, once`,
        );
      }
      const seen = Atomics.compareExchange(words, word.permits, left, left + n);
      if (seen === left) return;
      left = seen;
    }
  }
}

function checkCount(object: SyncObject, what: string, n: unknown, min: number): void {
  if (!isCount.is(n))
    throw new TypeError(`${object.describe()}: ${what} must be a number, but got ${show(n)}`);
  if (!isCount.within?.(n as number) || (n as number) < min)
    throw new RangeError(`${object.describe()}: ${what} must be an integer of at least ${min}, but got ${n}`);
}

travelsAs(import.meta.url, { Semaphore, BoundedSemaphore });
