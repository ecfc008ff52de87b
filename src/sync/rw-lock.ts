/** Many readers or one writer. */
import { AbandonedError, DeadlockError, NotHeldError } from '../base/errors.ts';
import { debugging, noteFreed, noteTaken } from './debug.ts';
import { during, duringAsync, Guard } from './guard.ts';
import { tooLate } from './mutex.ts';
import { Roster } from './roster.ts';
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

const check = checkPlain('RwLock');

/** `state`: how many read, or minus the number of who writes. `turn` counts the chances to get in. */
const word = { state: 0, wanted: 1, turn: 2, sleepers: 3, unseated: 4, readers: 5, writers: 133 } as const;
const readerSeats = 128;
const writerSeats = 128;
const wordCount = word.writers + writerSeats;
/** In `state`: the writer has died. */
const abandoned = -0x7fff_ffff;

/**
 * Many may read at a time, or one may write.
 *
 * Writers come first: while one waits, no new reader gets in, so that readers cannot keep writers out for ever (but writers can
 * readers). Not reentrant: a thread that reads must not read again, as a writer may have come in between, nor write. Among
 * themselves, readers and writers have no order. What was written before `unlockWrite()` is seen by who gets in next.
 *
 * A reader that dies counts as one that has let go; a writer that dies leaves the lock _abandoned_, as a {@link Mutex}: locking throws
 * an AbandonedError until {@link takeOver}. (Of more than 128 readers at a time the others are not noticed when they die.)
 *
 * @example
 * ```ts
 * import { shared, threads } from 'tutti';
 * import { RwLock } from 'tutti/sync';
 *
 * const lock = new RwLock();
 * const pair = shared(Int32Array, 2);
 * await using pool = threads({ workers: 2 });
 * const torn = await pool.map([0, 1, 2, 3, 4, 5], (i) => i % 2 === 0
 *   ? lock.write(() => { pair[0]! += 1; pair[1]! += 1; return false; })
 *   : lock.read(() => pair[0] !== pair[1]));
 * torn.includes(true); // => false
 * ```
 */
export class RwLock extends SyncObject {
  readonly #words: Int32Array;
  readonly #readers: Roster;
  readonly #writers: Roster;

  /** @throws MissingPackageError with `across: 'processes'` when koffi is not installed */
  constructor(options?: SyncOptions | Arrived) {
    super(wordCount, options instanceof Arrived ? options : check(options));
    const { words } = this.memory;
    this.#words = words;
    this.#readers = new Roster(words, word.readers, readerSeats);
    this.#writers = new Roster(words, word.writers, writerSeats);
  }

  // ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gets in to read if nobody writes or waits to; never waits. */
  tryLockRead(): boolean {
    return this.#tryRead() || (this.#clearDead() && this.#tryRead());
  }

  #tryRead(): boolean {
    const words = this.#words;
    if (Atomics.load(words, word.wanted) > 0) return false;
    for (let state = Atomics.load(words, word.state); state >= 0;) {
      const seen = Atomics.compareExchange(words, word.state, state, state + 1);
      if (seen === state) {
        if (!this.#readers.enter(this.agents.me)) Atomics.add(words, word.unseated, 1);
        if (debugging) noteTaken(this);
        return true;
      }
      state = seen;
    }
    return false;
  }

  /** Blocks until this thread may read; false when `timeoutMs` is over before. Throws as {@link Mutex.lock}. */
  lockRead(options?: WaitOptions): boolean {
    checkLimits(options, this);
    return this.#tryRead() || block(this, this.#lockRead(options?.timeoutMs === undefined), options);
  }

