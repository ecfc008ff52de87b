/** A chunk on its way through a worker pool, and the parts it is split into. */
import type { Captured } from '../closure/index.ts';
import type { Arguments } from './arguments.ts';
import type { Chunk, ChunkOutcome } from './backend.ts';
import type { ItemCoding, PackedItems } from './item-coding.ts';
import type { ListLink } from './linked-list.ts';
import type { NumberBlock } from './number-blocks.ts';

/** The items `from ≤ k < to` of a chunk, waiting or held by one worker. */
export class Part {
  // A part for each call: fields that are only declared are made once, by the constructor.
  declare readonly run: ChunkRun;
  declare from: number;
  declare to: number;
  /** First item whose result has not arrived. */
  declare received: number;
  /** Slot on its worker's board while a worker holds it, −1 before. */
  declare slot: number;
  /** It is one of its run's. */
  declare current: boolean;
  /** Set when the part has been asked to stop. */
  declare stopping: boolean;
  /** Memory of the caller's went with it: it can run nowhere else any more. */
  declare moved: boolean;
  /** How often it was taken from a worker that did not come for it. */
  declare moves: number;
  /** Memory of the worker's and the scheduler's for its numbers, while a worker holds it. */
  declare block: NumberBlock | undefined;
  /** Ends the look at its time limit, or at the end of its grace; for the moment when its worker no longer holds it. */
  declare unwatch: (() => void) | undefined;

  constructor(run: ChunkRun, from: number, to: number) {
    this.run = run;
    this.from = from;
    this.to = to;
    this.received = from;
    this.slot = -1;
    this.current = true;
    this.stopping = false;
    this.moved = false;
    this.moves = 0;
    this.block = undefined;
    this.unwatch = undefined;
  }
}

/** Who keeps the runs. */
export interface RunOwner {
  runEnded(run: ChunkRun): void;
}

/** A chunk from `run()` to `sink.end()`; a small call from the moment when somebody asks for its parts. */
export class ChunkRun implements ListLink {
  declare readonly chunk: Chunk;
  declare readonly fns: readonly Captured[];
  declare readonly coding: ItemCoding;
  /** The packed items of the whole chunk, until they are sent. */
  declare packed: PackedItems | undefined;
  /** A part that has not ended (waiting or held by a worker), and the others if there are more. */
  declare private one: Part | undefined;
  declare private others: Part[] | undefined;
  /** Results that are still being rebuilt. */
  declare pending: number;
  declare computeMs: number;
  declare ended: boolean;
  declare previous: ListLink | undefined;
  declare following: ListLink | undefined;
  declare private readonly owner: RunOwner;

  constructor(
    chunk: Chunk,
    fns: readonly Captured[],
    coding: ItemCoding,
    packed: PackedItems | undefined,
    owner: RunOwner,
  ) {
    this.chunk = chunk;
    this.fns = fns;
    this.coding = coding;
    this.packed = packed;
    this.one = new Part(this, chunk.from, chunk.to);
    this.others = undefined;
    this.pending = 0;
    this.computeMs = 0;
    this.ended = false;
    this.previous = undefined;
    this.following = undefined;
    this.owner = owner;
    chunk.handle = this;
  }

  /** The part that it has at first: all of the chunk. */
  get firstPart(): Part {
    return this.one as Part;
  }

  /** The parts as they are now. */
  parts(): readonly Part[] {
    if (this.one === undefined) return [];
    return this.others === undefined ? [this.one] : [this.one, ...this.others];
  }

  has(part: Part): boolean {
    return part.current;
  }

  drop(part: Part): void {
    if (!part.current) return;
    part.current = false;
    const last = this.others?.pop();
    if (this.one === part) this.one = last;
    else if (last !== part) (this.others as Part[])[(this.others as Part[]).indexOf(part)] = last as Part;
  }

  /** Items are independent and have a result each: the chunk can be resumed anywhere. */
  get splittable(): boolean {
    const { op } = this.chunk;
    return op === 'map' || op === 'star' || op === 'each' || op === 'flat';
  }

  /** A call that travels through the ring. */
  get lone(): boolean {
    return this.chunk.op === 'call' && this.coding !== 'packed';
  }

  /** Several workers may run its items at a time. */
  get dividable(): boolean {
    return this.splittable && this.chunk.undivided !== true;
  }

  addPart(from: number, to: number): Part {
    const part = new Part(this, from, to);
    if (this.one === undefined) this.one = part;
    else (this.others ??= []).push(part);
    return part;
  }

