/** The segments that a sender puts large buffers into: lent to receivers, used again when those have let go. */
import { statfsSync, type StatsFs } from 'node:fs';
import { SharedMemoryError, TuttiError, UnsupportedError } from '../base/errors.ts';
import { PAGE } from './mapping.ts';
import { nativeProblem } from './native.ts';
import { segment, type Segment } from './segment.ts';

/** Before the data: one 32-bit word per seat, how often the receiver on it still has the segment. */
export const HEADER_BYTES = PAGE;
/** Seats that a header has words for. */
export const SEATS = HEADER_BYTES / 4;

/** Capacities are multiples of this, so that arrays of about one size use each other's segments. */
const STEP_BYTES = 2 ** 20;
/** A free segment is not taken for less than this part of it: what is taken small would block what is large. */
const LEAST_USE = 1 / 4;
/** The part of /dev/shm that is left to others. */
const LEFT_FREE = 1 / 8;
/** What the system refuses now and may grant to the next buffer. */
const PASSING: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'ENOSPC', 'EDQUOT'];

/** How much a {@link TransitSegments} may take. */
export interface TransitLimits {
  /** Of shared memory in all: lent, held and kept. */
  readonly maxBytes: number;
  /** Of segments that nobody uses and that wait for the next buffer. */
  readonly keepBytes: number;
  /** How long they wait. */
  readonly idleMs: number;
}

/** A segment with a header, for one buffer at a time. */
export class TransitSegment {
  readonly segment: Segment;
  readonly capacity: number;
  readonly #words: Int32Array;
  /** Seats that it was lent to since it was last free. */
  readonly #lent = new Set<number>();
  /** Who of this thread may still lend it. */
  pins = 0;
  /** When it was last found in use, by `performance.now()`. */
  usedAt = 0;

  constructor(capacity: number) {
    this.segment = segment(HEADER_BYTES + capacity);
    this.capacity = capacity;
    this.#words = new Int32Array(this.segment.buffer, 0, SEATS);
  }

  get name(): string {
    return this.segment.name;
  }

