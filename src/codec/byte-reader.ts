/** Bytes of one frame, read with every step checked. */
import { FrameError, type FrameFault } from './frame-error.ts';
import { SHORT_STRING, SHORT_STRING_MAX, SMALL_INT, TAG } from './format.ts';

const scratchDouble = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchDouble.buffer);
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const { fromCharCode } = String;

/** A position in a frame that never leaves it. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position = 0;
  #view: DataView | undefined;
  #text: Buffer | undefined;

  constructor(frame: Uint8Array) {
    this.bytes = frame;
    this.end = frame.byteLength;
  }

  get view(): DataView {
    return (this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.end));
  }

  /** The characters from `at` up to the position. */
  text(encoding: BufferEncoding, at: number): string {
    const { bytes } = this;
    this.#text ??= Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, this.end);
    return this.#text.toString(encoding, at, this.position);
  }

  fail(fault: FrameFault, message: string, cause?: unknown): FrameError {
    return new FrameError(fault, this.position, message, cause);
  }

  /** What the engine may refuse to make. */
  made<T>(what: string, make: () => T): T {
    try {
      return make();
    } catch (cause) {
      throw this.fail('value', `the engine makes no ${what} of it: ${String(cause)}`, cause);
    }
  }

  /** Skips `count` bytes and returns where they begin. */
  take(count: number): number {
    const at = this.position;
    if (count > this.end - at) throw this.fail('truncated', `it ends where ${count} more bytes should be`);
    this.position = at + count;
    return at;
  }

  byte(): number {
    if (this.position >= this.end) throw this.fail('truncated', 'it ends too early');
    return this.bytes[this.position++]!;
  }

  /** A number below 2^53. */
  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (value > Number.MAX_SAFE_INTEGER) throw this.fail('count', 'a number has more than 53 bits');
      // Padding with zeros has no end that the value would show.
      if (byte === 0) throw this.fail('count', 'a number ends with nothing');
    } while (byte >= 0x80);
    return value;
  }

  /** How many things follow, each of which takes `width` bytes or more. */
  count(width: number): number {
    const count = this.varint();
    if (count > (this.end - this.position) / width) {
      throw this.fail(
        'count',
        `${count} elements cannot be in the ${this.end - this.position} bytes that are left`,
      );
    }
    return count;
  }

  double(): number {
    const at = this.take(8);
    const { bytes } = this;
    if (littleEndian) for (let i = 0; i < 8; i++) scratchBytes[i] = bytes[at + i]!;
    else for (let i = 0; i < 8; i++) scratchBytes[7 - i] = bytes[at + i]!;
    return scratchDouble[0]!;
  }

  /** A copy of `count` bytes in memory of their own. */
  copy(count: number): ArrayBuffer {
    const at = this.take(count);
    const { buffer, byteOffset } = this.bytes;
    return (buffer as ArrayBuffer).slice(byteOffset + at, byteOffset + at + count);
  }

  /** A string that must be next. */
  string(): string {
    const tag = this.byte();
    const text = this.stringOf(tag);
    if (text === undefined) throw this.fail('tag', `0x${tag.toString(16)} is not the tag of a string`);
    return text;
  }

  /** The string that `tag` begins, undefined if it begins none. */
  stringOf(tag: number): string | undefined {
    if (tag >= SHORT_STRING && tag < SMALL_INT) return this.#short(tag & SHORT_STRING_MAX);
    if (tag !== TAG.latin1 && tag !== TAG.utf8 && tag !== TAG.utf16) return undefined;
    const size = this.varint();
    const at = this.take(size);
    if (tag === TAG.utf16 && size % 2 === 1)
      throw this.fail('value', 'a string of 16-bit units has half a unit');
    const encoding = tag === TAG.latin1 ? 'latin1' : tag === TAG.utf8 ? 'utf8' : 'utf16le';
    return this.text(encoding, at);
  }

  #short(length: number): string {
    const at = this.take(length);
    const { bytes } = this;
    // A call into the engine costs as much as some ten characters.
    switch (length) {
      case 0:
        return '';
      case 1:
        return fromCharCode(bytes[at]!);
      case 2:
        return fromCharCode(bytes[at]!, bytes[at + 1]!);
      case 3:
        return fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!);
      case 4:
        return fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
      case 5:
        return fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!);
      case 6:
        return fromCharCode(
          bytes[at]!,
          bytes[at + 1]!,
          bytes[at + 2]!,
          bytes[at + 3]!,
          bytes[at + 4]!,
          bytes[at + 5]!,
        );
      default:
        return this.text('latin1', at);
    }
  }
}
