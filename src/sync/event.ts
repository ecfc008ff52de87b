/** A flag to wait for. */
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

const check = checkPlain('Event');

/**
 * A flag: {@link wait} returns when it is set. Whoever waits when it is set goes on, also if it is cleared right after.
 *
 * What was written before `set()` is seen by whoever has waited for it.
 *
 * @example
 * ```ts
 * import { submit } from 'tutti';
 * import { Event } from 'tutti/sync';
 *
 * const go = new Event();
 * const task = submit(() => go.wait());
 * go.set();
 * await task; // => true
 * ```
 */
export class Event extends SyncObject {
  readonly #words: Int32Array;

  /** Not set at first. @throws MissingPackageError with `across: 'processes'` when koffi is not installed */
  constructor(options?: SyncOptions | Arrived) {
    super(4, options instanceof Arrived ? options : check(options));
    this.#words = this.memory.words;
  }

  /** The flag is set, at this moment. */
  get isSet(): boolean {
    return (Atomics.load(this.#words, 0) & 1) !== 0;
  }

  /** Sets the flag and wakes all who wait; nothing when it is set already. */
  set(): void {
    // The lowest bit is the flag, the others count how often it was cleared.
    for (;;) {
      const word = Atomics.load(this.#words, 0);
      if ((word & 1) !== 0) return;
      if (Atomics.compareExchange(this.#words, 0, word, word | 1) === word) break;
    }
    this.memory.notify(0, Infinity);
  }

  /** Clears the flag: whoever waits from now on waits for the next `set()`. */
  clear(): void {
    for (;;) {
      const word = Atomics.load(this.#words, 0);
      if ((word & 1) === 0 || Atomics.compareExchange(this.#words, 0, word, (word + 1) | 0) === word) return;
    }
  }

  /** Blocks until the flag is set; false when `timeoutMs` is over before. */
  wait(options?: WaitOptions): boolean {
    checkLimits(options, this);
    return this.isSet || block(this, this.#wait(), options);
  }

  /** As {@link wait}, without blocking the thread. */
  async waitAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    return this.isSet || (await waitAsync(this, this.#wait(), options));
  }

  *#wait(): Steps<boolean> {
    const first = Atomics.load(this.#words, 0);
    if ((first & 1) !== 0) return true;
    while (Atomics.load(this.#words, 0) === first) {
      // Set in the last moment is set.
      if (!(yield { words: this.memory, at: 0, value: first })) return Atomics.load(this.#words, 0) !== first;
    }
    return true;
  }
}

travelsAs(import.meta.url, { Event });
