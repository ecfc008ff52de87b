/** One at a time, across all threads and processes that map the same segment. */
import { SharedMemoryError, UnsupportedError } from '../base/errors.ts';
import { SharedWord } from './futex.ts';
import { isProcessAlive, pidOf, processIdentity } from './process-identity.ts';

/** Somebody may sleep: who unlocks wakes one. The sign bit of the word. */
const CONTENDED = 0x8000_0000 | 0;
/** How often a waiter looks whether the holder is alive. */
const LOOK_MS = 100;

/**
 * A mutex in one word of a segment: zero is free, else the word says which process holds it.
 *
 * It is not recursive, and not fair: who comes just when it is unlocked may overtake sleepers. When a process dies that
 * holds it, nobody hangs: `lock()` throws, for everybody, until somebody repairs what the mutex protects and calls
 * {@link takeOver}. A *thread* that is terminated while it holds the mutex cannot be told from one that is slow; use a
 * timeout where that can happen. All processes must see each other's pids (not be in containers of their own).
 */
export class ProcessMutex {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #word: SharedWord;
  readonly #me: number;
  #held = false;

  /** The mutex in word `index` of an array over a segment; all zero at first. Each thread makes an object of its own. */
  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
    this.#word = new SharedWord(words, index);
    this.#me = processIdentity(process.pid) ?? pidOf(process.pid);
  }

  /** Whether this object holds the mutex. */
  get held(): boolean {
    return this.#held;
  }

  /** Takes the mutex if it is free. */
  tryLock(): boolean {
    this.#refuseTwice();
    return this.#take(this.#me);
  }

  /**
   * Blocks until this object holds the mutex, at most `timeoutMs`; whether it does.
   *
   * @throws SharedMemoryError when the process that holds it has died
   */
  lock(timeoutMs = Infinity): boolean {
    this.#refuseTwice();
    if (this.#take(this.#me)) return true;
    const end = performance.now() + timeoutMs;
    for (;;) {
      const word = this.#contend();
      if (word === 0) return true;
      const left = end - performance.now();
      if (left <= 0) return false;
      if (!this.#word.wait(word, Math.min(left, LOOK_MS))) this.#checkHolder(word);
    }
  }

  /** As {@link lock}, without blocking this thread. */
  async lockAsync(timeoutMs = Infinity): Promise<boolean> {
    this.#refuseTwice();
    if (this.#take(this.#me)) return true;
    const end = performance.now() + timeoutMs;
    for (;;) {
      const word = this.#contend();
      if (word === 0) return true;
      const left = end - performance.now();
      if (left <= 0) return false;
      if (!(await this.#word.waitAsync(word, Math.min(left, LOOK_MS)))) this.#checkHolder(word);
    }
  }

  /** Lets go, and wakes one who waits. */
  unlock(): void {
    if (!this.#held) throw new UnsupportedError('cannot unlock a mutex that this object does not hold');
    this.#held = false;
    // What was written before is visible to who sees the zero: both are sequentially consistent.
    const before = Atomics.exchange(this.#words, this.#index, 0);
    if ((before & CONTENDED) !== 0) this.#word.wake(1);
  }

  /** Takes the mutex from a process that has died; false when it is free, its holder lives, or another was faster. */
  takeOver(): boolean {
    this.#refuseTwice();
    const word = Atomics.load(this.#words, this.#index);
    if (word === 0 || isProcessAlive(word & ~CONTENDED)) return false;
    const mine = this.#me | CONTENDED; // sleepers of the dead one are ours now
    this.#held = Atomics.compareExchange(this.#words, this.#index, word, mine) === word;
    return this.#held;
  }

  #take(word: number): boolean {
    this.#held = Atomics.compareExchange(this.#words, this.#index, 0, word) === 0;
    return this.#held;
  }

  /** Takes the mutex (0) or marks it as contended; returns the word to sleep on. */
  #contend(): number {
    for (;;) {
      // Others may sleep, and nobody counts them: who had to wait unlocks as if somebody did.
      if (this.#take(this.#me | CONTENDED)) return 0;
      const word = Atomics.load(this.#words, this.#index);
      if (word === 0) continue;
      const marked = word | CONTENDED;
      if (word === marked || Atomics.compareExchange(this.#words, this.#index, word, marked) === word)
        return marked;
    }
  }

  #checkHolder(word: number): void {
    if (isProcessAlive(word & ~CONTENDED) || Atomics.load(this.#words, this.#index) !== word) return;
    throw new SharedMemoryError(
      `the process ${pidOf(word)} died while it held this mutex: what the mutex protects may be half-written; ` +
        'repair it and call takeOver()',
    );
  }

  #refuseTwice(): void {
    if (this.#held) throw new UnsupportedError('this object holds the mutex already: it is not recursive');
  }
}
