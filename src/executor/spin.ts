/**
 * Looking for something for a moment before going to sleep, as long as that pays.
 *
 * A spin in vain may mean that both sides share a core, and that one kept the other from running: then sleeping is what helps. So
 * each one in vain is followed by twice as many rests without a spin, up to a limit.
 */
const maxRests = 64;

export class Spin {
  readonly #ms: number;
  /** Rests without a spin after the next one in vain; those that are left of the latest. */
  #penalty = 1;
  #rests = 0;

  /** `ms`: the longest spin. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Calls `look` until it returns true; returns whether it did. */
  until(look: () => boolean): boolean {
    if (this.#rests > 0) {
      this.#rests--;
      return false;
    }
    const since = performance.now();
    do {
      for (let i = 0; i < 32; i++) {
        if (!look()) continue;
        this.#penalty = 1;
        return true;
      }
    } while (performance.now() - since < this.#ms);
    this.#rests = this.#penalty;
    this.#penalty = Math.min(maxRests, this.#penalty * 2);
    return false;
  }
}