  /** A part is over; the chunk ends with its last one. */
  partDone(part: Part): void {
    this.drop(part);
    this.endIfDone();
  }

  endIfDone(): void {
    if (this.one === undefined && this.pending === 0) this.end({ kind: 'done', computeMs: this.computeMs });
  }

  /** Tells the sink, once. */
  end(outcome: ChunkOutcome): void {
    if (this.ended) return;
    this.ended = true;
    this.packed = undefined;
    this.chunk.handle = undefined;
    this.chunk.sink.end(outcome);
    this.owner.runEnded(this);
  }
}

/**
 * What waits in a queue, or is held by a worker: a part, or a small call that nobody has looked at closely yet. Of the latter
 * there may be very many, so they are left as they are.
 */
export type Waiting = Part | SmallCall;

/** A call whose function is captured and whose arguments need no packing. */
export interface SmallCall extends Chunk {
  /** Its captured function while it waits or is held as it is. */
  handle: unknown;
  /** Where a worker holds it, −1 before. */
  slot: number;
  readonly args: Arguments;
  /** It has ended with a value: the sink's `results` and `end` in one. */
  ended(value: unknown): void;
}

export function isSmallCall(chunk: Chunk): chunk is SmallCall {
  return 'args' in chunk;
}

export function isPart(waiting: Waiting): waiting is Part {
  return waiting instanceof Part;
}

function priorityOf(waiting: Waiting): number {
  return isPart(waiting) ? waiting.run.chunk.priority : waiting.priority;
}

/** It was cancelled while it waited. */
function isOver(waiting: Waiting): boolean {
  return isPart(waiting) ? waiting.run.ended : waiting.handle === undefined;
}

/** What waits with one priority; `head` is the first that has not left. */
interface Lane {
  readonly priority: number;
  readonly waiting: (Waiting | undefined)[];
  head: number;
}

/** What waits for a worker, in order of priority, then arrival. */
export class PartQueue {
  /** Highest priority first; none is empty, but for the only one. */
  readonly #lanes: Lane[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(waiting: Waiting): void {
    this.#lane(priorityOf(waiting)).waiting.push(waiting);
    this.#size++;
  }

  /** Puts parts back in front of their priority, in the given order. */
  unshift(parts: readonly Part[]): void {
    for (const part of parts.toReversed()) {
      const lane = this.#lane(part.run.chunk.priority);
      if (lane.head > 0) lane.waiting[--lane.head] = part;
      else lane.waiting.unshift(part);
      this.#size++;
    }
  }

  /** The next in turn; what has been cancelled meanwhile is dropped on the way. */
  peek(): Waiting | undefined {
    // A lane that has run empty is gone, but for the only one.
    for (let lane = this.#lanes[0]; lane !== undefined && this.#size > 0; lane = this.#lanes[0]) {
      while (lane.head < lane.waiting.length) {
        const waiting = lane.waiting[lane.head] as Waiting;
        if (!isOver(waiting)) return waiting;
        this.#drop(lane);
      }
    }
    return undefined;
  }

  shift(): Waiting | undefined {
    const waiting = this.peek();
    if (waiting !== undefined) this.#drop(this.#lanes[0] as Lane);
    return waiting;
  }

  /** Small calls that wait. */
  smallCalls(): SmallCall[] {
    const calls: SmallCall[] = [];
    for (const lane of this.#lanes) {
      for (let at = lane.head; at < lane.waiting.length; at++) {
        const waiting = lane.waiting[at] as Waiting;
        if (!isPart(waiting) && !isOver(waiting)) calls.push(waiting);
      }
    }
    return calls;
  }

  #drop(lane: Lane): void {
    lane.waiting[lane.head++] = undefined;
    this.#size--;
    if (lane.head === lane.waiting.length) {
      // Priorities may all be different (a deadline, a time of arrival): lanes that are empty must not stay.
      if (this.#lanes.length > 1) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
      else {
        lane.waiting.length = 0;
        lane.head = 0;
      }
    } else if (lane.head >= 4096) {
      lane.waiting.splice(0, lane.head);
      lane.head = 0;
    }
  }

  #lane(priority: number): Lane {
    let at = 0;
    while (at < this.#lanes.length && (this.#lanes[at]?.priority as number) > priority) at++;
    const found = this.#lanes[at];
    if (found !== undefined && found.priority === priority) return found;
    const lane: Lane = { priority, waiting: [], head: 0 };
    if (this.#size === 0) this.#lanes[0] = lane;
    else this.#lanes.splice(at, 0, lane);
    return lane;
  }
}
