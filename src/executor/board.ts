/**
 * The shared words between the scheduler and one worker: who may run what, and what runs now.
 *
 * A worker that runs synchronous code reads no messages, so everything that must reach it — or be known after it
 * died — goes through this memory. Each part that a worker holds owns one slot of four words:
 *
 * - `state`: `queued` → `running` by the worker, or `queued` → `taken` by the scheduler; a compare-and-exchange
 *   decides, so that an unstarted part runs here or elsewhere, never both and never neither. `running` → `condemned` by
 *   the scheduler, or `running` → `free` by the worker: a worker is killed in the part that it is killed for, or not at all.
 * - `next`: the first item that nobody has claimed. The worker claims a stride with a compare-and-exchange; the
 *   scheduler takes all that is left with one exchange to `cut`. Whatever was claimed before stays with the worker.
 * - `current`: the item that runs, written without ordering: it is read only after the worker is gone, or as a hint.
 * - `stop`: set once when the part should stop.
 *
 * A slot is used again only after the worker has reported the end of its part, so that no late word meets a new part.
 */
export const slotCount = 256;

const headerWords = 16;
const slotWords = 4;
const runningWord = 0;
const exitWord = 1;

export const SlotState = { free: 0, queued: 1, running: 2, taken: 3, condemned: 4 } as const;

/** In `next`: the scheduler has taken the rest. */
const cut = -1;

export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  /** Start of the item that runs, per slot, by {@link commonClock}; for parts with a time limit. */
  readonly #startedAt: Float64Array<SharedArrayBuffer>;

  constructor(buffer?: SharedArrayBuffer) {
    const words = headerWords + slotCount * slotWords;
    this.buffer = buffer ?? new SharedArrayBuffer(words * 4 + slotCount * 8);
    this.#words = new Int32Array(this.buffer, 0, words);
    this.#startedAt = new Float64Array(this.buffer, words * 4, slotCount);
  }

  #at(slot: number, word: 0 | 1 | 2 | 3): number {
    return headerWords + slot * slotWords + word;
  }

  // ── scheduler ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Prepares a slot before its part is sent. */
  open(slot: number, from: number): void {
    Atomics.store(this.#words, this.#at(slot, 1), from);
    this.#words[this.#at(slot, 2)] = from;
    Atomics.store(this.#words, this.#at(slot, 3), 0);
    this.#startedAt[slot] = 0;
    Atomics.store(this.#words, this.#at(slot, 0), SlotState.queued);
  }

  /** Takes an unstarted part back; false when it has started. */
  takeBack(slot: number): boolean {
    const { queued, taken } = SlotState;
    return Atomics.compareExchange(this.#words, this.#at(slot, 0), queued, taken) === queued;
  }

  /** Takes the unclaimed items of a running part; returns the first of them. */
  cut(slot: number, to: number): number {
    const next = Atomics.exchange(this.#words, this.#at(slot, 1), cut);
    return next === cut ? to : next;
  }

  /** Before its worker is killed: keeps the worker from ending the part and starting another; false when it has ended. */
  condemn(slot: number): boolean {
    const { running, condemned } = SlotState;
    return Atomics.compareExchange(this.#words, this.#at(slot, 0), running, condemned) === running;
  }

  isRunning(slot: number): boolean {
    return Atomics.load(this.#words, this.#at(slot, 0)) === SlotState.running;
  }

  /** The first unclaimed item, without taking anything. */
  peek(slot: number, to: number): number {
    const next = Atomics.load(this.#words, this.#at(slot, 1));
    return next === cut ? to : next;
  }

  requestStop(slot: number): void {
    Atomics.store(this.#words, this.#at(slot, 3), 1);
  }

  /** The slot whose part runs, or −1. */
  runningSlot(): number {
    return Atomics.load(this.#words, runningWord) - 1;
  }

  startedAt(slot: number): number {
    return this.#startedAt[slot] as number;
  }

  currentItem(slot: number): number {
    return this.#words[this.#at(slot, 2)] as number;
  }

  /** The exit code that the worker announced, or undefined while it lives (or died without a word). */
  exitCode(): number | undefined {
    const word = Atomics.load(this.#words, exitWord);
    return word === 0 ? undefined : word - 1;
  }

  // ── worker ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts a part; false when the scheduler has taken it back. */
  begin(slot: number): boolean {
    const { queued, running } = SlotState;
    if (Atomics.compareExchange(this.#words, this.#at(slot, 0), queued, running) !== queued) return false;
    Atomics.store(this.#words, runningWord, slot + 1);
    return true;
  }

  /** Ends a part; its last results may still be under way. In a condemned part, waits for the kill that is under way. */
  finish(slot: number): void {
    const { free, running, condemned } = SlotState;
    const word = this.#at(slot, 0);
    if (Atomics.compareExchange(this.#words, word, running, free) === condemned) {
      Atomics.wait(this.#words, word, condemned);
    }
    Atomics.store(this.#words, runningWord, 0);
  }

  /** Claims the items `k ≤ i < want`; returns the end of what was granted. */
  claim(slot: number, k: number, want: number): number {
    if (this.stopRequested(slot)) return k;
    return Atomics.compareExchange(this.#words, this.#at(slot, 1), k, want) === k ? want : k;
  }

  stopRequested(slot: number): boolean {
    return Atomics.load(this.#words, this.#at(slot, 3)) !== 0;
  }

  /** `[0]` is the word that says which item runs. */
  current(slot: number): Int32Array<SharedArrayBuffer> {
    return this.#words.subarray(this.#at(slot, 2), this.#at(slot, 2) + 1);
  }

  markStart(slot: number): void {
    this.#startedAt[slot] = commonClock();
  }

  announceExit(code: number): void {
    Atomics.store(this.#words, exitWord, code + 1);
  }
}

/**
 * Milliseconds on a clock that scheduler and workers have in common and that nobody can set. Each thread notes the time
 * of day at its own start (`performance.timeOrigin`): sums with that differ by what the clock was set in between.
 */
export function commonClock(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
