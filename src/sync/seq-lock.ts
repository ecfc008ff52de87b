/** Small data that is read often and written seldom, without making readers wait for each other. */
import { notPromised } from './guard.ts';
import { Mutex } from './mutex.ts';
import {
  Arrived,
  checkPlain,
  SyncObject,
  travelsAs,
  type SyncOptions,
  type Travelling,
} from './sync-object.ts';
import type { WaitOptions } from './waiting.ts';

const check = checkPlain('SeqLock');
/** Nobody else's: storing to it orders other accesses of this thread. */
const fence = new Int32Array(1);

/**
 * Readers look at shared memory without a lock, and look again when somebody has written meanwhile.
 *
 * For a few numbers that are read much more often than written: a reader writes nothing to shared memory, so that any number of them
 * are no slower than one. Writers keep each other out by a {@link Mutex}. `read` calls its function again until nothing was
 * written while it ran; it must do nothing but copy numbers out of integer or float arrays by plain reads, as it may see them
 * half-written. A writer that dies in its function leaves the mutex abandoned, and readers throw its AbandonedError.
 *
 * @example
 * ```ts
 * import { shared } from 'tutti';
 * import { SeqLock } from 'tutti/sync';
 *
 * const lock = new SeqLock();
 * const position = shared(Float64Array, 2);
 * lock.write(() => position.set([3, 4]));
 * const there = lock.read(() => [...position]); // => [3, 4]
 * ```
 */
export class SeqLock extends SyncObject {
  readonly #words: Int32Array;
  readonly #mutex: Mutex;

  /** @throws MissingPackageError with `across: 'processes'` when koffi is not installed */
  constructor(options?: SyncOptions | Arrived) {
    super(4, options instanceof Arrived ? options : check(options));
    this.#words = this.memory.words;
    this.#mutex =
      options instanceof Arrived
        ? ((options.data as Travelling).extra as Mutex)
        : new Mutex({ name: 'SeqLock', ...options });
  }

  protected override extra(): unknown {
    return this.#mutex;
  }

  /** Calls `fn`, which writes, while nobody else does; returns what it returns. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  write<T>(fn: () => T, options?: WaitOptions): T {
    return this.#mutex.run(() => this.#write(fn), options);
  }

  /** As {@link write}, without blocking the thread until it is its turn. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  writeAsync<T>(fn: () => T, options?: WaitOptions): Promise<T> {
    return this.#mutex.runAsync(() => this.#write(fn), options);
  }

  #write<T>(fn: () => T): T {
    // Odd while somebody writes.
    Atomics.add(this.#words, 0, 1);
    // … before anything is written: a load keeps plain writes behind it, an addition alone does not on all machines.
    Atomics.load(this.#words, 0);
    try {
      return notPromised(fn(), 'prepare what is to be written, and write it at once');
    } finally {
      Atomics.add(this.#words, 0, 1);
    }
  }

  /** Nothing was written since `before`. */
  #isStill(before: number): boolean {
    // A store keeps plain reads before it, and the load behind it; the load alone lets them pass on some machines.
    Atomics.store(fence, 0, 0);
    return Atomics.load(this.#words, 0) === before;
  }

  /** Calls `fn`, which copies what it reads, until nobody has written meanwhile; returns what it returned last. */
  read<T>(fn: () => T): T {
    for (let tries = 0; ; tries++) {
      const before = Atomics.load(this.#words, 0);
      if ((before & 1) === 0) {
        const value = fn();
        if (this.#isStill(before)) return value;
      }
      // Who writes for long is waited for: that also tells whether it still lives.
      if (tries > 1000 && this.#mutex.lock()) this.#mutex.unlock();
    }
  }

  /** As {@link read}, where the thread must not be blocked: awaits the writer. */
  async readAsync<T>(fn: () => T): Promise<T> {
    for (;;) {
      const before = Atomics.load(this.#words, 0);
      if ((before & 1) === 0) {
        const value = fn();
        if (this.#isStill(before)) return value;
      }
      if (await this.#mutex.lockAsync()) this.#mutex.unlock();
    }
  }

  /** After a writer has died: whoever calls it has repaired the data. False when nobody has died. */
  takeOver(): boolean {
    if (!this.#mutex.takeOver()) return false;
    if ((Atomics.load(this.#words, 0) & 1) === 1) Atomics.add(this.#words, 0, 1);
    this.#mutex.unlock();
    return true;
  }
}

travelsAs(import.meta.url, { SeqLock });
