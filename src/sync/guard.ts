/** What holds a lock until it is disposed of. */

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
