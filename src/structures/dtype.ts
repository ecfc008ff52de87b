/** Types of elements: the machine's numbers by the names that Numba and NumPy users know. */
import { show } from '../base/options.ts';
import type { TypedArrayOver } from '../memory/typed-array.ts';

/** The name of an element type. */
export type DTypeName = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64' | 'bool';

/** An element type: {@link f64} and its like. It is plain data, so that it travels as it is. */
export interface DType<N extends DTypeName = DTypeName> {
  readonly dtype: N;
  /** Bytes of one element, which is also what its address is a multiple of. */
  readonly byteLength: number;
}

/** What an element is in JavaScript: `bigint` for 64-bit integers, `boolean` for `bool`, else `number`. */
export type ScalarOf<N extends DTypeName> = N extends 'i64' | 'u64'
  ? bigint
  : N extends 'bool'
    ? boolean
    : number;

interface ArrayClasses {
  i8: Int8ArrayConstructor;
  u8: Uint8ArrayConstructor;
  i16: Int16ArrayConstructor;
  u16: Uint16ArrayConstructor;
  i32: Int32ArrayConstructor;
  u32: Uint32ArrayConstructor;
  i64: BigInt64ArrayConstructor;
  u64: BigUint64ArrayConstructor;
  f32: Float32ArrayConstructor;
  f64: Float64ArrayConstructor;
  bool: Uint8ArrayConstructor;
}

/** The typed array of an element type over a buffer `B`; for `bool` it is a `Uint8Array` of zeros and ones. */
export type ArrayOf<N extends DTypeName, B extends ArrayBufferLike = ArrayBufferLike> = N extends DTypeName
  ? TypedArrayOver<ArrayClasses[N], B>
  : never;

/** The classes of typed arrays by element type. */
export const ARRAY_CLASSES: Readonly<ArrayClasses> = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
  bool: Uint8Array,
};

const NAMES = Object.keys(ARRAY_CLASSES) as DTypeName[];

function dtype<const N extends DTypeName>(name: N): DType<N> {
  return Object.freeze({ dtype: name, byteLength: ARRAY_CLASSES[name].BYTES_PER_ELEMENT });
}

/** Signed integer of 8 bits. */
export const i8: DType<'i8'> = dtype('i8');
/** Unsigned integer of 8 bits. */
export const u8: DType<'u8'> = dtype('u8');
/** Signed integer of 16 bits. */
export const i16: DType<'i16'> = dtype('i16');
/** Unsigned integer of 16 bits. */
export const u16: DType<'u16'> = dtype('u16');
/** Signed integer of 32 bits. */
export const i32: DType<'i32'> = dtype('i32');
/** Unsigned integer of 32 bits. */
export const u32: DType<'u32'> = dtype('u32');
/** Signed integer of 64 bits: a `bigint`. */
export const i64: DType<'i64'> = dtype('i64');
/** Unsigned integer of 64 bits: a `bigint`. */
export const u64: DType<'u64'> = dtype('u64');
/** Floating-point number of 32 bits. */
export const f32: DType<'f32'> = dtype('f32');
/** Floating-point number of 64 bits: JavaScript's own. */
export const f64: DType<'f64'> = dtype('f64');
/** `true` or `false`, in a byte. */
export const bool: DType<'bool'> = dtype('bool');

/** Whether `x` is an element type: one that travelled is another object with the same name. */
export function isDType(x: unknown): x is DType {
  if (typeof x !== 'object' || x === null) return false;
  const name: unknown = (x as Partial<DType>).dtype;
  return typeof name === 'string' && Object.hasOwn(ARRAY_CLASSES, name);
}

/**
 * The name of an element type as this module writes it.
 *
 * A text that came by message and has been a property's name since is, until the next collection, a reference to that name.
 * Code that V8 12.4 (Node 22) compiles in between compares the two by address, and finds them different: names go through
 * here before anything runs often with them.
 */
export function nameOf({ dtype }: DType): DTypeName {
  return NAMES.find((name) => name === dtype)!;
}

/** The bytes of one element. */
export function sizeOf(name: DTypeName): number {
  return ARRAY_CLASSES[name].BYTES_PER_ELEMENT;
}

export const isBig = (name: DTypeName): boolean => name === 'i64' || name === 'u64';
export const isFloat = (name: DTypeName): boolean => name === 'f32' || name === 'f64';

/**
 * Checks that a value is one of the type, without rounding or wrapping; `what` begins the message. Floats take any number
 * (32-bit ones round it).
 *
 * @throws TypeError for a value of another type, RangeError for one that does not fit
 */
export function checkScalar(what: string, name: DTypeName, value: unknown): void {
  const kind = isBig(name) ? 'bigint' : name === 'bool' ? 'boolean' : 'number';
  if (typeof value !== kind)
    throw new TypeError(`${what} must be a ${kind} (${name}), but got ${show(value)}`);
  if (!fits(name, value as number | bigint | boolean))
    throw new RangeError(`${what} does not fit ${name}: ${show(value)}; choose a wider type`);
}

/** Whether a value of the right JavaScript type is within the bounds of an element type. */
export function fits(name: DTypeName, value: number | bigint | boolean): boolean {
  const n = value as number;
  switch (name) {
    case 'i8':
      return (n << 24) >> 24 === n;
    case 'u8':
      return (n & 0xff) === n;
    case 'i16':
      return (n << 16) >> 16 === n;
    case 'u16':
      return (n & 0xffff) === n;
    case 'i32':
      return (n | 0) === n;
    case 'u32':
      return n >>> 0 === n;
    case 'i64':
      return BigInt.asIntN(64, value as bigint) === value;
    case 'u64':
      return BigInt.asUintN(64, value as bigint) === value;
    case 'f32':
    case 'f64':
    case 'bool':
      return true;
  }
}
