/**
 * The shared words between the scheduler and one worker: who may run what, and what runs now.
 *
 * A worker that runs synchronous code reads no messages, so everything that must reach it — or be known after it
 * died — goes through this memory. Each part that a worker holds owns one slot, whose record begins with four words:
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
import {
  cell,
  exitWord,
  postedWord,
  recordOf,
  restWord,
  runningWord,
  toldWord,
  totalWords,
  word,
} from './layout.ts';
import { waitOn, wake } from './waiting.ts';

export const SlotState = { free: 0, queued: 1, running: 2, taken: 3, condemned: 4 } as const;

/** How a worker without work rests: not at all, blocked on the word itself, or in its event loop. */
export const Rest = { awake: 0, blocked: 1, away: 2 } as const;

/** In `next`: the scheduler has taken the rest. */
const cut = -1;

export class Board {
  readonly buffer: ArrayBufferLike;
  readonly words: Int32Array;
  /** The same memory by cells of eight bytes. */
  readonly cells: Float64Array;
  /** Both sides see the same words. Where they do not, one part at a time goes to the worker, by message. */
  get direct(): boolean {
    return true;
  }

  constructor(buffer?: ArrayBufferLike) {
    this.buffer = buffer ?? new SharedArrayBuffer(totalWords * 4);
    this.words = new Int32Array(this.buffer);
    this.cells = new Float64Array(this.buffer);
  }

  // ── scheduler ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Prepares a slot before its part is sent. */
  open(slot: number, from: number): void {
    const { words } = this;
    const at = recordOf(slot);
    words[at + word.next] = from;
    words[at + word.current] = from;
    words[at + word.stop] = 0;
    this.cells[(at >> 1) + cell.startedAt] = 0;
    // Last, and ordered: whoever sees `queued` sees the rest.
    Atomics.store(words, at + word.state, SlotState.queued);
  }

  /** Takes an unstarted part back; false when it has started. */
  takeBack(slot: number): boolean {
    const { queued, taken } = SlotState;
    return Atomics.compareExchange(this.words, recordOf(slot) + word.state, queued, taken) === queued;
  }

  /** Takes the unclaimed items of a running part; returns the first of them. */
  cut(slot: number, to: number): number {
    const next = Atomics.exchange(this.words, recordOf(slot) + word.next, cut);
    return next === cut ? to : next;
  }

  /** Before its worker is killed: keeps the worker from ending the part and starting another; false when it has ended. */
  condemn(slot: number): boolean {
    const { running, condemned } = SlotState;
    return Atomics.compareExchange(this.words, recordOf(slot) + word.state, running, condemned) === running;
  }

  isRunning(slot: number): boolean {
    return Atomics.load(this.words, recordOf(slot) + word.state) === SlotState.running;
  }

  /** A part that was begun has ended; what it had to say may still be under way, or lost with its worker. */
  hasEnded(slot: number): boolean {
    return Atomics.load(this.words, recordOf(slot) + word.state) === SlotState.free;
  }

  /** The first unclaimed item, without taking anything. */
  peek(slot: number, to: number): number {
    const next = Atomics.load(this.words, recordOf(slot) + word.next);
    return next === cut ? to : next;
  }

  requestStop(slot: number): void {
    Atomics.store(this.words, recordOf(slot) + word.stop, 1);
  }

  /** The slot whose part runs, or −1. */
  runningSlot(): number {
    return Atomics.load(this.words, runningWord) - 1;
  }

  startedAt(slot: number): number {
    return this.cells[(recordOf(slot) >> 1) + cell.startedAt] as number;
  }

  currentItem(slot: number): number {
    return this.words[recordOf(slot) + word.current] as number;
  }

  /** The exit code that the worker announced, or undefined while it lives (or died without a word). */
  exitCode(): number | undefined {
    const code = Atomics.load(this.words, exitWord);
    return code === 0 ? undefined : code - 1;
  }

