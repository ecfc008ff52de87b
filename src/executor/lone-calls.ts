/**
 * When the caller of a small call looks for its end for a moment instead of going to sleep.
 *
 * To wake a sleeping thread takes longer than a small call, twice on each way there and back. While one call is under way and no
 * other, its caller and one worker are all of the pool that has work: with two cores or more neither of them takes time from the others by
 * looking. Both do so only in a row of short calls that follow each other fast, and not for long.
 */
import { shareOfCores } from './share-of-cores.ts';
import { Spin } from './spin.ts';

/** Longest look: enough for a sleeping worker to wake and run a tiny call. */
const spinMs = 0.03;
/** Calls that compute longer are not looked for. */
const shortMs = 0.02;
/** Calls further apart are no row. */
const rowMs = 1;
/** A row leaves the event loop its turn this often: results that are found at once resume their caller before anything else. */
const turnMs = 1;

export class LoneCalls {
  #able: boolean | undefined;
  readonly #spin = new Spin(spinMs);
  /** When the latest short one ended. */
  #endedAt = -Infinity;
  #turnAt = -Infinity;

  /** There is a core for the worker beside the caller's. Asked late: to count cores takes a millisecond, in which the worker starts. */
  get able(): boolean {
    return (this.#able ??= shareOfCores() > 1);
  }

  /** The event loop has turned. */
  turned(): void {
    this.#turnAt = performance.now();
  }

  /** A call that was under way alone has ended. */
  ended(computeMs: number): void {
    this.#endedAt = computeMs <= shortMs ? performance.now() : -Infinity;
  }

  /** Calls `look` until it returns true, for a moment, if that is likely to pay; returns whether it did. */
  spin(look: () => boolean, blocking: boolean): boolean {
    if (!this.able) return false;
    const now = performance.now();
    if (now - this.#endedAt > rowMs || !(blocking || now - this.#turnAt <= turnMs)) return false;
    return this.#spin.until(look);
  }
}
