/** What holds a lock until it is disposed of. */
import { NotHeldError } from '../base/errors.ts';
import { isThenable } from '../base/thenable.ts';

/** Lets go of what was taken when it is disposed of (`using guard = mutex.guard()`), once. */
export class Guard implements Disposable {
  #free: (() => void) | undefined;

  /** @internal */
  constructor(free: () => void) {
    this.#free = free;
  }

  /** Lets go now; later calls do nothing. */
  release(): void {
    const free = this.#free;
    this.#free = undefined;
    free?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Calls `fn`, then lets go. What `fn` throws tells more than that nothing is held any more. */
export function during<T>(guard: Guard, fn: () => T): T {
  let result: T;
  try {
    result = fn();
  } catch (error) {
    releaseQuietly(guard);
    throw error;
  }
  guard.release();
  return notPromised(result);
}

/**
 * What a function returned that is not awaited.
 *
 * @throws TypeError for a promise: the function goes on when everybody takes it for over
 */
export function notPromised<T>(
  result: T,
  fix = 'use the method that awaits it (runAsync(), readAsync() …)',
): T {
  if (!isThenable(result)) return result;
  throw new TypeError(
    `the function returned a promise, which is not waited for: what it does later it would do without the lock; ${fix}`,
  );
}

/** As {@link during}; awaits what `fn` returns. */
export async function duringAsync<T>(guard: Guard, fn: () => T | PromiseLike<T>): Promise<T> {
  let result: T;
  try {
    result = await fn();
  } catch (error) {
    releaseQuietly(guard);
    throw error;
  }
  guard.release();
  return result;
}

function releaseQuietly(guard: Guard): void {
  try {
    guard.release();
  } catch (error) {
    // A wait inside that failed has not got the lock back.
    if (!(error instanceof NotHeldError)) throw error;
  }
}