  /** Tells how many messages were posted to the worker: it need not look for more. */
  notePosted(count: number): void {
    Atomics.store(this.words, postedWord, count);
  }

  /** Wakes a worker that is blocked; one in its event loop comes for the message that was posted. */
  unblock(): void {
    const { blocked, awake } = Rest;
    if (Atomics.load(this.words, restWord) !== blocked) return;
    if (Atomics.compareExchange(this.words, restWord, blocked, awake) === blocked) wake(this.words, restWord);
  }

  /** Wakes the worker for what was published; true when it is in its event loop and has to be sent a message now. */
  rouse(): boolean {
    const { away, awake } = Rest;
    this.unblock();
    // The word may say `awake` only while the worker is on its way to look for calls: whoever sets it here sends a message.
    return Atomics.compareExchange(this.words, restWord, away, awake) === away;
  }

  /** Messages that the worker has posted. */
  told(): number {
    return Atomics.load(this.words, toldWord);
  }

  // ── worker ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts a part; false when the scheduler has taken it back. */
  begin(slot: number): boolean {
    const { queued, running } = SlotState;
    if (Atomics.compareExchange(this.words, recordOf(slot) + word.state, queued, running) !== queued)
      return false;
    Atomics.store(this.words, runningWord, slot + 1);
    return true;
  }

  /** Ends a part; its last results may still be under way. In a condemned part, waits for the kill that is under way. */
  finish(slot: number): void {
    const { free, running, condemned } = SlotState;
    const at = recordOf(slot) + word.state;
    if (Atomics.compareExchange(this.words, at, running, free) === condemned) {
      while (Atomics.load(this.words, at) === condemned) waitOn(this.words, at, condemned, Infinity);
    }
    Atomics.store(this.words, runningWord, 0);
  }

  /**
   * Does what is left to do for an item of a part that may have ended: packing its result runs code of the user's. Whoever
   * looks after the worker's death finds the item running.
   */
  blame<T>(slot: number, k: number, act: () => T): T {
    const at = recordOf(slot) + word.current;
    const [current, running] = [this.words[at] as number, this.words[runningWord] as number];
    this.words[at] = k;
    Atomics.store(this.words, runningWord, slot + 1);
    try {
      return act();
    } finally {
      this.words[at] = current;
      Atomics.store(this.words, runningWord, running);
    }
  }

  /** Claims the items `k ≤ i < want`; returns the end of what was granted. */
  claim(slot: number, k: number, want: number): number {
    if (this.stopRequested(slot)) return k;
    return Atomics.compareExchange(this.words, recordOf(slot) + word.next, k, want) === k ? want : k;
  }

  stopRequested(slot: number): boolean {
    return Atomics.load(this.words, recordOf(slot) + word.stop) !== 0;
  }

  /** `[0]` is the word that says which item runs. */
  current(slot: number): Int32Array {
    const at = recordOf(slot) + word.current;
    return this.words.subarray(at, at + 1);
  }

  markStart(slot: number): void {
    this.cells[(recordOf(slot) >> 1) + cell.startedAt] = commonClock();
  }

  /** Tells how many messages the worker has posted. */
  noteTold(count: number): void {
    Atomics.store(this.words, toldWord, count);
  }

  /** Messages that were posted to the worker. */
  posted(): number {
    return Atomics.load(this.words, postedWord);
  }

  announceExit(code: number): void {
    Atomics.store(this.words, exitWord, code + 1);
  }

  /**
   * Says how the worker is going to rest. It looks for work once more afterwards, and only then rests: the scheduler
   * publishes work first and looks at this word afterwards, so one of the two sees the other.
   */
  rest(how: typeof Rest.awake | typeof Rest.blocked | typeof Rest.away): void {
    Atomics.store(this.words, restWord, how);
  }

  /** Blocks until the scheduler rouses the worker, at most `ms`; returns at once if it has done so already. */
  sleep(ms: number): void {
    waitOn(this.words, restWord, Rest.blocked, ms);
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
