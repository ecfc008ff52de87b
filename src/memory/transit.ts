/** Large buffers on their way to other processes: through shared memory, with the semantics of a copy. */
import { show } from '../base/options.ts';
import { integer, number, optionChecker } from '../base/options.ts';
import { types } from 'node:util';
import { isFileHandle } from './map-file.ts';
import { memoryHandle, openMemory, type MemoryHandle } from './handle.ts';
import { isSegmentHandle } from './segment.ts';
import { isTransitHandle, openTransit, type TransitHandle } from './transit-mapping.ts';
import { defaultMaxBytes, SEATS, TransitSegments, type TransitSegment } from './transit-segments.ts';

/** Options of {@link Transit}. */
export interface TransitOptions {
  /** Which word of the headers is this process's own where it receives; its peers lend to it. 0 by default. */
  readonly seat?: number | undefined;
  /** Buffers of at least so many bytes go through shared memory; {@link LEAST_BYTES} by default. */
  readonly leastBytes?: number | undefined;
  /** Shared memory that this sender takes in all; half of what the system has by default. 0: everything is copied. */
  readonly maxBytes?: number | undefined;
  /** Shared memory that is kept for the next buffers; 512 MiB by default. */
  readonly keepBytes?: number | undefined;
  /** How long it is kept after its last use; 2000 by default. */
  readonly idleMs?: number | undefined;
}

/** Buffers of at least so many bytes go through shared memory, unless a sender is told otherwise. */
export const LEAST_BYTES = 2 ** 20;

const checkOptions = optionChecker('Transit', {
  seat: integer({ min: 0, max: SEATS - 1 }),
  leastBytes: integer({ min: 1 }),
  maxBytes: integer({ min: 0 }),
  keepBytes: integer({ min: 0 }),
  idleMs: number({ min: 1 }),
});

/** What travels instead of a buffer: of its memory, or of what is mapped by everybody. */
export interface Lent {
  readonly handle: TransitHandle | MemoryHandle;
  readonly readOnly?: boolean;
}

/**
 * Sends large buffers to processes of this machine, and receives them: the hooks `share` and `resolve` of the codec.
 *
 * A buffer that is sent is copied once, into shared memory; the receiver maps that copy-on-write, without copying, so neither
 * side sees what the other writes. When the receiver's buffer is garbage the memory is used again. Memory that is mapped
 * already (`shared()` across processes, `mapFile()`) travels as its handle, and is the same on both sides.
 *
 * Where shared memory cannot be had, is used up or is not worth it, `share` returns undefined: the buffer travels in the
 * message. Sending never fails for lack of memory.
 *
 * One object serves all peers of a thread, in both directions. Each peer of a sender has a seat, a small number of its own, which
 * the peer's own `Transit` must be given; both ends of README.md, "Transit".
 *
 * ```ts
 * const transit = new Transit();                                    // the pool; its seat is 0
 * const parcel = transit.parcel(worker.seat);
 * const { frame, buffers } = parcel.make((share) => encode(entries, { share }));
 * // in the worker, new Transit({ seat }):
 * const entries = decode(frame, buffers, { resolve: transit.resolve });
 * ```
 */
export class Transit {
  readonly #seat: number;
  readonly #leastBytes: number;
  readonly #segments: TransitSegments;
  #isClosed = false;
  #receivedBytes = 0;

  constructor(options: TransitOptions = {}) {
    const {
      seat = 0,
      leastBytes = LEAST_BYTES,
      maxBytes,
      keepBytes = 2 ** 29,
      idleMs = 2000,
    } = checkOptions(options);
    this.#seat = seat;
    this.#leastBytes = leastBytes;
    this.#segments = new TransitSegments({ maxBytes: maxBytes ?? defaultMaxBytes(), keepBytes, idleMs });
  }

  /** Bytes of shared memory that this sender has taken: under way, with receivers, and kept. */
  get totalBytes(): number {
    return this.#segments.totalBytes;
  }

  /** The part of {@link totalBytes} that no receiver has. */
  get freeBytes(): number {
    return this.#segments.freeBytes;
  }

  /**
   * Bytes of the buffers that this receiver has mapped and has not let go of. V8 counts them as external memory, although
   * they are the sender's: who watches the memory of a worker leaves them out.
   */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Buffers that are sent to several peers and do not change meanwhile: each is put into shared memory once. To be ended when
   * nothing of it is sent any more.
   */
  batch(): Batch {
    return new Batch();
  }

