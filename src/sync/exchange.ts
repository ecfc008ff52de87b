/** What channels and queues have in common: a lock, the two sides that wait, the end, and those who listen to several. */
import { ChannelClosedError } from '../base/errors.ts';
import * as lock from './lock-word.ts';
import { Roster } from './roster.ts';
import { Arrived, SyncObject, type SyncOptions } from './sync-object.ts';
import type { Sleep, Steps } from './waiting.ts';

/**
 * Words of every exchange. `filled` and `freed` count what was put in and taken out, for those who sleep until then; the counts
 * of sleepers and all that subclasses add change under the lock only.
 */
export const word = {
  lock: 0,
  closed: 1,
  filled: 2,
  freed: 3,
  takers: 4,
  givers: 5,
  listeners: 6,
  count: 7,
  head: 8,
  capacity: 9,
  unfinished: 10,
  finished: 11,
  arrivals: 12,
  seats: 16,
} as const;
const seats = 32;
/** Where the words of a subclass begin. */
export const ownWords = word.seats + seats;

/** How far a closed exchange has come. */
export const Closed = { no: 0, draining: 1, now: 2 } as const;

/** Something whose two sides meet. */
export abstract class Exchange extends SyncObject {
  /** @internal */
  readonly words: Int32Array;
  readonly #listeners: Roster;
  /** @internal */
  readonly afterDeath: string = 'make a new one';
  #me = 0;

  constructor(wordCount: number, options: SyncOptions | Arrived) {
    super(ownWords + wordCount, options);
    this.words = this.memory.words;
    this.#listeners = new Roster(this.words, word.seats, seats);
  }

  /** How many items are in it, at this moment. */
  get size(): number {
    return Atomics.load(this.words, word.count);
  }

  /** How many it can hold. */
  get capacity(): number {
    return this.words[word.capacity] as number;
  }

  /** Nothing can be put in any more. */
  get closed(): boolean {
    return Atomics.load(this.words, word.closed) !== Closed.no;
  }

  /** Does `act` under the lock, if that is free; undefined when it is not, or `act` says so. */
  protected tryLocked<T>(act: () => T | undefined): T | undefined {
    if (!lock.tryTake(this.words, word.lock, (this.#me ||= this.agents.me))) return undefined;
    try {
      return act();
    } finally {
      lock.release(this, this.memory, word.lock);
    }
  }

  /** Does `act` under the lock. */
  protected locked<T>(act: () => T): Steps<T> {
    return lock.briefly(this, this.memory, word.lock, act);
  }

  /**
   * Does `act` under the lock as soon as it gives something; undefined when the time is up before. `side` says what it waits for:
   * things to take, or room to give.
   */
  protected *when<T>(side: 'takers' | 'givers', act: () => T | undefined): Steps<T | undefined> {
    const { words } = this;
    const at = side === 'takers' ? word.filled : word.freed;
    for (;;) {
      let seen = 0;
      const done = yield* this.locked(() => {
        const result = act();
        if (result === undefined) {
          seen = Atomics.load(words, at);
          Atomics.add(words, word[side], 1);
        }
        return result;
      });
      if (done !== undefined) return done;
      let more = false;
      try {
        more = yield { words: this.memory, at, value: seen };
      } finally {
        Atomics.sub(words, word[side], 1);
      }
      if (!more) return yield* this.locked(act);
    }
  }

  /** Something was put in (under the lock, or after it): those who wait for that are told. */
  protected filled(n = 1): void {
    this.#tell(word.filled, word.takers, n);
  }

  /** Something was taken out. */
  protected freed(n = 1): void {
    this.#tell(word.freed, word.givers, n);
  }

  #tell(at: number, sleepers: number, n: number): void {
    const { words } = this;
    if (Atomics.load(words, sleepers) > 0) {
      Atomics.add(words, at, 1);
      this.memory.notify(at, n);
    }
    if (Atomics.load(words, word.listeners) > 0)
      for (const id of this.#listeners.members()) this.agents.ring(id);
  }

  /** Ends it: with `now`, what is in it is lost, else it can still be taken out. False when it has ended before. */
  protected *end(now: boolean, clear: () => void): Steps<boolean> {
    const { words } = this;
    const ended = yield* this.locked(() => {
      const before = Atomics.load(words, word.closed);
      if (before === Closed.now || (before === Closed.draining && !now)) return false;
      Atomics.store(words, word.closed, now ? Closed.now : Closed.draining);
      if (now) clear();
      return true;
    });
    if (!ended) return false;
    for (const at of [word.filled, word.freed]) {
      Atomics.add(words, at, 1);
      this.memory.notify(at, Infinity);
    }
    for (const id of this.#listeners.members()) this.agents.ring(id);
    return true;
  }

  /** @internal Has this thread's bell rung whenever something was put in or taken out, until {@link unlisten}. */
  listen(): void {
    Atomics.add(this.words, word.listeners, 1);
    const { me } = this.agents;
    // Without a seat it is not told, and looks now and then.
    if (!this.#listeners.enter(me) && this.#listeners.clearDead(this.agents) > 0) this.#listeners.enter(me);
  }

  /** @internal */
  unlisten(): void {
    this.#listeners.leave(this.agents.me);
    Atomics.sub(this.words, word.listeners, 1);
  }

  /** @internal Until this thread's bell rings after `seen`. */
  bell(seen: number): Sleep {
    return { words: this.agents.words, at: this.agents.bellOf(this.agents.me), value: seen };
  }

  protected cannotPut(): ChannelClosedError {
    return new ChannelClosedError(`cannot put anything into ${this.describe()}: it is closed`);
  }

  protected cannotTake(): ChannelClosedError {
    return new ChannelClosedError(`${this.describe()} is closed, and nothing is left in it`);
  }
}
