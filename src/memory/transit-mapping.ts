/** The receiver's half of transit: a segment that was lent, as memory of its own. */
import { readSync } from 'node:fs';
import { show } from '../base/options.ts';
import { SharedMemoryError } from '../base/errors.ts';
import { MAP_COPY_ON_WRITE, MAP_SHARED } from './native.ts';
import { mappedBefore, mapPart, release } from './mapping.ts';
import { bytes, closeObject, isObjectName, objectLength, openObject } from './shm-object.ts';
import { HEADER_BYTES, SEATS } from './transit-segments.ts';

/** What finds a buffer in transit: a plain object that travels in messages, and is good once. */
export interface TransitHandle {
  readonly kind: 'transit';
  readonly name: string;
  readonly byteLength: number;
}

/** Whether `x` is the handle of a buffer in transit. */
export function isTransitHandle(x: unknown): x is TransitHandle {
  if (typeof x !== 'object' || x === null) return false;
  const { kind, name, byteLength } = x as Partial<Record<keyof TransitHandle, unknown>>;
  return kind === 'transit' && typeof name === 'string' && Number.isSafeInteger(byteLength);
}

/**
 * The buffer of a handle that was lent to `seat`, mapped copy-on-write: nobody else sees what is written to it, and it never
 * changes by itself. The segment goes back to its sender when the buffer is garbage; then `ended` is called.
 *
 * Where the system maps no more (it promises no more memory than it has, or the process has too many mappings), it is a copy.
 *
 * @throws SharedMemoryError when the sender is gone, and the segment with it
 */
export function openTransit(
  { name, byteLength }: TransitHandle,
  seat: number,
  ended: () => void,
): ArrayBuffer {
  if (!isObjectName(name)) throw new TypeError(`transit: ${show(name)} is not the name of a segment`);
  const fd = openObject(name);
  try {
    const length = objectLength(fd);
    // Reading behind its end would kill the process.
    if (byteLength < 1 || HEADER_BYTES + byteLength > length) {
      throw new SharedMemoryError(`transit: ${name} has ${bytes(length)}, too few for ${bytes(byteLength)}`, {
        memory: name,
        byteLength,
      });
    }
    return mapOrCopy(name, fd, byteLength, seat, ended);
  } finally {
    closeObject(fd);
  }
}

/** The header as memory that sender and receiver share; one mapping per segment. */
function openHeader(name: string, fd: number): ArrayBuffer {
  const key = `transit ${name}`;
  const part = { byteOffset: 0, byteLength: HEADER_BYTES, flags: MAP_SHARED, shared: true };
  const ended = (): void => {
    // The segment is the sender's.
  };
  return mappedBefore(key) ?? mapPart('transit', fd, part, { key, handle: undefined, ended });
}

function mapOrCopy(
  name: string,
  fd: number,
  byteLength: number,
  seat: number,
  ended: () => void,
): ArrayBuffer {
  let giveBack = ended;
  try {
    const header = openHeader(name, fd);
    giveBack = () => {
      Atomics.sub(new Int32Array(header, 0, SEATS), seat, 1);
      release(header);
      ended();
    };
    const part = { byteOffset: HEADER_BYTES, byteLength, flags: MAP_COPY_ON_WRITE, shared: false };
    return mapPart('transit', fd, part, { key: undefined, handle: undefined, ended: giveBack });
  } catch (error) {
    try {
      // Objects that are no files cannot be read.
      if (!(error instanceof SharedMemoryError) || process.platform !== 'linux') throw error;
      return readAll(fd, byteLength);
    } finally {
      giveBack();
    }
  }
}

function readAll(fd: number, byteLength: number): ArrayBuffer {
  const LARGEST_READ = 2 ** 30;
  const copy = new Uint8Array(byteLength);
  for (let at = 0; at < byteLength;)
    at += readSync(fd, copy, at, Math.min(byteLength - at, LARGEST_READ), HEADER_BYTES + at);
  return copy.buffer;
}
