/** Who is in: seats with the numbers of threads, so that those of the dead can be cleared. */
import type { Agents } from './agents.ts';

export class Roster {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #size: number;

  /** The words `first` to `first + size − 1`. */
  constructor(words: Int32Array, first: number, size: number) {
    this.#words = words;
    this.#first = first;
    this.#size = size;
  }

  /** Takes a seat; false when all are taken: then nobody will notice the thread's death. */
  enter(me: number): boolean {
    for (let k = 0; k < this.#size; k++) {
      const at = this.#first + ((me + k) % this.#size);
      if (Atomics.compareExchange(this.#words, at, 0, me) === 0) return true;
    }
    return false;
  }

  /** Gives a seat of the thread's up; false when it has none. */
  leave(me: number): boolean {
    for (let k = 0; k < this.#size; k++) {
      const at = this.#first + ((me + k) % this.#size);
      if (Atomics.compareExchange(this.#words, at, me, 0) === me) return true;
    }
    return false;
  }

  /** Whether the thread has a seat. */
  has(me: number): boolean {
    for (let k = 0; k < this.#size; k++)
      if (Atomics.load(this.#words, this.#first + ((me + k) % this.#size)) === me) return true;
    return false;
  }

  /** Clears the seats of threads that have ended; how many there were. */
  clearDead(agents: Agents): number {
    let count = 0;
    for (let at = this.#first; at < this.#first + this.#size; at++) {
      const id = Atomics.load(this.#words, at);
      if (id === 0 || !agents.isDead(id)) continue;
      if (Atomics.compareExchange(this.#words, at, id, 0) === id) count++;
    }
    return count;
  }

  /** The numbers in the seats. */
  *members(): Iterable<number> {
    for (let at = this.#first; at < this.#first + this.#size; at++) {
      const id = Atomics.load(this.#words, at);
      if (id !== 0) yield id;
    }
  }
}
