/** Objects whose fields read and write the shared memory of one record. */
import { show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { ARRAY_CLASSES, type DTypeName } from './dtype.ts';
import type { Field } from './layout.ts';

/** The whole memory of an array as elements of each type; `bool` is seen through `u8`. */
export interface Elements {
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Where a field is: element `start + step * i` of {@link Elements} for record `i`. */
export interface Place {
  readonly field: Field;
  readonly start: number;
  readonly step: number;
}

/** Memory as {@link Elements}. */
export function elementsOf(memory: ArrayBufferLike): Elements {
  const over = (name: DTypeName): unknown => {
    const Typed = ARRAY_CLASSES[name] as Float64ArrayConstructor;
    return new Typed(memory, 0, Math.floor(memory.byteLength / Typed.BYTES_PER_ELEMENT));
  };
  const names = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f32', 'f64'] as const;
  return Object.fromEntries(names.map((name) => [name, over(name)])) as unknown as Elements;
}

/** Which of {@link Elements} a type is seen through. */
export function elementsKey(dtype: DTypeName): keyof Elements {
  return dtype === 'bool' ? 'u8' : dtype;
}

/** What a view asks of the array that it belongs to. */
export interface Records {
  at(index: number): RecordView;
}

/** The array that a view is of: a symbol, so that fields may have any name. */
export const RECORDS: unique symbol = Symbol('records');
/** The record that a view shows, to read and to write. */
export const INDEX: unique symbol = Symbol('index');
/** Makes a plain copy of the record. */
export const COPY: unique symbol = Symbol('copy');

/** The view of a record. Each struct has a class of its own with the fields as accessors, whose prototype has this one's above it. */
export abstract class RecordView {
  abstract get [RECORDS](): Records;
  abstract [INDEX]: number;
  abstract [COPY](): object;

  /** A copy, which is what `JSON.stringify` and `console.log` show. */
  toJSON(): object {
    return this[COPY]();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this[COPY]();
  }

  /** What travels: the array and the record's index. */
  [Symbol.for('tutti.serialize')](): unknown {
    return [this[RECORDS], this[INDEX]];
  }

  static [Symbol.for('tutti.deserialize')]([records, index]: [Records, number]): RecordView {
    return records.at(index);
  }

  static {
    byReference(this, 'structures/record-view.js', 'RecordView');
  }

  /** Leads a view of these records to another one. */
  static move(view: RecordView, records: Records, index: number): void {
    if (!(view instanceof RecordView) || view[RECORDS] !== records)
      throw new TypeError(
        `at(): the view to move must be one that this array's at() made, not ${show(view)}`,
      );
    view[INDEX] = index;
  }
}

/** Writes a vector whole, or not at all. */
export function setVector(name: string, into: Float64Array, values: ArrayLike<number>): void {
  const length: unknown = (values as ArrayLike<number> | undefined)?.length;
  if (length !== into.length)
    throw new RangeError(
      `the field \`${name}\` takes ${into.length} elements, but got ${
        typeof length === 'number' ? length : show(values)
      }`,
    );
  into.set(values);
}
