/** One worker of a pool, from the scheduler's side: what it holds, what it knows, what is about to be sent to it. */
import { scanPlain, type Captured } from '../closure/index.ts';
import { slotCount, type Board } from './board.ts';
import { packItems } from './item-coding.ts';
import type { Part } from './part.ts';
import { sliceOf } from './serial-backend.ts';
import type { Coding, ToWorker, Transferable } from './wire.ts';
import type { WorkerLink } from './worker-link.ts';

/** Captured functions that a worker keeps although none of its parts uses them. */
const keptFunctions = 64;
/** Of those that were captured for one call, with all that they reach: the next call brings its own. */
const keptForOneCall = 2;

/**
 * `starting` → `ready` → `retiring` → `gone`; a worker that dies goes to `gone` from anywhere.
 * A retiring worker finishes what it runs and gets nothing new.
 */
export type WorkerState = 'starting' | 'ready' | 'retiring' | 'gone';

export class PoolWorker {
  readonly id: number;
  readonly link: WorkerLink;
  state: WorkerState = 'starting';
  /** Parts that the worker holds, by slot. */
  readonly parts = new Map<number, Part>();
  /** Parts that only this worker may run. */
  readonly pinned: Part[] = [];
  /** Items handed to it so far. */
  items = 0;
  /** Killed on purpose: what it ran is not to blame. */
  killed = false;
  exitSent = false;
  idleSince = performance.now();
  /** Somebody will look whether it has been idle for too long. */
  idleWatched = false;
  readonly #freeSlots: number[] = Array.from({ length: slotCount }, (_, slot) => slotCount - 1 - slot);
  /** Captured functions the worker has, with the number of its parts that use them; oldest first. */
  readonly #functions = new Map<number, number>();
  /** Those of them that were captured for one call. */
  readonly #passing = new Set<number>();
  #outbox: ToWorker[] = [];
  #transfer: Transferable[] = [];
  #unsent: Part[] = [];
  readonly #early: boolean;
  #held = false;
  #lastLook: Part | undefined;
  #lastNext = -1;

  /** `early`: a starting worker may be sent its first part, so that it finds it when it is up. */
  constructor(id: number, link: WorkerLink, early: boolean) {
    this.#early = early;
    this.id = id;
    this.link = link;
  }

  get board(): Board {
    return this.link.board;
  }

  /** It will still run what it is given. */
  get lives(): boolean {
    return this.state !== 'gone' && !this.killed && !this.exitSent;
  }

  /** Also a retiring worker runs what only it may run. */
  get takesPinned(): boolean {
    return this.lives && this.state !== 'starting' && this.parts.size < slotCount;
  }

  /**
   * Whether it is time to fill it up. Not before half of its parts are done: with one new part for each that ends, every
   * part would travel in a message of its own.
   */
  wants(depth: number): boolean {
    return this.room(depth) >= Math.min(depth, slotCount) >> 1;
  }

  /** Parts it may still be given; `depth` is how many it should hold. */
  room(depth: number): number {
    if (this.state === 'starting') return this.#early ? 1 - this.parts.size : 0;
    if (this.state !== 'ready') return 0;
    return Math.min(depth, slotCount) - this.parts.size;
  }

