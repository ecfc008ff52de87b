/** Operations on one field that no other thread can come between. */
import { show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { addFloat32, addFloat64, bitsOf32, bitsOf64, float32Of, float64Of } from './bits.ts';
import { checkIndex } from './column.ts';
import { isBig, isFloat, type DTypeName } from './dtype.ts';
import type { Elements, Place } from './record-view.ts';

/** What an atomic column asks of its array. */
export interface AtomicOwner {
  readonly length: number;
  atomic(name: string, element?: number): unknown;
}

type Words = Int32Array;

/**
 * One field of all records, changed as `Atomics` does: each call is one step that all threads see in one order
 * (sequentially consistent), and what was written before it is visible to who sees its effect.
 *
 * All operations that change something give the value **before**, as `Atomics` does. Integers wrap around. Floats are compared
 * bit by bit (`compareExchange` tells 0 from −0), and `add` repeats until nobody came between, so sums depend on the order.
 */
export class AtomicColumn<T = number | bigint | boolean> {
  readonly #owner: AtomicOwner;
  readonly #place: Place;
  readonly #element: number;
  readonly #dtype: DTypeName;
  /** Integers that hold the values, or their bits. */
  readonly #words: Words;

  /** @internal use `StructArray.atomic` */
  constructor(owner: AtomicOwner, elements: Elements, place: Place, element: number) {
    const { dtype, length = 1, name } = place.field;
    if (!(Number.isInteger(element) && element >= 0 && element < length))
      throw new RangeError(`atomic(): \`${name}\` has no element ${show(element)}; it has ${length}`);
    this.#owner = owner;
    this.#place = place;
    this.#element = element;
    this.#dtype = dtype;
    const key = dtype === 'f64' ? 'i64' : dtype === 'f32' ? 'i32' : dtype === 'bool' ? 'u8' : dtype;
    this.#words = elements[key] as unknown as Words;
  }

  /** Number of records. */
  get length(): number {
    return this.#owner.length;
  }

  /** The value of record `index`. */
  load(index: number): T {
    return this.#value(Atomics.load(this.#words, this.#at(index)));
  }

  /** Writes the value of record `index`; gives it back. */
  store(index: number, value: T): T {
    Atomics.store(this.#words, this.#at(index), this.#bits(value));
    return value;
  }

  /** Writes a value and gives the one before. */
  exchange(index: number, value: T): T {
    return this.#value(Atomics.exchange(this.#words, this.#at(index), this.#bits(value)));
  }

  /** Writes `replacement` if the value is `expected`; gives the one before, which is `expected` if it has. */
  compareExchange(index: number, expected: T, replacement: T): T {
    const at = this.#at(index);
    return this.#value(
      Atomics.compareExchange(this.#words, at, this.#bits(expected), this.#bits(replacement)),
    );
  }

  /** Adds; gives the value before. */
  add(index: number, delta: T): T {
    const at = this.#at(index);
    if (isFloat(this.#dtype)) {
      this.#bits(delta);
      return (
        this.#dtype === 'f64'
          ? addFloat64(this.#words as never as BigInt64Array, at, delta as number)
          : addFloat32(this.#words, at, delta as number)
      ) as T;
    }
    return this.#value(Atomics.add(this.#words, at, this.#integer('add', delta)));
  }

  /** Subtracts; gives the value before. */
  sub(index: number, delta: T): T {
    if (isFloat(this.#dtype)) return this.add(index, -(delta as number) as T);
    return this.#value(Atomics.sub(this.#words, this.#at(index), this.#integer('sub', delta)));
  }

  /** Bitwise and; gives the value before. Integers only. */
  and(index: number, mask: T): T {
    return this.#value(Atomics.and(this.#words, this.#at(index), this.#integer('and', mask)));
  }

  /** Bitwise or; gives the value before. Integers only. */
  or(index: number, mask: T): T {
    return this.#value(Atomics.or(this.#words, this.#at(index), this.#integer('or', mask)));
  }

  /** Bitwise exclusive or; gives the value before. Integers only. */
  xor(index: number, mask: T): T {
    return this.#value(Atomics.xor(this.#words, this.#at(index), this.#integer('xor', mask)));
  }

  #at(index: number): number {
    checkIndex(index, this.#owner.length);
    return this.#place.start + index * this.#place.step + this.#element;
  }

  #integer(operation: string, value: T): number {
    if (this.#dtype === 'bool' || isFloat(this.#dtype))
      throw new TypeError(
        `${operation}(): \`${this.#place.field.name}\` is ${this.#dtype}; the operation needs an integer field`,
      );
    return this.#bits(value);
  }

  /** What is written for a value; checked, since `Atomics` would cut fractions off and take texts for numbers. */
  #bits(value: T): number {
    const dtype = this.#dtype;
    const kind = isBig(dtype) ? 'bigint' : dtype === 'bool' ? 'boolean' : 'number';
    const isWhole = kind !== 'number' || isFloat(dtype) || Number.isInteger(value);
    if (typeof value !== kind || !isWhole)
      throw new TypeError(
        `the field \`${this.#place.field.name}\` (${dtype}) takes ${isWhole ? `a ${kind}` : 'an integer'}, but got ${show(value)}`,
      );
    if (dtype === 'f64') return bitsOf64(value as number) as unknown as number;
    if (dtype === 'f32') return bitsOf32(value as number);
    return (dtype === 'bool' ? Number(value) : value) as number;
  }

  #value(bits: unknown): T {
    if (this.#dtype === 'f64') return float64Of(bits as bigint) as T;
    if (this.#dtype === 'f32') return float32Of(bits as number) as T;
    return (this.#dtype === 'bool' ? bits !== 0 : bits) as T;
  }

  [Symbol.for('tutti.serialize')](): unknown {
    return [this.#owner, this.#place.field.name, this.#element];
  }

  static [Symbol.for('tutti.deserialize')]([owner, name, element]: [AtomicOwner, string, number]): unknown {
    return owner.atomic(name, element);
  }

  static {
    byReference(this, 'structures/atomic-column.js', 'AtomicColumn');
  }
}