  /** Whether nobody has it or may get it, so that its content may change. */
  get isFree(): boolean {
    if (this.pins > 0) return false;
    for (const seat of this.#lent) {
      // Not zero is in use, also where a receiver that was taken for dead has given back what it did not have any more.
      if (Atomics.load(this.#words, seat) !== 0) return false;
      this.#lent.delete(seat);
    }
    return true;
  }

  fill(bytes: Uint8Array): void {
    new Uint8Array(this.segment.buffer, HEADER_BYTES, bytes.byteLength).set(bytes);
  }

  /** The receiver on `seat` gets it once more. */
  lend(seat: number): void {
    this.#lent.add(seat);
    Atomics.add(this.#words, seat, 1);
  }

  /** A receiver was lent it and will not get it. */
  takeBack(seat: number): void {
    Atomics.sub(this.#words, seat, 1);
  }

  /** The receiver is dead: the system has ended its mappings. */
  forget(seat: number): void {
    if (this.#lent.delete(seat)) Atomics.store(this.#words, seat, 0);
  }

  /** Whoever has it mapped keeps it. */
  end(): void {
    this.segment.unlink();
    this.segment.release();
  }
}

/** The segments of one sender. */
export class TransitSegments {
  readonly #limits: TransitLimits;
  readonly #segments = new Set<TransitSegment>();
  #totalBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Whether there is no shared memory to be had here, whatever the size. */
  #problem: boolean | undefined;

  constructor(limits: TransitLimits) {
    this.#limits = limits;
  }

  /** Bytes of shared memory that are taken now. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** The part of them that nobody has: it waits for the next buffer. */
  get freeBytes(): number {
    let sum = 0;
    for (const each of this.#segments) if (each.isFree) sum += HEADER_BYTES + each.capacity;
    return sum;
  }

  /** A segment that holds a copy of `bytes`, pinned once; undefined where there is no room for it. */
  place(bytes: Uint8Array): TransitSegment | undefined {
    const taken = this.#free(bytes.byteLength) ?? this.#make(bytes.byteLength);
    if (taken === undefined) return undefined;
    taken.pins++;
    taken.usedAt = performance.now();
    taken.fill(bytes);
    return taken;
  }

  forget(seat: number): void {
    for (const each of this.#segments) each.forget(seat);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const each of this.#segments) this.#end(each);
  }

  /** The smallest free one that is large enough. */
  #free(byteLength: number): TransitSegment | undefined {
    let best: TransitSegment | undefined;
    for (const each of this.#segments) {
      if (each.capacity < byteLength || each.capacity * LEAST_USE > byteLength) continue;
      if ((best === undefined || each.capacity < best.capacity) && each.isFree) best = each;
    }
    return best;
  }

  #make(byteLength: number): TransitSegment | undefined {
    if ((this.#problem ??= nativeProblem('transit') !== undefined)) return undefined;
    const capacity = Math.ceil(byteLength / STEP_BYTES) * STEP_BYTES;
    const needed = HEADER_BYTES + capacity;
    if (needed > this.#limits.maxBytes) return undefined;
    this.#trim(() => this.#totalBytes + needed > this.#limits.maxBytes || !hasRoom(needed));
    if (this.#totalBytes + needed > this.#limits.maxBytes || !hasRoom(needed)) return undefined;
    let made: TransitSegment;
    try {
      made = new TransitSegment(capacity);
    } catch (error) {
      // Somebody else was faster, Node 20 has no buffers of this size, or the system has no tracker for us: it is copied.
      if (!isOfTheSystem(error)) throw error;
      this.#problem = isLasting(error);
      return undefined;
    }
    this.#segments.add(made);
    this.#totalBytes += needed;
    // No timer keeps the process alive.
    this.#timer ??= setInterval(() => this.#tidy(), this.#limits.idleMs).unref();
    return made;
  }

  /** Ends free segments, the oldest first, while `more` is needed. */
  #trim(more: () => boolean): void {
    for (const each of this.#segments) {
      if (!more()) return;
      if (each.isFree) this.#end(each);
    }
  }

  #tidy(): void {
    const now = performance.now();
    let kept = 0;
    for (const each of this.#segments) {
      if (!each.isFree) each.usedAt = now;
      else if (now - each.usedAt >= this.#limits.idleMs || kept + each.capacity > this.#limits.keepBytes)
        this.#end(each);
      else kept += each.capacity;
    }
    if (this.#segments.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #end(ended: TransitSegment): void {
    this.#segments.delete(ended);
    this.#totalBytes -= HEADER_BYTES + ended.capacity;
    ended.end();
  }
}

type SystemError = TuttiError | NodeJS.ErrnoException;

/** Our own errors say what cannot be had; those of system calls have a number. */
function isOfTheSystem(error: unknown): error is SystemError {
  return (
    error instanceof TuttiError || typeof (error as NodeJS.ErrnoException | undefined)?.errno === 'number'
  );
}

/** Whether other buffers will fare no better: the tracker, whose errors are about no size, cannot be reached or started. */
function isLasting(error: SystemError): boolean {
  if (error instanceof UnsupportedError) return false;
  if (error instanceof SharedMemoryError && error.byteLength !== undefined) return false;
  return !PASSING.includes(error.code);
}

/** Whether so many bytes may be taken of the system's shared memory, with something left for others. */
function hasRoom(byteLength: number): boolean {
  if (process.platform !== 'linux') return true;
  const all = sharedMemory();
  if (all === undefined) return false;
  const { bavail, bsize, blocks } = all;
  // No blocks at all: no limit.
  return blocks === 0 || bavail * bsize - byteLength >= blocks * bsize * LEFT_FREE;
}

/** Half of the system's shared memory; 0 where it has none. */
export function defaultMaxBytes(): number {
  if (process.platform !== 'linux') return 2 ** 31;
  const all = sharedMemory();
  if (all === undefined) return 0;
  return all.blocks === 0 ? 2 ** 33 : (all.blocks * all.bsize) / 2;
}

function sharedMemory(): StatsFs | undefined {
  try {
    return statfsSync('/dev/shm');
  } catch (error) {
    if (isOfTheSystem(error)) return undefined; // not there, or not for us
    throw error;
  }
}
