/** Mapped memory by handle: what codecs and backends ask of a buffer before they would copy it. */
import { show } from '../base/options.ts';
import { mappingOf } from './mapped.ts';
import { release } from './mapping.ts';
import { isFileHandle, openFileHandle, type FileHandle } from './map-file.ts';
import { isSegmentHandle, isSegmentPart, openSegmentPart, segment } from './segment.ts';
import type { SegmentHandle, SegmentPart } from './segment.ts';

/** What finds mapped memory again in another thread or process. */
export type MemoryHandle = SegmentHandle | SegmentPart | FileHandle;

/**
 * The handle of the memory under a buffer or view; undefined for what is not mapped, or is seen by this buffer alone.
 *
 * It is the handle of the whole buffer: a view's `byteOffset` and length are the sender's to add.
 */
export function memoryHandle(x: ArrayBufferLike | ArrayBufferView): MemoryHandle | undefined {
  return mappingOf(ArrayBuffer.isView(x) ? x.buffer : x)?.handle as MemoryHandle | undefined;
}

/**
 * The handle of exactly the bytes of a view over mapped memory: who opens it maps no more than those, at the start of a buffer.
 * undefined for what is not mapped, or is seen by this buffer alone.
 */
export function partHandle(view: ArrayBufferView): MemoryHandle | undefined {
  const handle = memoryHandle(view);
  const { byteLength } = view;
  if (handle === undefined) return undefined;
  const byteOffset = view.byteOffset + ('byteOffset' in handle ? handle.byteOffset : 0);
  if (handle.kind === 'file') return { ...handle, byteOffset, byteLength };
  return { kind: 'segment part', name: handle.name, byteOffset, byteLength };
}

/**
 * The buffer of a handle, in any thread or process of this machine: no byte is copied. Asked twice, it is the same buffer.
 *
 * It stays mapped until it is garbage, or {@link unmap} was called as often as this.
 */
export function openMemory(handle: MemoryHandle): ArrayBuffer {
  if (isSegmentHandle(handle)) return segment(handle).buffer;
  if (isFileHandle(handle)) return openFileHandle(handle);
  if (isSegmentPart(handle)) return openSegmentPart(handle);
  throw new TypeError(`expected the handle of mapped memory, not ${show(handle)}`);
}

/**
 * Lets go of mapped memory once: of what `mapFile()` or `shared()` across processes returned.
 *
 * What was mapped twice in this thread (it is the same buffer) must be let go of twice. The last time, the mapping ends:
 * arrays over it have length 0 from then on (on Node 20 they read as zeros, and writes are lost). Without this call it
 * ends when the array and its buffer are garbage, or with the thread. Other threads and processes keep theirs.
 *
 * @param x a buffer, or an array over it
 * @returns whether the mapping has ended; false for ordinary memory, to which nothing happens
 *
 * @example
 * ```ts
 * import { shared, unmap } from 'tutti';
 *
 * const wide = shared(Int32Array, [1, 2], { across: 'processes' });
 * unmap(wide); // => true
 * unmap(wide); // => false
 * unmap(new Int32Array(2)); // => false
 * ```
 */
export function unmap(x: ArrayBufferLike | ArrayBufferView): boolean {
  return release(ArrayBuffer.isView(x) ? x.buffer : x);
}