  /** As {@link lockRead}, without blocking the thread. */
  async lockReadAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    return this.#tryRead() || (await waitAsync(this, this.#lockRead(false), options));
  }

  /** Lets go of what was locked to read. @throws NotHeldError when this thread does not read */
  unlockRead(): void {
    const words = this.#words;
    if (!this.#readers.leave(this.agents.me)) {
      if (Atomics.load(words, word.unseated) <= 0)
        throw new NotHeldError(`cannot unlock ${this.describe()}: this thread has not locked it to read`);
      Atomics.sub(words, word.unseated, 1);
    }
    Atomics.sub(words, word.state, 1);
    if (debugging) noteFreed(this);
    this.#giveWay();
  }

  // ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gets in to write if nobody is in; never waits. */
  tryLockWrite(): boolean {
    return this.#tryWrite() || (this.#clearDead() && this.#tryWrite());
  }

  #tryWrite(): boolean {
    if (Atomics.compareExchange(this.#words, word.state, 0, -this.agents.me) !== 0) return false;
    if (debugging) noteTaken(this);
    return true;
  }

  /** Blocks until this thread alone is in; false when `timeoutMs` is over before. Throws as {@link Mutex.lock}. */
  lockWrite(options?: WaitOptions): boolean {
    checkLimits(options, this);
    return this.#tryWrite() || block(this, this.#lockWrite(options?.timeoutMs === undefined), options);
  }

  /** As {@link lockWrite}, without blocking the thread. */
  async lockWriteAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    return this.#tryWrite() || (await waitAsync(this, this.#lockWrite(false), options));
  }

  /** Lets go of what was locked to write. @throws NotHeldError when this thread does not write */
  unlockWrite(): void {
    const { me } = this.agents;
    if (Atomics.compareExchange(this.#words, word.state, -me, 0) !== -me)
      throw new NotHeldError(`cannot unlock ${this.describe()}: this thread has not locked it to write`);
    if (debugging) noteFreed(this);
    this.#giveWay();
  }

  // ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Calls `fn` while it may read; returns what `fn` returns. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  read<T>(fn: () => T, options?: WaitOptions): T {
    return during(this.readGuard(options), fn);
  }

  /** Calls `fn` while it alone is in; returns what `fn` returns. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  write<T>(fn: () => T, options?: WaitOptions): T {
    return during(this.writeGuard(options), fn);
  }

  /** As {@link read}, without blocking the thread; a promise of `fn` is awaited. */
  async readAsync<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return duringAsync(await this.readGuardAsync(options), fn);
  }

  /** As {@link write}, without blocking the thread; a promise of `fn` is awaited. */
  async writeAsync<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return duringAsync(await this.writeGuardAsync(options), fn);
  }

  /** Locks to read, until the result is disposed of. @throws WaitTimeoutError after `timeoutMs` */
  readGuard(options?: WaitOptions): Guard {
    if (!this.lockRead(options)) throw tooLate(this, options);
    return new Guard(() => this.unlockRead());
  }

  /** Locks to write, until the result is disposed of. @throws WaitTimeoutError after `timeoutMs` */
  writeGuard(options?: WaitOptions): Guard {
    if (!this.lockWrite(options)) throw tooLate(this, options);
    return new Guard(() => this.unlockWrite());
  }

  /** As {@link readGuard}, without blocking the thread. */
  async readGuardAsync(options?: WaitOptions): Promise<Guard> {
    if (!(await this.lockReadAsync(options))) throw tooLate(this, options);
    return new Guard(() => this.unlockRead());
  }

  /** As {@link writeGuard}, without blocking the thread. */
  async writeGuardAsync(options?: WaitOptions): Promise<Guard> {
    if (!(await this.lockWriteAsync(options))) throw tooLate(this, options);
    return new Guard(() => this.unlockWrite());
  }

  /** How many read, at this moment. */
  get readers(): number {
    return Math.max(0, Atomics.load(this.#words, word.state));
  }

  /** Somebody writes, at this moment, or has died while it did. */
  get writing(): boolean {
    return Atomics.load(this.#words, word.state) < 0;
  }

  /** Whether its writer has died without letting go. */
  get abandoned(): boolean {
    const state = Atomics.load(this.#words, word.state);
    return state === abandoned || (state < 0 && this.agents.isDead(-state));
  }

  /** Takes a lock whose writer has died: this thread writes then. False when it is not abandoned. */
  takeOver(): boolean {
    const words = this.#words;
    for (;;) {
      const state = Atomics.load(words, word.state);
      if (state >= 0 || (state !== abandoned && !this.agents.isDead(-state))) return false;
      if (Atomics.compareExchange(words, word.state, state, -this.agents.me) !== state) continue;
      if (debugging) noteTaken(this);
      return true;
    }
  }

  *#lockRead(blocks: boolean): Steps<boolean> {
    const words = this.#words;
    Atomics.add(words, word.sleepers, 1);
    try {
      for (;;) {
        const turn = Atomics.load(words, word.turn);
        if (this.#tryRead()) return true;
        const state = this.#lookAtWriter(blocks);
        if (this.#clearDead()) continue;
        if (blocks && Atomics.load(words, word.wanted) > 0 && this.#readers.has(this.agents.me)) {
          throw new DeadlockError(
            `cannot lock ${this.describe()} to read: this thread reads already, a writer waits for it, and it would wait for the ` +
              'writer; read once',
          );
        }
        if (yield this.#asleep(turn, state)) continue;
        return this.#tryRead();
      }
    } finally {
      Atomics.sub(words, word.sleepers, 1);
    }
  }

  *#lockWrite(blocks: boolean): Steps<boolean> {
    const words = this.#words;
    const { me } = this.agents;
    // First it says that it wants to write: from then on nobody gets in to read.
    // The wait of a thread that reads ends when it has let go itself.
    if (blocks && this.#readers.has(me)) {
      throw new DeadlockError(
        `cannot lock ${this.describe()} to write: this thread reads and would wait for itself; unlock it first`,
      );
    }
    const seated = this.#writers.enter(me);
    Atomics.add(words, word.wanted, 1);
    Atomics.add(words, word.sleepers, 1);
    let taken = false;
    try {
      for (;;) {
        const turn = Atomics.load(words, word.turn);
        if ((taken = this.#tryWrite())) return true;
        const state = this.#lookAtWriter(blocks);
        if (this.#clearDead()) continue;
        if (yield this.#asleep(turn, state)) continue;
        taken = this.#tryWrite();
        return taken;
      }
    } finally {
      Atomics.sub(words, word.sleepers, 1);
      // Whoever has cleared its seat has counted it off, too: that happens to the dead only.
      if (seated) this.#writers.leave(me);
      Atomics.sub(words, word.wanted, 1);
      // Readers may have waited for it.
      if (!taken) this.#giveWay();
    }
  }

  #asleep(turn: number, state: number) {
    const holder = state < 0 ? { holder: -state } : {};
    return { words: this.memory, at: word.turn, value: turn, ...holder };
  }

  /** Throws where waiting is in vain. */
  #lookAtWriter(blocks: boolean): number {
    const words = this.#words;
    const { agents } = this;
    for (;;) {
      const state = Atomics.load(words, word.state);
      if (state >= 0) return state;
      if (state !== abandoned && !agents.isDead(-state)) {
        if (blocks && -state === agents.me) {
          throw new DeadlockError(
            `cannot lock ${this.describe()}: this thread writes already and would wait for itself; unlock it first`,
          );
        }
        return state;
      }
      // Somebody may have taken it over meanwhile.
      if (Atomics.compareExchange(words, word.state, state, abandoned) === state) break;
    }
    throw new AbandonedError(
      `cannot lock ${this.describe()}: a thread died while it wrote, and what it wrote may be incomplete; ` +
        'repair that and call takeOver()',
    );
  }

  /** Readers that have died have let go, writers that have died do not wait. Whether there were any. */
  #clearDead(): boolean {
    const words = this.#words;
    const readers = this.#readers.clearDead(this.agents);
    if (readers > 0) Atomics.sub(words, word.state, readers);
    const writers = this.#writers.clearDead(this.agents);
    if (writers > 0) Atomics.sub(words, word.wanted, writers);
    if (readers + writers > 0) this.#giveWay();
    return readers + writers > 0;
  }

  /** Somebody may get in now. */
  #giveWay(): void {
    const words = this.#words;
    Atomics.add(words, word.turn, 1);
    if (Atomics.load(words, word.sleepers) > 0) this.memory.notify(word.turn, Infinity);
  }
}

travelsAs(import.meta.url, { RwLock });
