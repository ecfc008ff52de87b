/** Something that is done once, by whoever comes first. */
import { notPromised } from './guard.ts';
import * as lock from './lock-word.ts';
import { tooLate } from './mutex.ts';
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type WaitOptions } from './waiting.ts';

const check = checkPlain('Once');
const done = 1;

/**
 * Lets one of all threads do something; the others wait until it is done.
 *
 * When the function throws, its caller gets the error, and the next caller tries again (as C++'s `std::call_once`). When its
 * thread dies in it, the others get an AbandonedError, until somebody calls {@link retry}. Whatever it has written is seen by all
 * who have called; its result is not passed on: leave that in shared memory.
 *
 * @example
 * ```ts
 * import { shared, threads } from 'tutti';
 * import { Once } from 'tutti/sync';
 *
 * const once = new Once();
 * const table = shared(Float64Array, 4);
 * const calls = shared(Int32Array, 1);
 * await using pool = threads({ workers: 2 });
 * await pool.forEach([1, 2, 3, 4], () => {
 *   once.run(() => { Atomics.add(calls, 0, 1); table.fill(0.5); });
 * });
 * [calls[0], table[3]]; // => [1, 0.5]
 * ```
 */
export class Once extends SyncObject {
  readonly #words: Int32Array;
  /** @internal */
  readonly afterDeath: string = 'repair that and call retry()';

  /** @throws MissingPackageError with `across: 'processes'` when koffi is not installed */
  constructor(options?: SyncOptions | Arrived) {
    super(4, options instanceof Arrived ? options : check(options));
    this.#words = this.memory.words;
  }

  /** It has been done. */
  get done(): boolean {
    return Atomics.load(this.#words, done) === 1;
  }

  /** Calls `fn` if nobody has, or blocks until who does is done. Whether it was this call. `fn` is not awaited: if it returns a promise, that is a TypeError. @throws WaitTimeoutError after `timeoutMs` */
  run(fn: () => void, options?: WaitOptions): boolean {
    checkLimits(options, this);
    if (this.done) return false;
    if (!block(this, lock.take(this, this.memory, 0, true), options)) throw tooLate(this, options);
    try {
      if (this.done) return false;
      notPromised(fn());
      Atomics.store(this.#words, done, 1);
      return true;
    } finally {
      lock.release(this, this.memory, 0);
    }
  }

  /** As {@link run}, without blocking the thread; a promise of `fn` is awaited. */
  async runAsync(fn: () => unknown, options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    if (this.done) return false;
    if (!(await waitAsync(this, lock.take(this, this.memory, 0, false), options)))
      throw tooLate(this, options);
    try {
      if (this.done) return false;
      await fn();
      Atomics.store(this.#words, done, 1);
      return true;
    } finally {
      lock.release(this, this.memory, 0);
    }
  }

  /** After whoever did it has died: the next caller does it again. False when nobody has died in it. */
  retry(): boolean {
    if (!lock.takeOver(this, this.memory, 0)) return false;
    lock.release(this, this.memory, 0);
    return true;
  }
}

travelsAs(import.meta.url, { Once });
