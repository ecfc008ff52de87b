/**
 * The board where scheduler and worker have no memory in common: each side has its own, and messages keep them in step.
 *
 * Then nothing can be had back from a worker, so it gets one part at a time, and a part that was sent counts as running.
 */
import { Board, commonClock, SlotState } from '../executor/board.ts';
import { recordOf, runningWord, word } from '../executor/layout.ts';
import { partOf, type ToWorker } from '../executor/wire.ts';

/** The scheduler's side. */
export class SchedulerBoard extends Board {
  override get direct(): boolean {
    return false;
  }

  override open(slot: number, from: number): void {
    super.open(slot, from);
    this.words[recordOf(slot) + word.state] = SlotState.running;
    this.words[runningWord] = slot + 1;
    this.markStart(slot);
  }

  override takeBack(): boolean {
    return false;
  }

  override cut(_slot: number, to: number): number {
    return to;
  }

  override peek(_slot: number, to: number): number {
    return to;
  }

  override condemn(): boolean {
    return true;
  }

  /** Nobody knows but the socket. */
  override told(): number {
    return Number.NaN;
  }

  /** The worker has begun with an item, now. */
  began(slot: number, k: number): void {
    this.words[recordOf(slot) + word.current] = k;
    this.markStart(slot);
  }

  /** The results before item `k` are here. */
  received(slot: number, k: number): void {
    const at = recordOf(slot) + word.current;
    if ((this.words[at] as number) < k) this.words[at] = k;
  }
}

/** Tells the scheduler which item begins, or ran last. */
export interface Began {
  readonly began: readonly [slot: number, k: number];
}

/** How often a task that runs looks for a request to stop. */
const LOOK_MS = 1;

/** The worker's side. */
export class WorkerBoard extends Board {
  readonly #tell: (message: Began) => void;
  readonly #look: () => void;
  #lookedAt = 0;

  /** `tell` sends a message of the channel's own; `look` takes in messages that wait. */
  constructor(tell: (message: Began) => void, look: () => void) {
    super();
    this.#tell = tell;
    this.#look = look;
  }

  override get direct(): boolean {
    return false;
  }

  /** What has come for the worker's loop. */
  note(entries: readonly ToWorker[]): void {
    for (const entry of entries) {
      if (entry[0] === 'run') {
        const { slot, from } = partOf(entry);
        this.open(slot, from);
      } else if (entry[0] === 'stop') this.requestStop(entry[1]);
    }
  }

  override markStart(slot: number): void {
    this.#tell({ began: [slot, this.currentItem(slot)] });
  }

  override stopRequested(slot: number): boolean {
    const now = commonClock();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = now;
      this.#look();
    }
    return super.stopRequested(slot);
  }

  /** Messages are fetched by the event loop, or by {@link stopRequested}. */
  override posted(): number {
    return Number.NaN;
  }

  override announceExit(): void {
    const slot = this.runningSlot();
    if (slot >= 0) this.#tell({ began: [slot, this.currentItem(slot)] });
  }
}
