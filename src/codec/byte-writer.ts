/** Bytes of frames, written into memory that many small frames share. */
import { MAX_SHAPE_KEYS, SHORT_STRING, SHORT_STRING_MAX, TAG } from './format.ts';

const SLAB_BYTES = 65_536;
/** Below this the rest of a slab is given up. */
const WORTH_KEEPING = 4096;

/** The slab that the next writer takes: a writer that starts while another one writes takes a new one. */
let spare: { bytes: Buffer; view: DataView; start: number } | undefined;

const scratchDouble = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchDouble.buffer);
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Writes one frame: {@link finish} or {@link abandon} end it. */
export class ByteWriter {
  bytes: Buffer;
  view: DataView;
  start: number;
  position: number;

  constructor() {
    let slab = spare;
    spare = undefined;
    if (slab === undefined) {
      const bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
      slab = { bytes, view: new DataView(bytes.buffer), start: 0 };
    }
    this.bytes = slab.bytes;
    this.view = slab.view;
    this.start = this.position = slab.start;
  }

  /** The frame, a view of memory that other frames lie in too. */
  finish(): Uint8Array {
    const { bytes, view, start, position } = this;
    // Eight bytes more, so that frames begin aligned.
    const next = (position + 7) & ~7;
    if (bytes.length - next >= WORTH_KEEPING) spare = { bytes, view, start: next };
    return new Uint8Array(bytes.buffer, start, position - start);
  }

  /** Gives the memory back. */
  abandon(): void {
    const { bytes, view, start } = this;
    if (bytes.length <= SLAB_BYTES && bytes.length - start >= WORTH_KEEPING) spare = { bytes, view, start };
  }

  /** Makes room for `count` bytes. */
  reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const used = this.position - this.start;
    const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * used, used + count + 1024));
    bytes.set(this.bytes.subarray(this.start, this.position));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.start = 0;
    this.position = used;
  }

  byte(value: number): void {
    if (this.position >= this.bytes.length) this.#grow(1);
    this.bytes[this.position++] = value;
  }

  /** A number from 0 to 2^53 − 1, seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.reserve(8);
    const { bytes } = this;
    let at = this.position;
    while (value > 0x7f) {
      bytes[at++] = value < 0x8000_0000 ? (value & 0x7f) | 0x80 : (value % 128) | 0x80;
      value = value < 0x8000_0000 ? value >>> 7 : Math.floor(value / 128);
    }
    bytes[at++] = value;
    this.position = at;
  }

  double(value: number): void {
    this.reserve(8);
    const { bytes } = this;
    const at = this.position;
    scratchDouble[0] = value;
    if (littleEndian) {
      for (let i = 0; i < 8; i++) bytes[at + i] = scratchBytes[i]!;
    } else {
      for (let i = 0; i < 8; i++) bytes[at + i] = scratchBytes[7 - i]!;
    }
    this.position = at + 8;
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.position);
    this.position += source.length;
  }

  /** A string as a value, in the shortest of its encodings that is fast. */
  string(text: string): void {
    const { length } = text;
    if (length > ONE_BY_ONE) return this.#longString(text);
    this.reserve(1 + length);
    const { bytes } = this;
    let at = this.position;
    bytes[at++] = SHORT_STRING + length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) return this.#longString(text);
      bytes[at++] = unit;
    }
    this.position = at;
  }

  #longString(text: string): void {
    const { length } = text;
    if (isMostlyWide(text)) return this.#utf16(text);
    // To write is to learn whether all is ASCII; of much text that is asked first, so that no room is wasted.
    const known = length > ASK_FIRST ? Buffer.byteLength(text, 'utf8') : undefined;
    if (known !== undefined && known > 1.5 * length) return this.#utf16(text);
    const room = known ?? 3 * length;
    this.reserve(10 + room);
    const before = this.position;
    if (length > SHORT_STRING_MAX) {
      this.bytes[this.position++] = TAG.latin1;
      this.varint(length);
    } else this.bytes[this.position++] = SHORT_STRING + length;
    if (known === length) {
      this.position += this.bytes.write(text, this.position, length, 'latin1');
      return;
    }
    const size = this.bytes.write(text, this.position, room, 'utf8');
    if (size === length) {
      this.position += size;
      return;
    }
    this.position = before;
    // Lone surrogates have no UTF-8.
    if (size > 1.5 * length || !isWellFormed(text)) return this.#utf16(text);
    this.bytes[this.position++] = TAG.utf8;
    this.varint(size);
    this.reserve(size);
    this.position += this.bytes.write(text, this.position, size, 'utf8');
  }

  #utf16(text: string): void {
    const size = 2 * text.length;
    this.byte(TAG.utf16);
    this.varint(size);
    this.reserve(size);
    this.position += this.bytes.write(text, this.position, size, 'utf16le');
  }
}

/** Up to so many characters are written one by one: a call into the engine costs as much. */
const ONE_BY_ONE = 18;
/** Strings longer than this are measured before they are written. */
const ASK_FIRST = 2048;

/** A look at nine characters: whether most of them take three bytes in UTF-8. Wrong guesses cost space, nothing else. */
function isMostlyWide(text: string): boolean {
  let wide = 0;
  const last = text.length - 1;
  for (let i = 0; i <= 8; i++) if (text.charCodeAt((last * i) >>> 3) > 0x7ff) wide++;
  return wide > 4;
}

function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

/** The names of an object's properties, and the bytes that define them in a frame. */
export interface KeyList {
  readonly keys: readonly string[];
  readonly definition: Uint8Array;
  /** The frame that `id` belongs to. */
  frame: number;
  id: number;
}

const KEY_LISTS = 512;
const keyLists: (KeyList | undefined)[] = new Array<undefined>(KEY_LISTS).fill(undefined);

/**
 * Keeps the definitions of the shapes met lately; there are never more than 512. Undefined for too many keys.
 *
 * `writer` lends room behind what it has written.
 */
export function keyListOf(keys: readonly string[], writer: ByteWriter): KeyList | undefined {
  const count = keys.length;
  if (count > MAX_SHAPE_KEYS) return undefined;
  let hash = count;
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    hash = (Math.imul(hash, 31) + key.length * 7 + key.charCodeAt(0) + key.charCodeAt(key.length - 1)) | 0;
  }
  const slot = (hash ^ (hash >>> 9)) & (KEY_LISTS - 1);
  const known = keyLists[slot];
  if (known !== undefined && known.keys.length === count) {
    let i = 0;
    while (i < count && known.keys[i] === keys[i]) i++;
    if (i === count) return known;
  }
  // The memory may grow and move meanwhile.
  const used = writer.position - writer.start;
  writer.varint(count);
  for (const key of keys) writer.string(key);
  const definition = Uint8Array.prototype.slice.call(writer.bytes, writer.start + used, writer.position);
  writer.position = writer.start + used;
  const list: KeyList = { keys, definition, frame: -1, id: -1 };
  // Long keys are not kept: what is kept here is bounded.
  if (definition.length <= 1024) keyLists[slot] = list;
  return list;
}
