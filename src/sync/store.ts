/** Values of any size in shared memory: as bytes, in blocks of one size. Everything here happens under its owner's lock. */
import { UnsupportedError } from '../base/errors.ts';
import { decode, encode } from '../codec/index.ts';
import { pack, scanPlain, unpack, type Packed } from '../closure/index.ts';

const Kind = { undefined: 0, null: 1, false: 2, true: 3, number: 4, plain: 5, packed: 6 } as const;
const blockBytes = 256;

/** A value on its way in. */
export interface Encoded {
  readonly kind: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Where a value lies: what an entry in a row of values keeps of it. */
export interface Stored {
  readonly kind: number;
  readonly number: number;
  readonly block: number;
  readonly byteLength: number;
}

const none = new Uint8Array(0);

/** How many blocks so many bytes need. */
export function blocksFor(byteLength: number): number {
  return Math.ceil(byteLength / blockBytes);
}

/** Words that a store with so many blocks takes. */
export function storeWords(blocks: number): number {
  return 4 + blocks + (blocks * blockBytes) / 4;
}

/** A value as bytes; `what` is what errors call it. @throws CaptureError when it cannot travel as bytes */
export function encodeValue(value: unknown, what: string): Encoded {
  if (typeof value === 'number') return { kind: Kind.number, number: value, bytes: none };
  if (value === undefined || value === null || typeof value === 'boolean') {
    const kind =
      value === undefined ? Kind.undefined : value === null ? Kind.null : value ? Kind.true : Kind.false;
    return { kind, number: 0, bytes: none };
  }
  const isPlain = scanPlain(value, []);
  const content = isPlain ? value : pack(value, { root: what });
  // All of it in the frame: there is nowhere else for it to go.
  const options = { root: what, outOfBandBytes: Number.MAX_SAFE_INTEGER, subject: value };
  const { frame } = encode(content, options);
  return { kind: isPlain ? Kind.plain : Kind.packed, number: 0, bytes: frame };
}

/** The value of bytes; a promise when a class in it has to be imported first. */
export function decodeValue({ kind, number, bytes }: Encoded): unknown {
  switch (kind) {
    case Kind.undefined:
      return undefined;
    case Kind.null:
      return null;
    case Kind.false:
      return false;
    case Kind.true:
      return true;
    case Kind.number:
      return number;
  }
  const content = decode(bytes);
  return kind === Kind.plain ? content : unpack(content as Packed);
}

/** The value, where nobody can wait for an import. */
export function decodeNow(encoded: Encoded, what: string): unknown {
  const value = decodeValue(encoded);
  if (encoded.kind !== Kind.packed || !(value instanceof Promise)) return value;
  value.catch(() => undefined); // it is not this that fails
  throw new UnsupportedError(
    `${what}: a value in it needs a module that this thread has not imported yet, which a blocked thread cannot do; ` +
      'import it, or use the asynchronous form',
  );
}

/** The blocks. */
export class Store {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #bytes: Uint8Array;
  readonly #blocks: number;

  /** From the word `first` on; `fresh` memory is made ready. */
  constructor(words: Int32Array, first: number, blocks: number, fresh: boolean) {
    this.#words = words;
    this.#first = first;
    this.#blocks = blocks;
    const at = first + 4 + blocks;
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset + at * 4, blocks * blockBytes);
    if (!fresh) return;
    for (let k = 0; k < blocks; k++) this.#next(k, k + 1 < blocks ? k + 1 : -1);
    words[first] = blocks > 0 ? 0 : -1;
    words[first + 1] = blocks;
  }

  /** Blocks that are free. */
  get free(): number {
    return this.#words[this.#first + 1] as number;
  }

  get byteLength(): number {
    return this.#blocks * blockBytes;
  }

  /** Puts a value in; undefined where there is no room. */
  put({ kind, number, bytes }: Encoded): Stored | undefined {
    const count = blocksFor(bytes.byteLength);
    if (count > this.free) return undefined;
    const words = this.#words;
    const block = count === 0 ? -1 : (words[this.#first] as number);
    let at = block;
    for (let k = 0; k < count; k++) {
      this.#bytes.set(bytes.subarray(k * blockBytes, (k + 1) * blockBytes), at * blockBytes);
      const next = words[this.#first + 4 + at] as number;
      if (k === count - 1) {
        words[this.#first] = next;
        this.#next(at, -1);
      }
      at = next;
    }
    words[this.#first + 1] = this.free - count;
    return { kind, number, block, byteLength: bytes.byteLength };
  }

  /** Takes a value out: its blocks are free then. */
  take({ kind, number, block, byteLength }: Stored): Encoded {
    if (block < 0) return { kind, number, bytes: none };
    const words = this.#words;
    const bytes = new Uint8Array(byteLength);
    let last = block;
    for (let at = block, from = 0; at >= 0; from += blockBytes) {
      const start = at * blockBytes;
      bytes.set(this.#bytes.subarray(start, start + Math.min(blockBytes, byteLength - from)), from);
      last = at;
      at = words[this.#first + 4 + at] as number;
    }
    this.#next(last, words[this.#first] as number);
    words[this.#first] = block;
    words[this.#first + 1] = this.free + blocksFor(byteLength);
    return { kind, number, bytes };
  }

  #next(block: number, next: number): void {
    this.#words[this.#first + 4 + block] = next;
  }
}
