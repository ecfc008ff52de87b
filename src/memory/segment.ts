/** Memory with a name, which every process of this machine can map. */
import { show } from '../base/options.ts';
import { SharedMemoryError } from '../base/errors.ts';
import { MAP_SHARED, native } from './native.ts';
import { mappingOf } from './mapped.ts';
import { checkViewLength, mapPart, mappedBefore, release } from './mapping.ts';
import {
  bytes,
  closeObject,
  createObject,
  isObjectName,
  objectLength,
  openObject,
  unlinkObject,
} from './shm-object.ts';
import { hold, letGo, newName } from './tracker.ts';

/** What finds a segment again, in any thread or process of this machine: a plain object that travels in messages. */
export interface SegmentHandle {
  readonly kind: 'segment';
  readonly name: string;
  readonly byteLength: number;
}

/** Some bytes of a segment, for those who need no more of it. */
export interface SegmentPart {
  readonly kind: 'segment part';
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/**
 * A piece of memory that every process of this machine can map, by name; {@link segment} makes and finds them.
 *
 * `buffer` shows the memory itself: what one process writes, all others see, without a copy and without a message.
 */
export class Segment {
  /** The memory, from its first byte to its last. */
  readonly buffer: ArrayBuffer;
  readonly name: string;
  readonly byteLength: number;
  #held = true;

  /** @internal use {@link segment} */
  constructor(buffer: ArrayBuffer, handle: SegmentHandle) {
    this.buffer = buffer;
    this.name = handle.name;
    this.byteLength = handle.byteLength;
  }

  /** What to send to another thread or process: `segment(handle)` finds the same memory there. */
  get handle(): SegmentHandle {
    return { kind: 'segment', name: this.name, byteLength: this.byteLength };
  }

  /**
   * Removes the name now: nobody can find the segment any more. Who has it keeps it, and the memory is freed with the last
   * of them. Whether the name was there.
   */
  unlink(): boolean {
    return unlinkObject(this.name);
  }

  /**
   * Lets go of the segment; once per `Segment` object, later calls do nothing.
   *
   * When all that this thread got for the same name are let go of, the memory is unmapped here: `buffer` and the arrays
   * over it have length 0 then (on Node 20 they read as zeros, and writes are lost). Without this call that happens when
   * the buffer and all arrays over it are garbage, or the thread ends.
   */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    release(this.buffer);
  }

