/** Buffers and views into a frame, or beside it: each copied, moved, or shared by a handle. */
import * as types from 'node:util/types';
import type { CaptureError } from '../base/errors.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { EncodeOptions } from './encode-options.ts';
import { MARK, TAG, TRACKING } from './format.ts';
import { viewKind, viewName } from './kinds.ts';
import { isReadOnly } from './read-only.ts';

const OUT_OF_BAND_BYTES = 8192;

/** What the memory of a frame needs of the encoder of its values. */
export interface MemoryHost {
  /** Writes a reference if the object was met before, else gives it the next number. */
  met(value: object): boolean;
  /** Writes a value of which nothing comes later. */
  whole(value: unknown): void;
  refusal(value: unknown, why: string, cause?: unknown): CaptureError;
}

/** The memory of one frame. */
export class MemoryEncoder {
  /** What travels beside the frame, in order. */
  readonly buffers: Uint8Array[] = [];
  readonly #writer: ByteWriter;
  readonly #options: EncodeOptions;
  readonly #outOfBandBytes: number;
  readonly #host: MemoryHost;
  /** `index` is that of the buffer beside the frame; -1 when its content travels otherwise. */
  readonly #moved: { buffer: ArrayBuffer; index: number }[] = [];

  constructor(writer: ByteWriter, options: EncodeOptions, host: MemoryHost) {
    this.#writer = writer;
    this.#options = options;
    this.#outOfBandBytes = options.outOfBandBytes ?? OUT_OF_BAND_BYTES;
    this.#host = host;
  }

  /** A buffer that was not met before. */
  buffer(buffer: ArrayBufferLike): void {
    const { byteLength } = buffer;
    const isShared = types.isSharedArrayBuffer(buffer);
    const isLarge = byteLength >= this.#outOfBandBytes;
    if (!isShared && (buffer as { detached?: boolean }).detached === true) throw this.#gone(buffer);
    if ((isShared || isLarge) && this.#share(buffer, isShared)) return;
    if (isShared)
      throw this.#host.refusal(
        buffer,
        'only the threads of one process see it; make the array with ' +
          "shared(…, { across: 'processes' }), or send a copy of its content (new Float64Array(array))",
      );
    const own = buffer as ArrayBuffer;
    const isMoved = this.#options.moved?.(own) === true;
    const bytes = this.#bytesOf(own);
    const resizable = (own as { resizable?: boolean }).resizable === true;
    const outOfBand = isLarge && !resizable;
    if (isMoved) this.#moved.push({ buffer: own, index: outOfBand ? this.buffers.length : -1 });
    if (outOfBand) {
      this.#mark(isMoved ? MARK.moved : MARK.copied, isReadOnly(own), byteLength);
      this.buffers.push(this.#options.snapshot === true && !isMoved ? bytes.slice() : bytes);
      return;
    }
    const writer = this.#writer;
    writer.byte(resizable ? TAG.resizable : TAG.bytes);
    if (resizable) writer.varint((own as unknown as ResizableBuffer).maxByteLength);
    writer.varint(byteLength);
    writer.raw(bytes);
  }

  view(view: ArrayBufferView): void {
    const writer = this.#writer;
    const kind = viewKind(view);
    if (kind < 0) throw this.#host.refusal(view, `nothing is known about ${viewName(view)}`);
    writer.byte(TAG.view);
    if (Buffer.isBuffer(view) && view.byteLength < view.buffer.byteLength) {
      // Others use the rest of this memory: it does not travel.
      writer.byte(kind);
      writer.varint(0);
      writer.varint(view.byteLength);
      const own = Uint8Array.prototype.slice.call(view).buffer;
      this.#host.met(own);
      this.buffer(own);
      return;
    }
    const { buffer } = view;
    const length = kind === 0 ? view.byteLength : (view as Uint8Array).length;
    const tracks = isTracking(view);
    writer.byte(kind | (tracks ? TRACKING : 0));
    writer.varint(view.byteOffset);
    if (!tracks) writer.varint(length);
    if (!this.#host.met(buffer)) this.buffer(buffer);
  }

  /** Everything is encoded: what moves is taken from its owner now, so that nobody changes it before it is sent. */
  detach(): void {
    for (const { buffer, index } of this.#moved) {
      let taken: ArrayBuffer;
      try {
        taken = structuredClone(buffer, { transfer: [buffer] });
      } catch (cause) {
        throw this.#host.refusal(buffer, 'its memory cannot change hands', cause);
      }
      if (index >= 0) this.buffers[index] = new Uint8Array(taken);
    }
  }

  /** A handle in place of the memory, if somebody has one. What is moved is not the sender's any more, however it travels. */
  #share(buffer: ArrayBufferLike, isShared: boolean): boolean {
    const shared = this.#options.share?.(buffer);
    if (shared === undefined) return false;
    this.#mark(MARK.shared, shared.readOnly === true || isReadOnly(buffer), buffer.byteLength);
    this.#host.whole(shared.handle);
    if (!isShared && this.#options.moved?.(buffer as ArrayBuffer) === true)
      this.#moved.push({ buffer: buffer as ArrayBuffer, index: -1 });
    return true;
  }

  #mark(mark: number, readOnly: boolean, byteLength: number): void {
    this.#writer.byte(TAG.buffer);
    this.#writer.byte(mark | (readOnly ? MARK.readOnly : 0));
    this.#writer.varint(byteLength);
  }

  /** The bytes of a buffer. Node 20 tells only by failing here that a buffer is detached. */
  #bytesOf(buffer: ArrayBufferLike): Uint8Array {
    try {
      return new Uint8Array(buffer);
    } catch (cause) {
      throw this.#gone(buffer, cause);
    }
  }

  #gone(buffer: ArrayBufferLike, cause?: unknown): CaptureError {
    return this.#host.refusal(buffer, 'its memory has changed hands', cause);
  }
}

/**
 * Whether a view is as long as its resizable buffer, whatever that is: only resizing tells. One at the buffer's maximum
 * counts as fixed.
 */
function isTracking(view: ArrayBufferView): boolean {
  const buffer = view.buffer as unknown as ResizableBuffer;
  if (buffer.resizable !== true) return false;
  const { byteLength } = buffer;
  const step = (view as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  if (byteLength + step > buffer.maxByteLength) return false;
  const before = view.byteLength;
  buffer.resize(byteLength + step);
  const tracks = view.byteLength !== before;
  buffer.resize(byteLength);
  return tracks;
}

interface ResizableBuffer {
  readonly resizable?: boolean;
  readonly byteLength: number;
  readonly maxByteLength: number;
  resize(byteLength: number): void;
}
