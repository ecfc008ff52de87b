/** Buffers and views out of a frame, or from beside it. */
import * as types from 'node:util/types';
import type { ByteReader } from './byte-reader.ts';
import type { DecodeOptions, SharedMemory } from './decode-options.ts';
import { MARK, TAG, TRACKING, VIEW_NAMES } from './format.ts';
import { markReadOnly } from './read-only.ts';

/** Stands for an object whose content is being read. */
export const UNBORN = Symbol('unborn');

/** What the memory of a frame needs of the decoder of its values. */
export interface DecoderHost {
  readonly reader: ByteReader;
  /** All objects so far, by their numbers. */
  readonly objects: unknown[];
  /** The next value, one level deeper. */
  inner(): unknown;
  /** The value of a tag that was read. */
  tagged(tag: number): unknown;
}

/** The memory of one frame. */
export class MemoryDecoder {
  readonly #host: DecoderHost;
  readonly #buffers: readonly Uint8Array[];
  readonly #options: DecodeOptions;
  #next = 0;
  #reservable: number;

  constructor(host: DecoderHost, buffers: readonly Uint8Array[], options: DecodeOptions) {
    this.#host = host;
    this.#buffers = buffers;
    this.#options = options;
    this.#reservable = options.maxReservedBytes ?? 2 ** 30;
  }

  /** How many of the buffers beside the frame were used. */
  get used(): number {
    return this.#next;
  }

  bytes(): ArrayBuffer {
    const { reader } = this.#host;
    return this.#born(reader.copy(reader.varint()));
  }

  resizable(): ArrayBuffer {
    const { reader } = this.#host;
    const maxByteLength = reader.varint();
    const length = reader.count(1);
    if (maxByteLength < length) throw reader.fail('value', 'a buffer is larger than its maximum');
    if (maxByteLength > this.#reservable)
      throw reader.fail(
        'limit',
        `resizable buffers would reserve ${maxByteLength} bytes; raise maxReservedBytes to accept that`,
      );
    this.#reservable -= maxByteLength;
    const at = reader.take(length);
    const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
    const buffer = reader.made('buffer', () => new Resizable(length, { maxByteLength }));
    new Uint8Array(buffer).set(reader.bytes.subarray(at, at + length));
    return this.#born(buffer);
  }

  buffer(): ArrayBufferLike {
    const { reader, objects } = this.#host;
    const flags = reader.byte();
    const mark = flags & MARK.mask;
    if (flags > 7 || mark > MARK.shared) throw reader.fail('tag', `mark ${flags} of a buffer means nothing`);
    const readOnly = (flags & MARK.readOnly) !== 0;
    const byteLength = reader.varint();
    const id = objects.push(UNBORN) - 1;
    const buffer = mark === MARK.shared ? this.#resolve({ byteLength, readOnly }) : this.#adopt(byteLength);
    if (readOnly) markReadOnly(buffer);
    return (objects[id] = buffer);
  }

  view(): ArrayBufferView {
    const { reader, objects } = this.#host;
    const id = objects.push(UNBORN) - 1;
    const kindByte = reader.byte();
    const tracking = kindByte >= TRACKING;
    const name = VIEW_NAMES[kindByte & ~TRACKING];
    if (name === undefined) throw reader.fail('tag', 'no kind of view has this number');
    const byteOffset = reader.varint();
    const length = tracking ? undefined : reader.varint();
    const buffer = this.#bufferOfView();
    const View = (globalThis as unknown as Record<string, ViewConstructor | undefined>)[name];
    if (View === undefined) throw reader.fail('value', `this version of Node has no ${name}`);
    return (objects[id] = reader.made(name, () => new View(buffer, byteOffset, length)));
  }

  #born<T>(buffer: T): T {
    this.#host.objects.push(buffer);
    return buffer;
  }

  #adopt(byteLength: number): ArrayBuffer {
    const { reader } = this.#host;
    const bytes = this.#buffers[this.#next];
    if (bytes === undefined)
      throw reader.fail('buffers', `it uses more than the ${this.#buffers.length} that came`);
    if (bytes.byteLength !== byteLength)
      throw reader.fail(
        'buffers',
        `buffer ${this.#next} has ${bytes.byteLength} bytes and should have ${byteLength}`,
      );
    this.#next++;
    const { buffer } = bytes;
    const whole = buffer.byteLength === byteLength && types.isArrayBuffer(buffer);
    return whole ? buffer : (Uint8Array.prototype.slice.call(bytes).buffer as ArrayBuffer);
  }

  #resolve(memory: SharedMemory): ArrayBufferLike {
    const { reader } = this.#host;
    const handle = this.#host.inner();
    const { resolve } = this.#options;
    if (resolve === undefined)
      throw reader.fail('handle', 'it refers to shared memory, which this receiver does not know');
    const buffer = resolve(handle, memory);
    if (!types.isAnyArrayBuffer(buffer) || buffer.byteLength !== memory.byteLength)
      throw reader.fail(
        'handle',
        `its shared memory should have ${memory.byteLength} bytes, but has ${(buffer as { byteLength?: number } | undefined)?.byteLength}`,
      );
    return buffer;
  }

  #bufferOfView(): ArrayBufferLike {
    const { reader } = this.#host;
    const tag = reader.byte();
    if (tag !== TAG.bytes && tag !== TAG.buffer && tag !== TAG.resizable && tag !== TAG.reference)
      throw reader.fail('tag', 'a view has no buffer');
    const buffer = this.#host.tagged(tag);
    if (!types.isAnyArrayBuffer(buffer)) throw reader.fail('reference', 'a view refers to what is no buffer');
    return buffer;
  }
}

type ViewConstructor = new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number | undefined,
) => ArrayBufferView;
