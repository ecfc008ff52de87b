/** Things to look at later. One timer for all, which never keeps the process alive. */
export class Deadlines {
  readonly #entries = new Set<{ at: number; check: () => void }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;

  /** Calls `check` once, `ms` from now; returns a function that drops it. */
  add(ms: number, check: () => void): () => void {
    const entry = { at: performance.now() + ms, check };
    this.#entries.add(entry);
    this.#arm(entry.at);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Runs what is due. The timer calls it; so does a thread that blocks and gets no timer events. */
  tick(): void {
    const now = performance.now();
    for (const entry of this.#entries) {
      if (entry.at > now) continue;
      this.#entries.delete(entry);
      entry.check();
    }
    this.#timerAt = Infinity;
    let next = Infinity;
    for (const entry of this.#entries) next = Math.min(next, entry.at);
    if (next < Infinity) this.#arm(next);
    else clearTimeout(this.#timer);
  }

  #arm(at: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(
      () => this.tick(),
      Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(at - performance.now()))),
    );
    this.#timer.unref();
  }
}
