/** One field of all records, where those lie record by record. */
import { byReference } from '../base/reference.ts';
import { ARRAY_CLASSES, type ArrayOf, type DTypeName } from './dtype.ts';
import { elementsKey, type Elements, type Place } from './record-view.ts';

/** What a column asks of its array. */
export interface ColumnOwner {
  readonly length: number;
  column(name: string): unknown;
}

/** What a column gives: a number, `bigint` or `boolean`, or the typed array of a vector. */
export class Column<T = unknown, A = unknown> {
  readonly #owner: ColumnOwner;
  readonly #place: Place;
  readonly #array: Float64Array;
  readonly #isBool: boolean;

  /** @internal use `StructArray.column` */
  constructor(owner: ColumnOwner, elements: Elements, place: Place) {
    const { dtype } = place.field;
    this.#owner = owner;
    this.#place = place;
    this.#isBool = dtype === 'bool';
    this.#array = elements[elementsKey(dtype)] as Float64Array;
  }

  /** Number of records. */
  get length(): number {
    return this.#owner.length;
  }

  /** Elements from one record's to the next one's. */
  get stride(): number {
    return this.#place.step;
  }

  /** The field of record `index`: a number, or for a vector a typed array over the shared memory. */
  get(index: number): T {
    const at = this.#at(index);
    const { length } = this.#place.field;
    if (length !== undefined) return this.#array.subarray(at, at + length) as T;
    const value = this.#array[at];
    return (this.#isBool ? value !== 0 : value) as T;
  }

  /** Writes the field of record `index`; a vector from anything with as many elements. */
  set(index: number, value: T | ArrayLike<unknown>): void {
    const at = this.#at(index);
    const { name, length } = this.#place.field;
    if (length === undefined) this.#array[at] = (this.#isBool ? Number(value) : value) as number;
    else {
      const values = value as ArrayLike<number>;
      if (values.length !== length)
        throw new RangeError(`the field \`${name}\` takes ${length} elements, but got ${values.length}`);
      this.#array.set(values, at);
    }
  }

  /** Writes the same into every record. */
  fill(value: T | ArrayLike<unknown>): this {
    for (let i = 0; i < this.length; i++) this.set(i, value);
    return this;
  }

  /** A copy without gaps: a typed array of its own, vectors one after the other. */
  toArray(): A {
    const { dtype, length = 1 } = this.#place.field;
    const { start, step } = this.#place;
    const Typed = ARRAY_CLASSES[dtype] as Float64ArrayConstructor;
    const copy = new Typed(this.length * length);
    for (let i = 0, to = 0; i < this.length; i++)
      for (let k = 0; k < length; k++) copy[to++] = this.#array[start + i * step + k]!;
    return copy as A;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }

  #at(index: number): number {
    checkIndex(index, this.length);
    return this.#place.start + index * this.#place.step;
  }

  [Symbol.for('tutti.serialize')](): unknown {
    return [this.#owner, this.#place.field.name];
  }

  static [Symbol.for('tutti.deserialize')]([owner, name]: [ColumnOwner, string]): unknown {
    return owner.column(name);
  }

  static {
    byReference(this, 'structures/column.js', 'Column');
  }
}

/** The type of a whole column as a typed array. */
export type ColumnArray<N extends DTypeName> = ArrayOf<N>;

/** @throws RangeError for what is no index of an array of that length */
export function checkIndex(index: number, length: number): void {
  if (!(Number.isInteger(index) && index >= 0 && index < length))
    throw new RangeError(`there is no record ${String(index)} in an array of ${length}`);
}
