/** Which captured functions a worker has. */
import type { Captured } from '../closure/index.ts';

/** Captured functions that a worker keeps although none of its parts uses them. */
const keptFunctions = 64;
/** Of those that were captured for one call, with all that they reach: the next call brings its own. */
const keptForOneCall = 2;

/** A captured function that a worker has, and how many of its parts use it. */
interface Taught {
  readonly id: number;
  uses: number;
}

export class TaughtFunctions {
  /** Oldest first. */
  readonly #all = new Map<number, Taught>();
  /** The one that was asked for last: mostly the next as well. */
  #latest: Taught | undefined;
  /** Those of them that were captured for one call. */
  readonly #passing = new Set<number>();

  /** One more part uses a function; returns whether the worker has yet to get it. */
  use(fn: Captured): boolean {
    const taught = this.#find(fn.id);
    if (taught !== undefined) {
      taught.uses++;
      return false;
    }
    this.#all.set(fn.id, { id: fn.id, uses: 1 });
    if (!fn.reusable) this.#passing.add(fn.id);
    return true;
  }

  /** A part that used a function is no more. */
  release(id: number): void {
    const taught = this.#find(id);
    if (taught !== undefined) taught.uses--;
  }

  /** Drops what has not been used for longest, beyond what is kept; returns their ids: the worker may forget them. */
  dropSurplus(): readonly number[] {
    const unused: number[] = [];
    const drop = (ids: Iterable<number>, surplus: number): void => {
      for (const id of ids) {
        if (surplus <= 0) return;
        if ((this.#all.get(id)?.uses ?? 0) > 0) continue;
        unused.push(id);
        this.#all.delete(id);
        this.#passing.delete(id);
        surplus--;
      }
    };
    drop([...this.#passing], this.#passing.size - keptForOneCall);
    drop([...this.#all.keys()], this.#all.size - keptFunctions);
    if (unused.length > 0) this.#latest = undefined;
    return unused;
  }

  /** They could not be sent: the worker does not have them. */
  lost(ids: Iterable<number>): void {
    for (const id of ids) {
      this.#all.delete(id);
      this.#passing.delete(id);
    }
    this.#latest = undefined;
  }

  #find(id: number): Taught | undefined {
    if (this.#latest?.id !== id) this.#latest = this.#all.get(id);
    return this.#latest;
  }
}
