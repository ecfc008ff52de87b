/** Keys of maps as words: equal keys are equal words. */
import { show } from '../base/options.ts';
import { checkScalar, isDType, nameOf, type DType, type ScalarOf } from './dtype.ts';

/** Keys that are texts of at most {@link maxBytes} bytes in UTF-8. */
export interface TextKey {
  readonly kind: 'text';
  readonly maxBytes: number;
}

/** Keys that are at most {@link maxBytes} bytes. */
export interface BytesKey {
  readonly kind: 'bytes';
  readonly maxBytes: number;
}

/** What keys may be: integers, 64-bit floats, texts or bytes of a limited length. */
export type KeySpec =
  DType<'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f64'> | TextKey | BytesKey;

/** What keys are in JavaScript. */
export type KeyOf<K extends KeySpec> = K extends TextKey
  ? string
  : K extends BytesKey
    ? Uint8Array
    : K extends DType<infer N>
      ? ScalarOf<N>
      : never;

/** How keys become words. */
export interface KeyCodec {
  /** Words that the longest key takes. */
  readonly words: number;
  /** Writes a key's words; gives how many count. Keys of different lengths differ in the first. */
  encode(key: unknown, into: Int32Array): number;
  decode(from: Int32Array): unknown;
}

const MAX_KEY_BYTES = 65_536;

/**
 * Keys that are texts, for `sharedMap({ keys: text(24), … })`.
 *
 * @param maxBytes the longest text's bytes in UTF-8, an integer from 1 to 65,536; each entry takes that much
 *
 * @example
 * ```ts
 * import { i32, sharedMap, text } from 'tutti/structures';
 *
 * const ages = sharedMap({ keys: text(16), values: i32, capacity: 10 });
 * ages.set('Ada', 36);
 * ages.get('Ada'); // => 36
 * ages.set('a name that is longer than that', 1); // throws RangeError: the key
 * ```
 */
export function text(maxBytes: number): TextKey {
  return Object.freeze({ kind: 'text', maxBytes: checkMax('text', maxBytes) });
}

/**
 * Keys that are bytes, for `sharedMap({ keys: bytes(32), … })`: equal bytes are the same key.
 *
 * @param maxBytes the most bytes a key has, an integer from 1 to 65,536; each entry takes that much
 *
 * @example
 * ```ts
 * import { bytes, f64, sharedMap } from 'tutti/structures';
 *
 * const seen = sharedMap({ keys: bytes(4), values: f64, capacity: 10 });
 * seen.set(Uint8Array.of(1, 2), 0.5);
 * seen.get(Uint8Array.of(1, 2)); // => 0.5
 * seen.has(Uint8Array.of(1, 2, 0)); // => false
 * ```
 */
export function bytes(maxBytes: number): BytesKey {
  return Object.freeze({ kind: 'bytes', maxBytes: checkMax('bytes', maxBytes) });
}

function checkMax(owner: string, maxBytes: number): number {
  if (Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= MAX_KEY_BYTES) return maxBytes;
  throw new RangeError(
    `${owner}(): the length in bytes must be an integer from 1 to ${MAX_KEY_BYTES}, but got ${show(maxBytes)}`,
  );
}

/** How keys of a kind become words. */
export function keyCodec(spec: unknown): KeyCodec {
  if (isDType(spec)) {
    const name = nameOf(spec);
    if (name === 'f64') return floatKeys;
    if (name === 'i64' || name === 'u64') return bigKeys(name);
    if (name !== 'f32' && name !== 'bool') return integerKeys(name);
  }
  const { kind, maxBytes } = (spec ?? {}) as Partial<TextKey | BytesKey>;
  if (kind === 'text') return textKeys(checkMax('text', maxBytes!));
  if (kind === 'bytes') return bytesKeys(checkMax('bytes', maxBytes!));
  throw new TypeError(
    `sharedMap(): option \`keys\` must be an integer type, f64, text(n) or bytes(n), but got ${isDType(spec) ? spec.dtype : show(spec)}`,
  );
}

function integerKeys(dtype: 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32'): KeyCodec {
  const isUnsigned = dtype === 'u32';
  return {
    words: 1,
    encode(key, into) {
      checkScalar('the key', dtype, key);
      into[0] = key as number;
      return 1;
    },
    decode: (from) => (isUnsigned ? from[0]! >>> 0 : from[0]!),
  };
}

/** Numbers as `Map` tells them apart: NaN is itself, −0 is 0. */
const scratch = new Float64Array(1);
const big = new BigInt64Array(scratch.buffer);
const halves = new Int32Array(scratch.buffer);