  /** Why a segment cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'a Segment is of the thread that made or found it: send its `handle`, and call segment(handle) there';
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * Makes a segment of shared memory of that many zero bytes, or finds one by its handle or name.
 *
 * The memory is reserved at once, so that a later write cannot fail. Any process of the same user on this machine that
 * gets the handle (a plain object) maps the same memory: in a worker thread or child process, `segment(handle)`. Nothing is
 * copied, ever. A `Segment` and its buffer cannot be sent themselves: a buffer in a message is copied.
 *
 * The name lives while any thread of any process holds the segment, and is removed a moment after the last one let go, was
 * collected, ended, crashed or was killed: a small process that the first use starts watches for that, and ends with its
 * users. Keep the segment until the other side has it. The memory itself is freed when nobody maps it any more.
 *
 * Found twice in one thread it is the same buffer.
 *
 * @param what the size in bytes, an integer ≥ 1; or a handle; or a name
 * @returns the segment; it is the caller's to {@link Segment.release | release}, or to leave to the garbage collector
 * @throws MissingPackageError without the optional package koffi; UnsupportedError on Windows, and for more than 4 GiB on
 *   Node 20
 * @throws SharedMemoryError when there is not that much memory free (`byteLength` and `free` say how much), and when
 *   nobody holds a segment of that name any more
 * @throws TypeError when `what` is none of these, RangeError for a size that is none
 *
 * Plain reads and writes of an element that another process writes meanwhile are a data race: use `Atomics` (they work
 * across processes, except `Atomics.wait` and `notify`).
 *
 * @example
 * ```ts
 * import { segment } from 'tutti';
 *
 * const made = segment(1024);
 * new Float64Array(made.buffer)[3] = 0.5;
 * const handle = structuredClone(made.handle); // what a message makes of it
 * const found = segment(handle);
 * new Float64Array(found.buffer)[3]; // => 0.5
 * found.release();
 * made.release();
 * ```
 */
export function segment(what: number | string | SegmentHandle): Segment {
  if (typeof what === 'number') return create(what);
  if (typeof what === 'string') return find(what, undefined);
  if (isSegmentHandle(what)) return find(what.name, what.byteLength);
  throw new TypeError(`segment(): expected a number of bytes, a handle or a name, not ${show(what)}`);
}

/** Whether `x` is what {@link Segment.handle} gives. */
export function isSegmentHandle(x: unknown): x is SegmentHandle {
  if (typeof x !== 'object' || x === null) return false;
  const { kind, name, byteLength } = x as Partial<Record<keyof SegmentHandle, unknown>>;
  return kind === 'segment' && typeof name === 'string' && Number.isSafeInteger(byteLength);
}

/** Whether `x` is a part of a segment. */
export function isSegmentPart(x: unknown): x is SegmentPart {
  if (typeof x !== 'object' || x === null) return false;
  const { kind, name, byteOffset, byteLength } = x as Partial<Record<keyof SegmentPart, unknown>>;
  if (kind !== 'segment part' || typeof name !== 'string') return false;
  return Number.isSafeInteger(byteOffset) && Number.isSafeInteger(byteLength);
}

/** Maps a part of a segment, each time anew. */
export function openSegmentPart(part: SegmentPart): ArrayBuffer {
  const { name, byteOffset, byteLength } = part;
  return openHeld(name, (fd, length) => {
    if (byteOffset + byteLength > length) throw tooShort(name, byteOffset + byteLength, length);
    const bytesOfIt = { byteOffset, byteLength, flags: MAP_SHARED, shared: true };
    return mapPart('segment()', fd, bytesOfIt, { key: undefined, handle: part, ended: () => letGo(name) });
  });
}

function create(byteLength: number): Segment {
  if (!Number.isSafeInteger(byteLength) || byteLength < 1) {
    throw new RangeError(
      `segment(): the size in bytes must be an integer of at least 1, but got ${byteLength}`,
    );
  }
  native('segment()');
  checkViewLength('segment()', byteLength);
  const name = newName();
  // First the tracker knows, then there is something to clean up.
  hold(name);
  try {
    const fd = createObject(name, byteLength);
    try {
      return map(fd, { kind: 'segment', name, byteLength });
    } finally {
      closeObject(fd);
    }
  } catch (error) {
    letGo(name);
    throw error;
  }
}

function find(name: string, byteLength: number | undefined): Segment {
  if (!isObjectName(name)) {
    throw new TypeError(`segment(): ${show(name)} is not the name of a segment: it gives names itself`);
  }
  const buffer = mappedBefore(keyOf(name));
  if (buffer !== undefined) return checked(new Segment(buffer, handleOf(name, buffer)), byteLength);
  return openHeld(name, (fd, length) => {
    if (byteLength !== undefined && byteLength > length) throw tooShort(name, byteLength, length);
    return map(fd, { kind: 'segment', name, byteLength: byteLength ?? length });
  });
}

/** Opens the object `name`, which the tracker then knows to be held; closes it again. */
function openHeld<T>(name: string, use: (fd: number, length: number) => T): T {
  native('segment()');
  hold(name);
  let fd: number | undefined;
  try {
    fd = openObject(name);
    return use(fd, objectLength(fd));
  } catch (error) {
    letGo(name);
    throw error;
  } finally {
    if (fd !== undefined) closeObject(fd);
  }
}

function map(fd: number, handle: SegmentHandle): Segment {
  const { name, byteLength } = handle;
  const part = { byteOffset: 0, byteLength, flags: MAP_SHARED, shared: true };
  const origin = { key: keyOf(name), handle, ended: () => letGo(name) };
  return new Segment(mapPart('segment()', fd, part, origin), handle);
}

function checked(found: Segment, byteLength: number | undefined): Segment {
  if (byteLength === undefined || byteLength === found.byteLength) return found;
  found.release();
  throw tooShort(found.name, byteLength, found.byteLength);
}

function tooShort(name: string, asked: number, length: number): SharedMemoryError {
  return new SharedMemoryError(
    `segment(): the handle asks for ${bytes(asked)} of ${name}, which has ${bytes(length)}`,
    { memory: name, byteLength: asked },
  );
}

function handleOf(name: string, buffer: ArrayBuffer): SegmentHandle {
  const known = mappingOf(buffer)?.handle as SegmentHandle | undefined;
  return known ?? { kind: 'segment', name, byteLength: buffer.byteLength };
}

function keyOf(name: string): string {
  return `segment ${name}`;
}
