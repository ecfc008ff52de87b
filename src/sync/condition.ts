/** Waiting for something that a mutex protects. */
import { integer, optionChecker, show } from '../base/options.ts';
import { NotHeldError } from '../base/errors.ts';
import * as lock from './lock-word.ts';
import { Mutex } from './mutex.ts';
import { ReentrantMutex } from './reentrant-mutex.ts';
import {
  Arrived,
  SyncObject,
  syncRules,
  travelsAs,
  type SyncOptions,
  type Travelling,
} from './sync-object.ts';
import { block, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

const { across: _across, ...rules } = syncRules;
const check = optionChecker('new Condition', { ...rules, maxWaiters: integer({ min: 1, max: 2 ** 20 }) });

/** Options of {@link Condition}. */
export interface ConditionOptions extends Omit<SyncOptions, 'across'> {
  /** How many may wait at once (default 1024; four bytes each). */
  maxWaiters?: number | undefined;
}

const word = { next: 0, served: 1, seats: 2, first: 4 } as const;
/** In a seat: its waiter may go on. Else: 0, nobody; or the number of who waits. */
const called = -1;

/**
 * Lets the holder of a mutex wait for a change that another holder announces.
 *
 * {@link wait} lets go of the mutex, sleeps until somebody calls {@link notify}, and takes the mutex again. Waiters are called in the
 * order in which they came; each `notify()` calls exactly as many as it says, of those who wait at that moment, and there are no
 * spurious wake-ups. Others may take the mutex between the call and the waiter: use {@link waitFor}, which looks again. Both
 * must be called while the mutex is held. A waiter that has died is passed over.
 *
 * @example
 * ```ts
 * import { shared, submit } from 'tutti';
 * import { Condition, Mutex } from 'tutti/sync';
 *
 * const mutex = new Mutex();
 * const changed = new Condition(mutex);
 * const ready = shared(Int32Array, 1);
 * const waiting = submit(() => mutex.run(() => { changed.waitFor(() => ready[0] === 1); return ready[0]; }));
 * await mutex.runAsync(() => { ready[0] = 1; changed.notifyAll(); });
 * await waiting; // => 1
 * ```
 */
export class Condition extends SyncObject {
  /** The mutex that goes with it. */
  readonly mutex: Mutex | ReentrantMutex;
  readonly #words: Int32Array;
  readonly #seats: number;

  /**
   * @param mutex a Mutex or ReentrantMutex, which decides who can use the condition
   * @throws TypeError when it is none
   */
  constructor(mutex: Mutex | ReentrantMutex | Arrived = new Mutex(), options?: ConditionOptions) {
    if (!(mutex instanceof Arrived || mutex instanceof Mutex || mutex instanceof ReentrantMutex)) {
      throw new TypeError(
        `new Condition(): the first argument must be a Mutex or ReentrantMutex, not ${show(mutex)}`,
      );
    }
    const checked = mutex instanceof Arrived ? {} : check(options);
    const seats = checked.maxWaiters ?? 1024;
    super(
      word.first + seats,
      mutex instanceof Arrived
        ? mutex
        : { across: mutex.memory.across ? 'processes' : 'threads', name: checked.name },
    );
    this.mutex =
      mutex instanceof Arrived ? ((mutex.data as Travelling).extra as Mutex | ReentrantMutex) : mutex;
    this.#words = this.memory.words;
    if (!(mutex instanceof Arrived)) Atomics.store(this.#words, word.seats, seats);
    this.#seats = Atomics.load(this.#words, word.seats);
  }

  protected override extra(): unknown {
    return this.mutex;
  }

  /**
   * Lets go of the mutex, blocks until it is called, and takes the mutex again; false when `timeoutMs` was over before. The
   * mutex is held again whatever happens, also when the `signal` aborts.
   *
   * @throws NotHeldError when this thread does not hold the mutex; RangeError when `maxWaiters` wait already
   */
  wait(options?: WaitOptions): boolean {
    this.#mustHold('wait for');
    const seat = this.#sit();
    const times = this.#free();
    try {
      return block(this, this.#sleep(seat), options);
    } finally {
      block(this.mutex, lock.take(this.mutex, this.mutex.memory, 0, true));
      this.#restore(times);
    }
  }

  /** As {@link wait}, without blocking the thread; a ReentrantMutex cannot tell apart who waits in one thread. */
  async waitAsync(options?: WaitOptions): Promise<boolean> {
    this.#mustHold('wait for');
    const seat = this.#sit();
    const times = this.#free();
    try {
      return await waitAsync(this, this.#sleep(seat), options);
    } finally {
      await waitAsync(this.mutex, lock.take(this.mutex, this.mutex.memory, 0, false));
      this.#restore(times);
    }
  }

  /** Waits until `predicate()`, which is called while the mutex is held; false when `timeoutMs` is over before. */
  waitFor(predicate: () => boolean, options?: WaitOptions): boolean {
    const rest = remaining(options);
    while (!predicate()) if (!this.wait(rest())) return predicate();
    return true;
  }

  /** As {@link waitFor}, without blocking the thread. */
  async waitForAsync(predicate: () => boolean, options?: WaitOptions): Promise<boolean> {
    const rest = remaining(options);
    while (!predicate()) if (!(await this.waitAsync(rest()))) return predicate();
    return true;
  }

  /**
   * Calls `n` of those who wait, those first who came first; returns how many it was.
   *
   * @throws NotHeldError when this thread does not hold the mutex
   */
  notify(n = 1): number {
    this.#mustHold('notify');
    const words = this.#words;
    let count = 0;
    // The holder of the mutex alone gives seats and calls; who has waited leaves its seat by itself.
    for (let turn = words[word.served] as number; count < n && turn !== words[word.next];) {
      const at = this.#seat(turn);
      turn = (turn + 1) | 0;
      words[word.served] = turn;
      const waiter = Atomics.load(words, at);
      if (waiter === 0 || waiter === called) continue;
      if (this.agents.isDead(waiter)) {
        Atomics.store(words, at, 0);
        continue;
      }
      if (Atomics.compareExchange(words, at, waiter, called) !== waiter) continue;
      // It needs the mutex, which is this thread's.
      lock.wakeLater(this.memory, at);
      count++;
    }
    return count;
  }

  /** Calls all who wait; returns how many. */
  notifyAll(): number {
    return this.notify(Infinity);
  }

  /** A seat in the row of those who wait. */
  #sit(): number {
    const words = this.#words;
    for (;;) {
      const next = words[word.next] as number;
      if (((next - (words[word.served] as number)) | 0) >= this.#seats) {
        throw new RangeError(
          `${this.describe()}: ${this.#seats} wait already; make it with a larger \`maxWaiters\``,
        );
      }
      words[word.next] = (next + 1) | 0;
      const at = this.#seat(next);
      // Somebody may have been called there who has not got up yet: who notifies passes such seats over.
      if (Atomics.compareExchange(words, at, 0, this.agents.me) === 0) return at;
    }
  }

  #seat(turn: number): number {
    return word.first + (((turn % this.#seats) + this.#seats) % this.#seats);
  }

  *#sleep(at: number): Steps<boolean> {
    const words = this.#words;
    const { me } = this.agents;
    while (Atomics.load(words, at) === me) {
      if (yield { words: this.memory, at, value: me }) continue;
      // Called in the last moment it was all the same.
      if (Atomics.compareExchange(words, at, me, 0) === me) return false;
    }
    Atomics.store(words, at, 0);
    return true;
  }

  #mustHold(what: string): void {
    if (this.mutex.held) return;
    throw new NotHeldError(
      `cannot ${what} ${this.describe()}: this thread does not hold ${this.mutex.describe()}; lock it first`,
    );
  }

  #free(): number {
    if (this.mutex instanceof ReentrantMutex) return this.mutex.freeAll();
    this.mutex.unlock();
    return 1;
  }

  #restore(times: number): void {
    if (this.mutex instanceof ReentrantMutex) this.mutex.restore(times);
  }
}

/** The same limits for several waits in a row. */
function remaining(options: WaitOptions | undefined): () => WaitOptions | undefined {
  if (options?.timeoutMs === undefined) return () => options;
  const end = performance.now() + options.timeoutMs;
  return () => ({ ...options, timeoutMs: Math.max(0, end - performance.now()) });
}

travelsAs(import.meta.url, { Condition });
