/** When a failing item is tried again: the pure part of `retries`. */
import { CaptureError, ExecutorClosedError, WorkerInitError } from '../base/errors.ts';
import type { RetryRules } from './options.ts';

/** Counts the tries of each item of one call. */
export class RetryLedger {
  readonly #rules: RetryRules;
  readonly #tries = new Map<number, number>();

  constructor(rules: RetryRules) {
    this.#rules = rules;
  }

  /** The items `from ≤ index < to` have their results: their counts go, so that an endless stream keeps none. */
  forget(from: number, to: number): void {
    for (let index = from; index < to && this.#tries.size > 0; index++) this.#tries.delete(index);
  }

  /**
   * Milliseconds to wait before item `index` is tried again, `undefined` when it has failed for good.
   *
   * Whatever `retries.on` throws is thrown here.
   */
  delay(index: number, error: unknown): number | undefined {
    if (isFinal(error)) return undefined;
    const tries = (this.#tries.get(index) ?? 0) + 1;
    const { limit, backoffMs, factor, maxBackoffMs, on } = this.#rules;
    if (tries > limit || on?.(error, tries) === false) {
      this.#tries.delete(index);
      return undefined;
    }
    this.#tries.set(index, tries);
    return Math.min(maxBackoffMs, backoffMs * factor ** (tries - 1));
  }
}

/** Errors that come back however often one tries. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof ExecutorClosedError || error instanceof CaptureError || error instanceof WorkerInitError
  );
}
