/** Queues for work: what comes out next, and whether all of it is done. */
import { NotHeldError, WaitTimeoutError } from '../base/errors.ts';
import { Arrived, travelsAs } from './sync-object.ts';
import { word } from './exchange.ts';
import { Values, type Order, type Taken, type ValuesOptions } from './values.ts';
import { block, checkLimits, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

/** What all queues have in common: Python's `queue` module, with values that are copied. */
abstract class WorkQueue<T> extends Values<T> {
  protected constructor(owner: string, order: Order, capacity: number | Arrived, options?: ValuesOptions) {
    super(owner, order, capacity, options);
  }

  /** Nothing is in it, at this moment. */
  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** It is full, at this moment. */
  get isFull(): boolean {
    return this.size >= this.capacity;
  }

  /** Items that were put in and of which nobody has said that they are done. */
  get unfinished(): number {
    return Atomics.load(this.words, word.unfinished);
  }

  /** The next item, if there is one; never waits. */
  tryGet(): Taken<T> | undefined {
    return this.tryTake();
  }

  /**
   * Blocks until there is an item, which is the caller's.
   *
   * @throws ChannelClosedError when the queue is shut down and empty; WaitTimeoutError after `timeoutMs`; WouldBlockError on a main
   *   thread
   */
  get(options?: WaitOptions): T {
    return this.#got(this.take(options), options);
  }

  /** As {@link get}, without blocking the thread. */
  async getAsync(options?: WaitOptions): Promise<T> {
    return this.#got(await this.takeAsync(options), options);
  }

  #got(taken: Taken<T> | 'closed' | undefined, options: WaitOptions | undefined): T {
    if (taken === 'closed') throw this.cannotTake();
    if (taken !== undefined) return taken.value;
    throw new WaitTimeoutError(`nothing came into ${this.describe()} within ${options?.timeoutMs ?? 0} ms`);
  }

  /**
   * Says that an item that was taken out is done: once for each.
   *
   * @throws NotHeldError when that was said of all items already
   */
  taskDone(): void {
    const { words } = this;
    for (let left = this.unfinished; ;) {
      if (left <= 0) {
        throw new NotHeldError(
          `taskDone() was called more often than items were put into ${this.describe()}; call it once for each`,
        );
      }
      const seen = Atomics.compareExchange(words, word.unfinished, left, left - 1);
      if (seen === left) break;
      left = seen;
    }
    if (this.unfinished === 0) this.#allDone();
  }

  #allDone(): void {
    Atomics.add(this.words, word.finished, 1);
    this.memory.notify(word.finished, Infinity);
  }

  /** Blocks until every item that was put in is done; false when `timeoutMs` is over before. */
  join(options?: WaitOptions): boolean {
    checkLimits(options, this);
    return this.unfinished === 0 || block(this, this.#join(), options);
  }

  /** As {@link join}, without blocking the thread. */
  async joinAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    return this.unfinished === 0 || (await waitAsync(this, this.#join(), options));
  }

  *#join(): Steps<boolean> {
    const { words } = this;
    // Woken, it looks again: it may hear late of the end of what was done before it came.
    for (;;) {
      const seen = Atomics.load(words, word.finished);
      if (this.unfinished === 0) return true;
      if (!(yield { words: this.memory, at: word.finished, value: seen })) return this.unfinished === 0;
    }
  }

  /**
   * Ends the queue: nothing can be put in any more. What is in it can be taken out, then whoever takes gets a
   * ChannelClosedError; with `immediate` it is dropped, and counts as done. False when it was shut down before.
   */
  shutdown(immediate = false): boolean {
    const ended = block(this, this.end(immediate, this.clear));
    if (this.unfinished === 0) this.#allDone();
    return ended;
  }
}

/** A queue whose order asks nothing of who puts something in. */
abstract class PlainQueue<T> extends WorkQueue<T> {
  /** Puts an item in if there is room; never waits. */
  tryPut(value: T): boolean {
    return this.tryGive(value);
  }

  /** Blocks until the item is in; false when `timeoutMs` is over before. @throws ChannelClosedError after `shutdown()` */
  put(value: T, options?: WaitOptions): boolean {
    return this.give(value, 0, options);
  }

  /** As {@link put}, without blocking the thread. */
  putAsync(value: T, options?: WaitOptions): Promise<boolean> {
    return this.giveAsync(value, 0, options);
  }
}

/**
 * First in, first out, for any number of producers and consumers in any threads.
 *
 * `put` waits while it is full, `get` while it is empty. {@link WorkQueue.join | join} waits until `taskDone()` was called for every
 * item. Values are copied, by the rules of {@link Channel}.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * import { Queue } from 'tutti/sync';
 *
 * const jobs = new Queue<number>(8);
 * await using pool = threads({ workers: 2 });
 * const consumers = pool.broadcast(() => {
 *   let sum = 0;
 *   for (const job of jobs) { sum += job; jobs.taskDone(); }
 *   return sum;
 * });
 * for (let i = 1; i <= 10; i++) await jobs.putAsync(i);
 * await jobs.joinAsync(); // => true
 * jobs.shutdown();
 * const [a, b] = await consumers;
 * a! + b!; // => 55
 * ```
 */
export class Queue<T = unknown> extends PlainQueue<T> {
  /** @param capacity how many items it can hold, from 1; default 64 */
  constructor(capacity: number | Arrived = 64, options?: ValuesOptions) {
    super('Queue', 'fifo', capacity, options);
  }
}

/**
 * Last in, first out; all else is as in {@link Queue}.
 *
 * @example
 * ```ts
 * import { LifoQueue } from 'tutti/sync';
 *
 * const stack = new LifoQueue<string>(8);
 * stack.put('first');
 * stack.put('second');
 * stack.get(); // => 'second'
 * ```
 */
export class LifoQueue<T = unknown> extends PlainQueue<T> {
  /** @param capacity how many items it can hold, from 1; default 64 */
  constructor(capacity: number | Arrived = 64, options?: ValuesOptions) {
    super('LifoQueue', 'lifo', capacity, options);
  }
}

/**
 * The item of the smallest priority first, among equal ones the one that came first; all else is as in {@link Queue}.
 *
 * @example
 * ```ts
 * import { PriorityQueue } from 'tutti/sync';
 *
 * const jobs = new PriorityQueue<string>(8);
 * jobs.put('later', 2);
 * jobs.put('now', 1);
 * jobs.get(); // => 'now'
 * ```
 */
export class PriorityQueue<T = unknown> extends WorkQueue<T> {
  /** @param capacity how many items it can hold, from 1; default 64 */
  constructor(capacity: number | Arrived = 64, options?: ValuesOptions) {
    super('PriorityQueue', 'priority', capacity, options);
  }

  /** Puts an item in if there is room; never waits. */
  tryPut(value: T, priority: number): boolean {
    return this.tryGive(value, checkPriority(priority));
  }

  /** Blocks until the item is in; false when `timeoutMs` is over before. @throws ChannelClosedError after `shutdown()` */
  put(value: T, priority: number, options?: WaitOptions): boolean {
    return this.give(value, checkPriority(priority), options);
  }

  /** As {@link put}, without blocking the thread. */
  putAsync(value: T, priority: number, options?: WaitOptions): Promise<boolean> {
    return this.giveAsync(value, checkPriority(priority), options);
  }
}

function checkPriority(priority: number): number {
  if (typeof priority === 'number' && !Number.isNaN(priority)) return priority;
  throw new TypeError(`PriorityQueue: the priority must be a number, but got ${String(priority)}`);
}

travelsAs(import.meta.url, { Queue, LifoQueue, PriorityQueue });
