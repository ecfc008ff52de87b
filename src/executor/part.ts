/** A chunk on its way through a worker pool, and the parts it is split into. */
import type { Captured } from '../closure/index.ts';
import type { Chunk, ChunkOutcome } from './backend.ts';
import type { ItemCoding, PackedItems } from './item-coding.ts';

/** The items `from ≤ k < to` of a chunk, waiting or held by one worker. */
export interface Part {
  readonly run: ChunkRun;
  from: number;
  to: number;
  /** First item whose result has not arrived. */
  received: number;
  /** Slot on its worker's board while a worker holds it, −1 before. */
  slot: number;
  /** Set when the part has been asked to stop. */
  stopping: boolean;
  /** Memory of the caller's went with it: it can run nowhere else any more. */
  moved: boolean;
  /** Ends the look at its time limit, or at the end of its grace; for the moment when its worker no longer holds it. */
  unwatch: (() => void) | undefined;
}

/** A chunk from `run()` to `sink.end()`. */
export class ChunkRun {
  readonly chunk: Chunk;
  readonly fns: readonly Captured[];
  readonly coding: ItemCoding;
  /** The packed items of the whole chunk, until they are sent. */
  packed: PackedItems | undefined;
  /** Parts that have not ended, waiting ones included. */
  readonly parts = new Set<Part>();
  /** Results that are still being rebuilt. */
  pending = 0;
  computeMs = 0;
  ended = false;
  readonly #onEnd: (run: ChunkRun) => void;

  constructor(
    chunk: Chunk,
    fns: readonly Captured[],
    coding: ItemCoding,
    packed: PackedItems | undefined,
    onEnd: (run: ChunkRun) => void,
  ) {
    this.chunk = chunk;
    this.fns = fns;
    this.coding = coding;
    this.packed = packed;
    this.#onEnd = onEnd;
    this.addPart(chunk.from, chunk.to);
  }

  /** Items are independent and have a result each: the chunk can be resumed anywhere. */
  get splittable(): boolean {
    const { op } = this.chunk;
    return op === 'map' || op === 'star' || op === 'each' || op === 'flat';
  }

  /** Several workers may run its items at a time. */
  get dividable(): boolean {
    return this.splittable && this.chunk.undivided !== true;
  }

  addPart(from: number, to: number): Part {
    const part: Part = {
      run: this,
      from,
      to,
      received: from,
      slot: -1,
      stopping: false,
      moved: false,
      unwatch: undefined,
    };
    this.parts.add(part);
    return part;
  }

  /** A part is over; the chunk ends with its last one. */
  partDone(part: Part): void {
    this.parts.delete(part);
    this.endIfDone();
  }

  endIfDone(): void {
    if (this.parts.size === 0 && this.pending === 0) this.end({ kind: 'done', computeMs: this.computeMs });
  }

  /** Tells the sink, once. */
  end(outcome: ChunkOutcome): void {
    if (this.ended) return;
    this.ended = true;
    this.packed = undefined;
    this.chunk.sink.end(outcome);
    this.#onEnd(this);
  }
}

/** Parts of one priority; `head` is the first of `parts` that has not left. */
interface Lane {
  readonly priority: number;
  readonly parts: (Part | undefined)[];
  head: number;
}

/** Parts in order of priority, then arrival. */
export class PartQueue {
  /** Highest priority first; none is empty. */
  readonly #lanes: Lane[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(part: Part): void {
    this.#lane(part.run.chunk.priority).parts.push(part);
    this.#size++;
  }

  /** Puts parts back in front of their priority, in the given order. */
  unshift(parts: readonly Part[]): void {
    for (const part of parts.toReversed()) {
      const lane = this.#lane(part.run.chunk.priority);
      if (lane.head > 0) lane.parts[--lane.head] = part;
      else lane.parts.unshift(part);
      this.#size++;
    }
  }

  /** The next part; parts whose chunk has ended are dropped on the way. */
  peek(): Part | undefined {
    // A lane that has run empty is gone.
    for (let lane = this.#lanes[0]; lane !== undefined; lane = this.#lanes[0]) {
      while (lane.head < lane.parts.length) {
        const part = lane.parts[lane.head] as Part;
        if (!part.run.ended) return part;
        this.#drop(lane);
      }
    }
    return undefined;
  }

  shift(): Part | undefined {
    const part = this.peek();
    if (part !== undefined) this.#drop(this.#lane(part.run.chunk.priority));
    return part;
  }

  #drop(lane: Lane): void {
    lane.parts[lane.head++] = undefined;
    this.#size--;
    if (lane.head === lane.parts.length) {
      // Priorities may all be different (a deadline, a time of arrival): a lane that is empty must not stay.
      this.#lanes.splice(this.#lanes.indexOf(lane), 1);
    } else if (lane.head >= 4096) {
      lane.parts.splice(0, lane.head);
      lane.head = 0;
    }
  }

  #lane(priority: number): Lane {
    let at = 0;
    while (at < this.#lanes.length && (this.#lanes[at]?.priority as number) > priority) at++;
    const found = this.#lanes[at];
    if (found !== undefined && found.priority === priority) return found;
    const lane: Lane = { priority, parts: [], head: 0 };
    this.#lanes.splice(at, 0, lane);
    return lane;
  }
}
