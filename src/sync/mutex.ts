/** Mutual exclusion. */
import { WaitTimeoutError } from '../base/errors.ts';
import { debugging, noteFreed, noteTaken } from './debug.ts';
import { during, duringAsync, Guard } from './guard.ts';
import * as lock from './lock-word.ts';
import { Arrived, checkPlain, SyncObject, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type WaitOptions } from './waiting.ts';

const check = checkPlain('Mutex');

/**
 * One at a time: whoever holds the mutex keeps all others out, in every thread (with `across: 'processes'`, in every process) that
 * has it.
 *
 * It is held by a _thread_, which alone can unlock it. It is not reentrant, and not fair: who comes just when it is unlocked may
 * overtake sleepers. What was written before `unlock()` is seen by whoever locks it next. Locking and unlocking it where nobody
 * waits is one atomic operation each, without a system call.
 *
 * `lock()` blocks the thread, for use in tasks; on a main thread it throws a WouldBlockError where it would have to wait.
 * `lockAsync()` works everywhere. A thread that dies while it holds the mutex leaves it _abandoned_: every `lock` throws an
 * AbandonedError until somebody has repaired what it protects and calls {@link takeOver}.
 *
 * @example
 * ```ts
 * import { shared, threads } from 'tutti';
 * import { Mutex } from 'tutti/sync';
 *
 * const mutex = new Mutex();
 * const balance = shared(Float64Array, 1);
 * await using pool = threads({ workers: 2 });
 * await pool.forEach(Array.from({ length: 100 }), () => {
 *   mutex.run(() => { balance[0]! += 1; });
 * });
 * balance[0]; // => 100
 * ```
 */
export class Mutex extends SyncObject {
  readonly #words: Int32Array;
  /** The number of this thread, once it has one. */
  #me = 0;

  /** @throws MissingPackageError with `across: 'processes'` when koffi is not installed */
  constructor(options?: SyncOptions | Arrived) {
    super(4, options instanceof Arrived ? options : check(options));
    this.#words = this.memory.words;
  }

  /** Takes the mutex if it is free; never waits. */
  tryLock(): boolean {
    const taken = lock.tryTake(this.#words, 0, (this.#me ||= this.agents.me));
    if (taken && debugging) noteTaken(this);
    return taken;
  }

  /**
   * Blocks until this thread holds the mutex; false when `timeoutMs` is over before. The mutex stays usable then.
   *
   * @throws DeadlockError when this thread holds it already; AbandonedError when its holder has died; WouldBlockError on a
   *   main thread; the reason of the `signal`
   */
  lock(options?: WaitOptions): boolean {
    checkLimits(options, this);
    if (this.tryLock()) return true;
    const taken = block(this, lock.take(this, this.memory, 0, options?.timeoutMs === undefined), options);
    if (taken && debugging) noteTaken(this);
    return taken;
  }

  /** As {@link lock}, without blocking the thread: other code of it runs meanwhile, and may hold the mutex. */
  async lockAsync(options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    if (this.tryLock()) return true;
    const taken = await waitAsync(this, lock.take(this, this.memory, 0, false), options);
    if (taken && debugging) noteTaken(this);
    return taken;
  }

  /**
   * Lets go, and wakes one who waits.
   *
   * @throws NotHeldError when this thread does not hold it
   */
  unlock(): void {
    if (debugging) noteFreed(this);
    lock.release(this, this.memory, 0);
  }

  /** Locks, and unlocks when the result is disposed of: `using guard = mutex.guard()`. @throws WaitTimeoutError after `timeoutMs` */
  guard(options?: WaitOptions): Guard {
    if (!this.lock(options)) throw tooLate(this, options);
    return new Guard(() => this.unlock());
  }

  /** As {@link guard}, without blocking the thread. */
  async guardAsync(options?: WaitOptions): Promise<Guard> {
    if (!(await this.lockAsync(options))) throw tooLate(this, options);
    return new Guard(() => this.unlock());
  }

  /** Calls `fn` while it holds the mutex, and lets go whatever happens; returns what `fn` returns. `fn` is not awaited: if it returns a promise, that is a TypeError. */
  run<T>(fn: () => T, options?: WaitOptions): T {
    return during(this.guard(options), fn);
  }

  /** As {@link run}, without blocking the thread; a promise of `fn` is awaited before it lets go. */
  async runAsync<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return duringAsync(await this.guardAsync(options), fn);
  }

  /** Whether anybody holds it, at this moment. */
  get locked(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /** Whether this thread holds it. */
  get held(): boolean {
    return lock.holderOf(this.#words, 0) === this.agents.me;
  }

  /** Whether its holder has died without letting go. */
  get abandoned(): boolean {
    return lock.isAbandoned(this, this.#words, 0);
  }

  /** Takes an abandoned mutex, from whoever has died: this thread holds it then. False when it is not abandoned. */
  takeOver(): boolean {
    const taken = lock.takeOver(this, this.memory, 0);
    if (taken && debugging) noteTaken(this);
    return taken;
  }
}

export function tooLate(object: SyncObject, options: WaitOptions | undefined): WaitTimeoutError {
  return new WaitTimeoutError(`${object.describe()} could not be taken within ${options?.timeoutMs ?? 0} ms`);
}

travelsAs(import.meta.url, { Mutex });
