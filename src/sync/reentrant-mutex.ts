/** Mutual exclusion that its holder may enter again. */
import { debugging, noteFreed, noteTaken } from './debug.ts';
import { during, Guard } from './guard.ts';
import * as lock from './lock-word.ts';
import { tooLate } from './mutex.ts';
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type WaitOptions } from './waiting.ts';

const check = checkPlain('ReentrantMutex');
const depth = 1;

/**
 * A mutex that the thread which holds it may lock again; it is free when that has unlocked it as often.
 *
 * The holder is the _thread_: two asynchronous functions of one thread do not keep each other out. Use a {@link Mutex} for
 * those. All else is as there.
 *
 * @example
 * ```ts
 * import { ReentrantMutex } from 'tutti/sync';
 *
 * const mutex = new ReentrantMutex();
 * const twice = mutex.run(() => mutex.run(() => mutex.depth)); // => 2
 * mutex.depth; // => 0
 * ```
 */
export class ReentrantMutex extends SyncObject {
  readonly #words: Int32Array;

  /** @throws MissingPackageError with `across: 'processes'` when koffi is not installed */
  constructor(options?: SyncOptions | Arrived) {
    super(4, options instanceof Arrived ? options : check(options));
    this.#words = this.memory.words;
  }

  /** Takes the mutex if it is free, or this thread's already; never waits. */
  tryLock(): boolean {
    const { me } = this.agents;
    if (lock.holderOf(this.#words, 0) !== me && !lock.tryTake(this.#words, 0, me)) return false;
    return this.#enter();
  }

  /** Blocks until this thread holds the mutex once more; false when `timeoutMs` is over before. Throws as {@link Mutex.lock}. */
  lock(options?: WaitOptions): boolean {
    checkLimits(options, this);
    if (this.tryLock()) return true;
    return (
      block(this, lock.take(this, this.memory, 0, options?.timeoutMs === undefined), options) && this.#enter()
    );
  }

  /** As {@link lock}, without blocking the thread. */
  async lockAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    if (this.tryLock()) return true;
    // Another function of this thread may have got it meanwhile: then it is this thread's, and that is enough.
    return (await waitAsync(this, this.#takeOrJoin(), options)) && this.#enter();
  }

  *#takeOrJoin(): ReturnType<typeof lock.take> {
    const steps = lock.take(this, this.memory, 0, false);
    for (let step = steps.next(); step.done !== true;) {
      if (step.value.holder === this.agents.me) return true;
      step = steps.next(yield step.value);
      if (step.done === true) return step.value;
    }
    return true;
  }

  #enter(): true {
    // Its holder alone touches the depth.
    this.#words[depth] = (this.#words[depth] as number) + 1;
    if (debugging) noteTaken(this);
    return true;
  }

  /** Lets go once. @throws NotHeldError when this thread does not hold it */
  unlock(): void {
    if (!this.held) throw lock.notHeld(this, lock.holderOf(this.#words, 0));
    const left = (this.#words[depth] as number) - 1;
    this.#words[depth] = left;
    if (left > 0) return;
    if (debugging) noteFreed(this);
    lock.release(this, this.memory, 0);
  }

  /** Locks, and unlocks when the result is disposed of. @throws WaitTimeoutError after `timeoutMs` */
  guard(options?: WaitOptions): Guard {
    if (!this.lock(options)) throw tooLate(this, options);
    return new Guard(() => this.unlock());
  }

  /** As {@link guard}, without blocking the thread. */
  async guardAsync(options?: WaitOptions): Promise<Guard> {
    if (!(await this.lockAsync(options))) throw tooLate(this, options);
    return new Guard(() => this.unlock());
  }

  /** Calls `fn` while it holds the mutex; returns what `fn` returns. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  run<T>(fn: () => T, options?: WaitOptions): T {
    return during(this.guard(options), fn);
  }

  /** Whether this thread holds it. */
  get held(): boolean {
    return lock.holderOf(this.#words, 0) === this.agents.me;
  }

  /** How often this thread has to unlock it until it is free; 0 when it does not hold it. */
  get depth(): number {
    return this.held ? (this.#words[depth] as number) : 0;
  }

  /** Whether its holder has died without letting go. */
  get abandoned(): boolean {
    return lock.isAbandoned(this, this.#words, 0);
  }

  /** Takes an abandoned mutex: this thread holds it once then. False when it is not abandoned. */
  takeOver(): boolean {
    if (!lock.takeOver(this, this.memory, 0)) return false;
    this.#words[depth] = 0;
    return this.#enter();
  }

  /** @internal Lets go altogether; returns how often it was held. */
  freeAll(): number {
    if (!this.held) throw lock.notHeld(this, lock.holderOf(this.#words, 0));
    const times = this.#words[depth] as number;
    this.#words[depth] = 0;
    lock.release(this, this.memory, 0);
    return times;
  }

  /** @internal Holds it as often as before, when it has been taken again. */
  restore(times: number): void {
    this.#words[depth] = times;
  }
}

travelsAs(import.meta.url, { ReentrantMutex });
