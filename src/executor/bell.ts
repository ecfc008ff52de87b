/**
 * How workers call a scheduler that has nothing to do: one word counts the calls, one says how the scheduler listens.
 *
 * Workers publish first and look at the second word afterwards; the scheduler writes the second word first and looks for
 * published results afterwards. So one of the two sees the other, and a result is never left lying.
 */
import { waitAsync, waitOn, wake } from './waiting.ts';

export type Bell = Int32Array;

export const bellWords = 2;

export const Listening = { no: 0, asleep: 1, blocked: 2 } as const;

const count = 0;
const listening = 1;

/** A bell between threads. */
export function makeBell(): Bell {
  return new Int32Array(new SharedArrayBuffer(bellWords * 4));
}

/** Wakes a scheduler that listens; returns whether it did. One worker does it for all. */
export function ring(bell: Bell): boolean {
  if (Atomics.load(bell, listening) === Listening.no) return false;
  const how = Atomics.exchange(bell, listening, Listening.no);
  if (how === Listening.no) return false;
  Atomics.add(bell, count, 1);
  wake(bell, count, how === Listening.asleep);
  return true;
}

/** Wakes a scheduler that blocks its thread; one in its event loop is told of messages by that. */
export function ringIfBlocked(bell: Bell): void {
  if (Atomics.load(bell, listening) === Listening.blocked) ring(bell);
}

/** The scheduler's side. */
export class Listener {
  readonly bell: Bell;
  readonly #onRing: () => void;
  readonly #woken = (): void => {
    this.#asleep = false;
    this.#onRing();
  };
  /** A promise waits for the next ring. */
  #asleep = false;

  /** `onRing` is called from the event loop, once for each {@link listen} that went to sleep. */
  constructor(bell: Bell, onRing: () => void) {
    this.bell = bell;
    this.#onRing = onRing;
  }

  /**
   * Has `onRing` called at the next ring. `look` takes in what has been published; it is called at least once. Returns
   * whether somebody has rung meanwhile, for whom `onRing` is not called.
   */
  listen(look: () => void): boolean {
    const { bell } = this;
    for (let rung = false; ; rung = true) {
      const seen = Atomics.load(bell, count);
      Atomics.store(bell, listening, Listening.asleep);
      look();
      if (this.#asleep) return rung;
      const next = waitAsync(bell, count, seen);
      if (next === false) continue;
      this.#asleep = true;
      void next.then(this.#woken);
      return rung;
    }
  }

  /** Blocks this thread until the next ring, at most `ms()`. `look` returns false when there is no need to wait. */
  block(look: () => boolean, ms: () => number): void {
    const { bell } = this;
    const seen = Atomics.load(bell, count);
    Atomics.store(bell, listening, Listening.blocked);
    if (look()) waitOn(bell, count, seen, ms());
    Atomics.store(bell, listening, this.#asleep ? Listening.asleep : Listening.no);
  }
}