  /** What one message to the peer on `seat` takes along. */
  parcel(seat: number, batch?: Batch): Parcel {
    return new Parcel((buffer) => this.#place(buffer, batch), seat, batch !== undefined);
  }

  /** The buffer of a handle; good for `decode`, without `this`. */
  readonly resolve = (handle: unknown, memory: { readonly byteLength: number }): ArrayBuffer => {
    if (isTransitHandle(handle) && handle.byteLength === memory.byteLength) {
      const { byteLength } = handle;
      const buffer = openTransit(handle, this.#seat, () => (this.#receivedBytes -= byteLength));
      this.#receivedBytes += byteLength;
      return buffer;
    }
    if (isSegmentHandle(handle) || isFileHandle(handle)) return openMemory(handle);
    throw new TypeError(`transit: expected the handle of ${memory.byteLength} bytes, not ${show(handle)}`);
  };

  /** The peer on `seat` is dead, and its process gone: what it had is free, and the seat, too. */
  forget(seat: number): void {
    this.#segments.forget(seat);
  }

  /** Gives back all memory. Receivers keep what they have mapped; what is still under way cannot be received any more. */
  close(): void {
    this.#isClosed = true;
    this.#segments.close();
  }

  #place(buffer: ArrayBufferLike, batch: Batch | undefined): Placed | undefined {
    const handle = memoryHandle(buffer);
    if (handle !== undefined)
      return {
        lent: { handle, readOnly: isFileHandle(handle) && handle.mode === 'read' },
        segment: undefined,
      };
    if (this.#isClosed || buffer.byteLength < this.#leastBytes || !isFixed(buffer)) return undefined;
    const before = batch?.placed.get(buffer);
    if (before !== undefined) return before;
    const segment = this.#segments.place(new Uint8Array(buffer));
    if (segment === undefined) return undefined;
    const { name } = segment;
    const placed = {
      lent: { handle: { kind: 'transit', name, byteLength: buffer.byteLength } },
      segment,
    } as const;
    batch?.placed.set(buffer, placed);
    return placed;
  }
}

/** A buffer in shared memory; without a segment it is somebody's mapped memory. */
interface Placed {
  readonly lent: Lent;
  readonly segment: TransitSegment | undefined;
}

/** Buffers that are placed once for several messages. */
export class Batch {
  /** @internal */
  readonly placed = new Map<ArrayBufferLike, Placed>();

  /** Nothing of it is sent any more. */
  end(): void {
    for (const { segment } of this.placed.values()) if (segment !== undefined) segment.pins--;
    this.placed.clear();
  }
}

/** The buffers of one message to one peer. */
export class Parcel {
  readonly #place: (buffer: ArrayBufferLike) => Placed | undefined;
  readonly #seat: number;
  readonly #isBatched: boolean;
  readonly #segments: TransitSegment[] = [];

  /** @internal use {@link Transit.parcel} */
  constructor(place: (buffer: ArrayBufferLike) => Placed | undefined, seat: number, isBatched: boolean) {
    this.#place = place;
    this.#seat = seat;
    this.#isBatched = isBatched;
  }

  /** What travels instead of `buffer`, lent to the peer; good for `encode`, without `this`. */
  readonly share = (buffer: ArrayBufferLike): Lent | undefined => {
    const placed = this.#place(buffer);
    if (placed?.segment !== undefined) {
      placed.segment.lend(this.#seat);
      this.#segments.push(placed.segment);
      if (!this.#isBatched) placed.segment.pins--;
    }
    return placed?.lent;
  };

  /** Makes the message with the hook; if that throws, nothing was lent. */
  make<T>(encode: (share: (buffer: ArrayBufferLike) => Lent | undefined) => T): T {
    try {
      return encode(this.share);
    } catch (error) {
      this.takeBack();
      throw error;
    }
  }

  /** The same message goes to another peer, too. Only while its batch has not ended. */
  lendTo(seat: number): void {
    for (const segment of this.#segments) segment.lend(seat);
  }

  /** The message does not go to that peer, to whom it was lent; others have it or may still get it. */
  takeBackFrom(seat: number): void {
    for (const segment of this.#segments) segment.takeBack(seat);
  }

  /** The message is not sent. */
  takeBack(): void {
    for (const segment of this.#segments.splice(0)) segment.takeBack(this.#seat);
  }
}

/** Memory whose content is all that a copy must have. */
function isFixed(buffer: ArrayBufferLike): boolean {
  return types.isArrayBuffer(buffer) && (buffer as { resizable?: boolean }).resizable !== true;
}
