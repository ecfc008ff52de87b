/** Objects whose fields read and write the shared memory of one record. */
import { byReference } from '../base/reference.ts';
import { show } from '../base/options.ts';
import { ARRAY_CLASSES, type DTypeName } from './dtype.ts';
import type { Field } from './layout.ts';

/** The whole memory of an array as elements of each type that its fields need; `bool` is seen through `u8`. */
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

/** Memory as {@link Elements}. All have the same shape, so that the engine keeps one way to read them. */
export function elementsOf(memory: ArrayBufferLike): Elements {
  const over = (name: DTypeName): unknown => {
    const Typed = ARRAY_CLASSES[name] as Float64ArrayConstructor;
    return new Typed(memory, 0, Math.floor(memory.byteLength / Typed.BYTES_PER_ELEMENT));
  };
  const names = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f32', 'f64'] as const;
  return Object.fromEntries(names.map((name) => [name, over(name)])) as unknown as Elements;
}

/** What a view asks of the array that it belongs to. */
export interface Records {
  at(index: number): RecordView;
  get(index: number): object;
}

/** The view of a record; classes derived from it, one per struct, have its fields as accessors. */
export class RecordView {
  readonly #records: Records;
  readonly #elements: Elements;
  #index: number;

  /** @internal use `StructArray.at` */
  constructor(records: Records, elements: Elements, index: number) {
    this.#records = records;
    this.#elements = elements;
    this.#index = index;
  }

  /** A copy, which is what `JSON.stringify` and `console.log` show. */
  toJSON(): object {
    return this.#records.get(this.#index);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON();
  }

  /** What travels: the array and the record's index. */
  [Symbol.for('tutti.serialize')](): unknown {
    return [this.#records, this.#index];
  }

  static [Symbol.for('tutti.deserialize')]([records, index]: [Records, number]): RecordView {
    return records.at(index);
  }

  static {
    byReference(this, 'structures/record-view.js', 'RecordView');
  }

  /** Leads a view of these records to another one. */
  static move(view: RecordView, records: Records, index: number): void {
    if (!(#records in view) || view.#records !== records)
      throw new TypeError('at(): the view to move must be one of this array, made by its at()');
    view.#index = index;
  }

  /** A class of views with these fields. */
  static withFields(places: readonly Place[]): typeof RecordView {
    const View = class extends RecordView {};
    for (const place of places)
      Object.defineProperty(View.prototype, place.field.name, {
        ...(place.field.length === undefined ? RecordView.#number(place) : RecordView.#vector(place)),
        enumerable: true,
        configurable: true,
      });
    // Travels as the class that everybody has.
    Object.defineProperty(View.prototype, 'constructor', { value: RecordView, configurable: true });
    return View;
  }

  static #vector({ field, start, step }: Place): PropertyDescriptor & ThisType<RecordView> {
    const { name, dtype, length } = field;
    const key = dtype === 'bool' ? 'u8' : dtype;
    const view = (of: RecordView): Float64Array => {
      const from = of.#index * step + start;
      return (of.#elements[key] as Float64Array).subarray(from, from + length!);
    };
    return {
      get() {
        return view(this);
      },
      set(values: ArrayLike<number>) {
        setVector(name, view(this), values);
      },
    };
  }

  /** One text per type, so that each meets one class of typed arrays only and is compiled for it. */
  static #number({ field, start, step }: Place): PropertyDescriptor & ThisType<RecordView> {
    switch (field.dtype) {
      case 'i8':
        return {
          get() {
            return this.#elements.i8[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.i8[this.#index * step + start] = value;
          },
        };
      case 'u8':
        return {
          get() {
            return this.#elements.u8[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.u8[this.#index * step + start] = value;
          },
        };
      case 'bool':
        return {
          get() {
            return this.#elements.u8[this.#index * step + start] !== 0;
          },
          set(value: boolean) {
            this.#elements.u8[this.#index * step + start] = value ? 1 : 0;
          },
        };
      case 'i16':
        return {
          get() {
            return this.#elements.i16[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.i16[this.#index * step + start] = value;
          },
        };
      case 'u16':
        return {
          get() {
            return this.#elements.u16[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.u16[this.#index * step + start] = value;
          },
        };
      case 'i32':
        return {
          get() {
            return this.#elements.i32[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.i32[this.#index * step + start] = value;
          },
        };
      case 'u32':
        return {
          get() {
            return this.#elements.u32[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.u32[this.#index * step + start] = value;
          },
        };
      case 'i64':
        return {
          get() {
            return this.#elements.i64[this.#index * step + start];
          },
          set(value: bigint) {
            this.#elements.i64[this.#index * step + start] = value;
          },
        };
      case 'u64':
        return {
          get() {
            return this.#elements.u64[this.#index * step + start];
          },
          set(value: bigint) {
            this.#elements.u64[this.#index * step + start] = value;
          },
        };
      case 'f32':
        return {
          get() {
            return this.#elements.f32[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.f32[this.#index * step + start] = value;
          },
        };
      case 'f64':
        return {
          get() {
            return this.#elements.f64[this.#index * step + start];
          },
          set(value: number) {
            this.#elements.f64[this.#index * step + start] = value;
          },
        };
    }
  }
}

/** Writes a vector whole, or not at all. */
function setVector(name: string, into: Float64Array, values: ArrayLike<number>): void {
  const length: unknown = (values as ArrayLike<number> | undefined)?.length;
  if (length !== into.length)
    throw new RangeError(
      `the field \`${name}\` takes ${into.length} elements, but got ${
        typeof length === 'number' ? length : show(values)
      }`,
    );
  into.set(values);
}
