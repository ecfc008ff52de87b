/** The frame format, version 1: every number that encoder and decoder must agree on. README.md is the table for people. */
import { endianness } from 'node:os';

export const MAGIC_0 = 0x7a;
export const MAGIC_1 = 0x54;
export const VERSION = 1;
export const HEADER_BYTES = 8;
/** Flag of the header: buffers hold big-endian elements. */
export const FLAG_BIG_ENDIAN = 1;
export const OWN_FLAGS = endianness() === 'BE' ? FLAG_BIG_ENDIAN : 0;

/**
 * First byte of a value. From 0x80 on it is an integer from 0 to 127, from 0x40 to 0x7f a string of one-byte characters
 * of length 0 to 63.
 */
export const TAG = {
  undefined: 0x00,
  null: 0x01,
  true: 0x02,
  false: 0x03,
  /** Zigzag varint, 32 bits. */
  int: 0x04,
  double: 0x05,
  bigint64: 0x06,
  /** Sign byte, then the digits in base 16 as a Latin-1 string. */
  bigint: 0x07,
  latin1: 0x08,
  utf8: 0x09,
  utf16: 0x0a,
  /** An object that came before, by its number. */
  reference: 0x0b,
  /** Definition of a shape (byte length, count, keys), then the values. */
  shape: 0x0c,
  /** Number of a shape of this frame, then the values. */
  record: 0x0d,
  /** Count, then key and value each. */
  dictionary: 0x0e,
  array: 0x0f,
  int32Array: 0x10,
  doubleArray: 0x11,
  /** Length, count, then index and value each. */
  sparseArray: 0x12,
  /** An array, then count, key and value of its named properties. */
  namedArray: 0x13,
  hole: 0x14,
  map: 0x15,
  set: 0x16,
  date: 0x17,
  regexp: 0x18,
  boxed: 0x19,
  error: 0x1a,
  /** Byte length and the bytes. */
  bytes: 0x1b,
  /** Maximal byte length, byte length and the bytes. */
  resizable: 0x1c,
  /** Mark, byte length; a handle if shared. */
  buffer: 0x1d,
  /** Kind, byte offset, length, buffer. */
  view: 0x1e,
  /** An object of a kind (see {@link LATER}) whose content comes behind the root. */
  later: 0x1f,
  /** What the layer above put in the place of an object. */
  replaced: 0x20,
  /** An array of strings only. Count, then blocks: count, lengths, all characters in one string. */
  stringArray: 0x21,
} as const;

export const SHORT_STRING = 0x40;
export const SMALL_INT = 0x80;
export const SHORT_STRING_MAX = 63;
export const SMALL_INT_MAX = 127;

/** Objects that are made empty and filled later. */
export const LATER = { object: 0, array: 1, map: 2, set: 3, cause: 4 } as const;

/** Marks of a buffer, in two bits; the third says that it must not be written to. */
export const MARK = { copied: 0, moved: 1, shared: 2, mask: 3, readOnly: 4 } as const;

/** Flags of an error. */
export const ERROR = { message: 1, stack: 2, cause: 4, causeLater: 8 } as const;
export const ERROR_NAMES = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
] as const;

/** Kinds of views, by their number on the wire; DataView is 0. */
export const VIEW_NAMES = [
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const;
/** Added to the kind of a view that follows the length of its resizable buffer. */
export const TRACKING = 0x80;

/** Kinds of boxed primitives: the value follows. */
export const BOXED = { boolean: 0, number: 1, string: 2, bigint: 3 } as const;

/** Containers nested deeper than this come later, so that no depth overflows the stack. */
export const MAX_NESTING = 100;
/** In what the layer above put in, nothing comes later: it is given whole. Deeper is refused. */
export const MAX_REPLACED_NESTING = 400;
/** What a decoder follows: more than any encoder writes. */
export const MAX_DECODED_NESTING = MAX_NESTING + MAX_REPLACED_NESTING + 8;

/** Objects with more properties than this are written with their keys, each time. */
export const MAX_SHAPE_KEYS = 32;
/**
 * Strings are written together up to so many characters: a call into the engine costs more than a short string. What is cut
 * from a block keeps the whole block in memory, so it is small.
 */
export const BLOCK_CHARACTERS = 4096;
/** The engine makes no array of this length (2^25) without holes at once. */
export const MOSTLY_HOLES = 33_554_432;
