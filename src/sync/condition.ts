/** Waiting for something that a mutex protects. */
import { integer, optionChecker, show } from '../base/options.ts';
import { mayBlock } from '../base/blocking.ts';
import { NotHeldError } from '../base/errors.ts';
import { notPromised } from './guard.ts';
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
import { block, checkLimits, waitAsync, wouldBlock, type Steps, type WaitOptions } from './waiting.ts';

const { across: _across, ...rules } = syncRules;
const check = optionChecker('new Condition', { ...rules, maxWaiters: integer({ min: 1, max: 2 ** 20 }) });

/** Options of {@link Condition}. */
export interface ConditionOptions extends Omit<SyncOptions, 'across'> {
  /** How many may wait at once (default 1024; eight bytes each). */
  maxWaiters?: number | undefined;
}

/**
 * `used`: seats from there on have never been taken. A seat is two words: who waits there (0: nobody; minus the number of one who was
 * called and has not got up yet), and its turn. The holder of the mutex alone gives seats and calls; who has waited leaves by itself.
 */
const word = { next: 0, used: 1, seats: 2, first: 4 } as const;
const seatWords = 2;

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
      word.first + seats * seatWords,
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
   * @throws NotHeldError when this thread does not hold the mutex; RangeError when `maxWaiters` wait already; WouldBlockError on a
   *   main thread; AbandonedError when who held the mutex meanwhile has died: it is not held then
   */
  wait(options?: WaitOptions): boolean {
    checkLimits(options, this);
    this.#mustHold('wait for');
    // Refused afterwards, it might not get the mutex back.
    if (!mayBlock()) throw wouldBlock(this);
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
    checkLimits(options, this);
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
    checkLimits(options, this);
    const rest = remaining(options);
    while (!notPromised(predicate(), asks)) if (!this.wait(rest())) return predicate();
    return true;
  }

  /** As {@link waitFor}, without blocking the thread. */
  async waitForAsync(predicate: () => boolean, options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    const rest = remaining(options);
    while (!notPromised(predicate(), asks)) if (!(await this.waitAsync(rest()))) return predicate();
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
    for (const at of this.#row()) {
      if (count >= n) break;
      const waiter = Atomics.load(words, at);
      if (waiter <= 0) continue; // its time is up
      if (this.agents.isDead(waiter)) {
        Atomics.compareExchange(words, at, waiter, 0);
        continue;
      }
      if (Atomics.compareExchange(words, at, waiter, -waiter) !== waiter) continue;
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

  /** The seats of all who wait, those first who came first. */
  #row(): readonly number[] {
    const words = this.#words;
    const row: number[] = [];
    for (let at: number = word.first, end = this.#end(words[word.used] as number); at < end; at += seatWords)
      if (Atomics.load(words, at) > 0) row.push(at);
    return row.sort((a, b) => ((words[a + 1] as number) - (words[b + 1] as number)) | 0);
  }

  /** A seat in the row of those who wait. */
  #sit(): number {
    const words = this.#words;
    const used = words[word.used] as number;
    let at = this.#freeSeat(used, false);
    if (at < 0 && used < this.#seats) {
      at = this.#end(used);
      words[word.used] = used + 1;
    } else if (at < 0) at = this.#freeSeat(used, true);
    if (at < 0) {
      throw new RangeError(
        `${this.describe()}: ${this.#seats} wait already; make it with a larger \`maxWaiters\``,
      );
    }
    const turn = words[word.next] as number;
    words[word.next] = (turn + 1) | 0;
    words[at + 1] = turn;
    Atomics.store(words, at, this.agents.me);
    return at;
  }

  /** The first free seat, `orDead` also one of a thread that has died; −1 when there is none. */
  #freeSeat(used: number, orDead: boolean): number {
    for (let at: number = word.first, end = this.#end(used); at < end; at += seatWords) {
      const waiter = Atomics.load(this.#words, at);
      if (waiter === 0 || (orDead && this.agents.isDead(Math.abs(waiter)))) return at;
    }
    return -1;
  }

  #end(seats: number): number {
    return word.first + seats * seatWords;
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

/** What to do about an asynchronous predicate. */
const asks = 'a predicate has to give its answer at once';

/** The same limits for several waits in a row. */
function remaining(options: WaitOptions | undefined): () => WaitOptions | undefined {
  if (options?.timeoutMs === undefined) return () => options;
  const end = performance.now() + options.timeoutMs;
  return () => ({ ...options, timeoutMs: Math.max(0, end - performance.now()) });
}

travelsAs(import.meta.url, { Condition });
