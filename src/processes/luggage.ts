/** Memory that need not go through a socket, or cannot: what the codec asks about the buffers of a message. */
import type { Shared, SharedMemory } from '../codec/index.ts';
import { memoryHandle, openMemory, type MemoryHandle } from '../memory/handle.ts';
import { isForAll } from '../memory/shared.ts';
import type { Transit } from '../memory/transit.ts';

/** One end's ways for buffers. */
export interface Luggage {
  /** Makes a message; `share` says which buffers travel as handles. */
  pack<T>(make: (share: (buffer: ArrayBufferLike) => Shared | undefined) => T): T;
  /** The memory of a handle. */
  readonly resolve: (handle: unknown, memory: SharedMemory) => ArrayBufferLike;
}

/** The bytes themselves, where `shared(…, { across: 'processes' })` had to make do with memory of this process. */
interface Copied {
  readonly kind: 'copied';
  readonly bytes: Uint8Array;
}

/** Mapped memory travels as its handle, everything else in the message. */
export const handLuggage: Luggage = {
  pack: (make) => make(shareMapped),
  resolve: (handle, { byteLength }) =>
    resolveCopied(handle, byteLength) ?? openMemory(handle as MemoryHandle),
};

/** Large buffers go through shared memory to the end of the channel that has this seat. */
export class SharedLuggage implements Luggage {
  readonly #transit: Transit;
  readonly #seat: number;

  constructor(transit: Transit, seat: number) {
    this.#transit = transit;
    this.#seat = seat;
  }

  pack<T>(make: (share: (buffer: ArrayBufferLike) => Shared | undefined) => T): T {
    const parcel = this.#transit.parcel(this.#seat);
    return parcel.make((share) => make((buffer) => share(buffer) ?? shareCopied(buffer)));
  }

  readonly resolve = (handle: unknown, memory: SharedMemory): ArrayBufferLike =>
    resolveCopied(handle, memory.byteLength) ?? this.#transit.resolve(handle, memory);
}

/** What a buffer travels as, apart from transit; undefined for what goes into the message, or is refused there. */
export function shareMapped(buffer: ArrayBufferLike): Shared | undefined {
  const handle = memoryHandle(buffer);
  return handle === undefined ? shareCopied(buffer) : { handle };
}

function shareCopied(buffer: ArrayBufferLike): Shared | undefined {
  if (!(buffer instanceof SharedArrayBuffer) || !isForAll(buffer)) return undefined;
  const copied: Copied = { kind: 'copied', bytes: new Uint8Array(buffer).slice() };
  return { handle: copied };
}

function resolveCopied(handle: unknown, byteLength: number): ArrayBufferLike | undefined {
  const { kind, bytes } = handle as Partial<Copied>;
  if (kind !== 'copied' || bytes === undefined) return undefined;
  return bytes.byteLength === bytes.buffer.byteLength && bytes.byteLength === byteLength
    ? bytes.buffer
    : bytes.slice().buffer;
}