const floatKeys: KeyCodec = {
  words: 2,
  encode(key, into) {
    checkScalar('the key', 'f64', key);
    scratch[0] = Number.isNaN(key) ? Number.NaN : (key as number) + 0;
    if (scratch[0] === 0) scratch[0] = 0;
    into[0] = halves[0]!;
    into[1] = halves[1]!;
    return 2;
  },
  decode(from) {
    halves[0] = from[0]!;
    halves[1] = from[1]!;
    return scratch[0];
  },
};

function bigKeys(dtype: 'i64' | 'u64'): KeyCodec {
  return {
    words: 2,
    encode(key, into) {
      checkScalar('the key', dtype, key);
      big[0] = BigInt.asIntN(64, key as bigint);
      into[0] = halves[0]!;
      into[1] = halves[1]!;
      return 2;
    },
    decode(from) {
      halves[0] = from[0]!;
      halves[1] = from[1]!;
      return dtype === 'i64' ? big[0] : BigInt.asUintN(64, big[0]!);
    },
  };
}

/** The length in bytes in the first word, then the bytes; the last word is filled up with zeros. */
function bytesKeys(maxBytes: number): KeyCodec {
  const words = 1 + Math.ceil(maxBytes / 4);
  return {
    words,
    encode(key, into) {
      if (!(key instanceof Uint8Array))
        throw new TypeError(
          `the key must be a Uint8Array of at most ${maxBytes} bytes, but got ${show(key)}`,
        );
      const { length } = key;
      if (length > maxBytes) throw tooLong(`${length} bytes`, maxBytes);
      into[Math.ceil(length / 4)] = 0;
      bytesOf(into).set(key, 4);
      into[0] = length;
      return 1 + Math.ceil(length / 4);
    },
    decode: (from) => new Uint8Array(bytesOf(from).subarray(4, 4 + from[0]!)),
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Which byte of a word is its lowest: the words of a text have the bytes that the encoder would write. */
const IS_LITTLE = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Texts up to here are made of their characters; the decoder is faster for longer ones. */
const SHORT_TEXT = 32;

function textKeys(maxBytes: number): KeyCodec {
  const words = 1 + Math.ceil(maxBytes / 4);
  return {
    words,
    encode(key, into) {
      if (typeof key !== 'string') throw new TypeError(`the key must be a string, but got ${show(key)}`);
      let { length } = key;
      if (length > maxBytes) throw tooLong(show(key), maxBytes);
      let word = 0;
      let i = 0;
      for (; i < length; i++) {
        const code = key.charCodeAt(i);
        if (code > 127) break;
        word |= code << (IS_LITTLE ? (i & 3) << 3 : 24 - ((i & 3) << 3));
        if ((i & 3) !== 3) continue;
        into[(i >> 2) + 1] = word;
        word = 0;
      }
      if (i < length) length = encodeWide(key, into, maxBytes);
      else if ((length & 3) !== 0) into[(length >> 2) + 1] = word;
      into[0] = length;
      return 1 + ((length + 3) >> 2);
    },
    decode(from) {
      const length = from[0]!;
      const content = bytesOf(from).subarray(4, 4 + length);
      if (length > SHORT_TEXT || content.some((byte) => byte > 127)) return decoder.decode(content);
      return String.fromCharCode(...content);
    },
  };
}

/** Texts with characters of several bytes; gives the bytes. */
function encodeWide(key: string, into: Int32Array, maxBytes: number): number {
  // The encoder would make the same bytes of all of them.
  if (/\p{Surrogate}/u.test(key))
    throw new TypeError(`the key ${show(key)} has half of a surrogate pair, which UTF-8 cannot hold`);
  const content = encoder.encode(key);
  if (content.length > maxBytes) throw tooLong(show(key), maxBytes);
  into[Math.ceil(content.length / 4)] = 0;
  bytesOf(into).set(content, 4);
  return content.length;
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function tooLong(what: string, maxBytes: number): RangeError {
  return new RangeError(
    `the key ${what} is longer than the ${maxBytes} bytes that the map was made for; make it with longer keys`,
  );
}

/** A hash of the words that count: murmur3's steps, whose every bit depends on every bit of the key. */
export function hashOf(words: Int32Array, length: number): number {
  let h = length;
  for (let k = 0; k < length; k++) {
    let w = Math.imul(words[k]!, 0xcc9e2d51);
    w = (w << 15) | (w >>> 17);
    h ^= Math.imul(w, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