  /** Puts a part on the next message. */
  assign(part: Part): void {
    const { run } = part;
    const { chunk } = run;
    // First, as it may throw: then the worker does not hold the part.
    const { coding, items } = this.#encode(part);
    const slot = this.#freeSlots.pop() as number;
    part.slot = slot;
    this.parts.set(slot, part);
    this.items += part.to - part.from;
    this.board.open(slot, part.from);
    for (const fn of run.fns) this.#teach(fn);
    this.#outbox.push([
      'run',
      {
        slot,
        op: chunk.op,
        fns: run.fns.map((fn) => fn.id),
        from: part.from,
        to: part.to,
        base: chunk.base,
        taskId: chunk.taskId,
        name: chunk.name,
        seed: chunk.seed,
        timed: chunk.timeoutMs !== undefined,
        coding,
        items,
        range: chunk.range,
      },
    ]);
    this.#unsent.push(part);
  }

  send(entry: ToWorker): void {
    this.#outbox.push(entry);
  }

  /** Sends what has gathered. Returns the parts that could not be sent, with the reason. */
  flush(): readonly { part: Part; error: unknown }[] {
    if (this.#outbox.length === 0) return [];
    const entries = this.#outbox;
    const transfer = this.#transfer;
    this.#outbox = [];
    this.#transfer = [];
    const unsent = this.#unsent;
    this.#unsent = [];
    try {
      this.link.post(entries, transfer);
      return [];
    } catch {
      return this.#postOneByOne(entries, unsent);
    }
  }

  /** The worker has reported the end of a slot's part. */
  release(slot: number): Part | undefined {
    const part = this.parts.get(slot);
    if (part === undefined) return undefined;
    this.parts.delete(slot);
    this.#freeSlots.push(slot);
    part.slot = -1;
    part.unwatch?.();
    for (const fn of part.run.fns) {
      const uses = this.#functions.get(fn.id);
      if (uses !== undefined) this.#functions.set(fn.id, uses - 1);
    }
    if (this.parts.size === 0) this.idleSince = performance.now();
    return part;
  }

  /** The claim on a running part has not moved since the last look, a moment ago: its item takes long. */
  looksStuck(part: Part): boolean {
    const next = this.board.peek(part.slot, part.to);
    const stuck = this.#lastLook === part && this.#lastNext === next;
    this.#lastLook = part;
    this.#lastNext = next;
    return stuck;
  }

  /** The part that runs now, as far as the board knows. */
  running(): Part | undefined {
    return this.parts.get(this.board.runningSlot());
  }

  hold(keepAlive: boolean): void {
    if (keepAlive === this.#held) return;
    this.#held = keepAlive;
    this.link.hold(keepAlive);
  }

  #teach(fn: Captured): void {
    const uses = this.#functions.get(fn.id);
    this.#functions.set(fn.id, (uses ?? 0) + 1);
    if (uses !== undefined) return;
    this.#outbox.push(['function', fn.id, fn.packed]);
    if (!fn.reusable) this.#passing.add(fn.id);
    this.#forget();
  }

  #forget(): void {
    const unused: number[] = [];
    const drop = (ids: Iterable<number>, surplus: number): void => {
      for (const id of ids) {
        if (surplus <= 0) return;
        if ((this.#functions.get(id) ?? 0) > 0) continue;
        unused.push(id);
        this.#functions.delete(id);
        this.#passing.delete(id);
        surplus--;
      }
    };
    drop([...this.#passing], this.#passing.size - keptForOneCall);
    drop([...this.#functions.keys()], this.#functions.size - keptFunctions);
    if (unused.length > 0) this.#outbox.push(['forget', unused]);
  }

  #encode(part: Part): { coding: Coding; items: unknown } {
    const { run, from, to } = part;
    const { chunk } = run;
    if (run.coding === 'numbers') {
      const numbers = new Float64Array(to - from);
      const source = chunk.items as ArrayLike<number>;
      for (let k = from; k < to; k++) numbers[k - from] = source[k] as number;
      this.#transfer.push(numbers.buffer);
      return { coding: 'plain', items: numbers };
    }
    if (run.coding === 'packed') {
      const whole = from === chunk.from && to === chunk.to ? run.packed : undefined;
      run.packed = undefined;
      const { packed, transfer } = whole ?? packItems(chunk, from, to);
      for (const each of transfer) this.#transfer.push(each);
      part.moved = transfer.length > 0;
      return { coding: 'packed', items: packed };
    }
    const items = sliceOf(chunk.items, from, to);
    if (ArrayBuffer.isView(items)) {
      // A view is cloned with the whole buffer behind it: copy the part, and hand over the copy.
      if (items.buffer instanceof SharedArrayBuffer) return { coding: 'plain', items };
      const copy = (items as unknown as Float64Array<ArrayBuffer>).slice();
      this.#transfer.push(copy.buffer);
      return { coding: 'plain', items: copy };
    }
    const before = this.#transfer.length;
    scanPlain(items, this.#transfer);
    part.moved = this.#transfer.length > before;
    return { coding: 'plain', items };
  }

  #postOneByOne(
    entries: readonly ToWorker[],
    unsent: readonly Part[],
  ): readonly { part: Part; error: unknown }[] {
    const failed: { part: Part; error: unknown }[] = [];
    for (const entry of entries) {
      const transfer: Transferable[] = [];
      if (entry[0] === 'run') scanPlain(entry[1].items, transfer);
      try {
        this.link.post([entry], transfer);
      } catch (error) {
        const part = entry[0] === 'run' ? unsent.find((one) => one.slot === entry[1].slot) : undefined;
        if (part === undefined) throw error;
        this.release(part.slot);
        failed.push({ part, error });
      }
    }
    return failed;
  }
}
