/** Arrays of records over shared memory. */
import { nearest, show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { AtomicColumn } from './atomic-column.ts';
import { checkIndex, Column } from './column.ts';
import { sizeOf, type DTypeName } from './dtype.ts';
import { roundUp, signatureOf, type RecordLayout, type Schema } from './layout.ts';
import { allocate, incoming, outgoing, type Across } from './memory.ts';
import { COPY, elementsKey, elementsOf, RecordView, type Elements, type Place } from './record-view.ts';
import type { AtomicOf, ColumnOf, FieldName, RecordInput, RecordOf, ViewOf } from './struct-types.ts';
import { viewClass, type ViewClass } from './view-class.ts';

/** How the records of an array lie: one after the other, or each field's values together. */
export type ArrayLayout = 'records' | 'columns';

/** Columns begin at a cache line of their own. */
const COLUMN_ALIGNMENT = 64;

/** What an array needs of its struct: a `StructType`, which makes arrays and therefore comes after this file. */
export interface RecordType {
  readonly layout: RecordLayout;
}

/** How an array travels. */
interface Message {
  readonly type: RecordType;
  readonly length: number;
  readonly layout: ArrayLayout;
  readonly memory: Uint8Array;
}

/**
 * A fixed number of records in shared memory; `StructType.array` makes them.
 *
 * Passed to a task, captured by one or returned, it is the same memory on every thread: no byte is copied. Plain reads and
 * writes (views, `get`, `set`, columns) of a record that another thread writes meanwhile are a data race, and a record is not
 * read or written in one step: let each task write records of its own and read them after its promise has settled, or use
 * {@link StructArray.atomic}. The memory lives until no thread refers to it; `unmap(array.buffer)` ends memory that is shared
 * across processes sooner.
 */
export class StructArray<S extends Schema = Schema, L extends ArrayLayout = ArrayLayout> {
  /** The struct that the records are of. */
  readonly type: RecordType;
  /** Number of records. */
  readonly length: number;
  readonly layout: L;
  /** The memory of all records. */
  readonly buffer: ArrayBufferLike;
  /** Bytes of all records, paddings included. */
  readonly byteLength: number;
  readonly #elements: Elements;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #View: ViewClass;

  /** @internal use `StructType.array` */
  constructor(type: RecordType, length: number, layout: L, memory: ArrayBufferLike | Across) {
    const { places, byteLength } = placesOf(type.layout, length, layout);
    this.type = type;
    this.length = length;
    this.layout = layout;
    this.byteLength = byteLength;
    this.buffer = typeof memory === 'string' ? allocate('a struct array', byteLength, memory) : memory;
    this.#elements = elementsOf(this.buffer);
    this.#places = places;
    // Columns lie where the length says: arrays of other lengths have views of their own.
    const key = `${signatureOf(type.layout)} ${layout === 'columns' ? length : ''}`;
    this.#View = viewClass(key, [...places.values()]);
  }

  /**
   * A view of record `index`, whose fields read and write the shared memory; a vector's field is a typed array over it.
   *
   * @param index from 0, or from −1 at the end
   * @param view a view of this array that is led there instead of making a new one, for loops over very many records
   * @throws RangeError when there is no such record
   */
  at(index: number, view?: ViewOf<S>): ViewOf<S> {
    const at = index < 0 ? index + this.length : index;
    checkIndex(at, this.length);
    if (view === undefined) return new this.#View(this as never, this.#elements, at) as ViewOf<S>;
    RecordView.move(view as never, this as never, at);
    return view;
  }

  /** A copy of record `index` as a plain object; vectors are typed arrays of their own. */
  get(index: number): RecordOf<S> {
    checkIndex(index, this.length);
    return new this.#View(this as never, this.#elements, index)[COPY]() as RecordOf<S>;
  }

  /**
   * Writes the fields that `record` has into record `index`, converted as typed arrays do; other fields stay.
   *
   * @throws TypeError for a field that the struct has not, RangeError for a vector of another length
   */
  set(index: number, record: RecordInput<S>): this {
    const view = this.at(index) as Record<string, unknown>;
    for (const name of Object.keys(record)) this.#place('set', name);
    for (const [name, value] of Object.entries(record)) if (value !== undefined) view[name] = value;
    return this;
  }

  /**
   * One field of all records. With the layout `'columns'` it is a typed array over the shared memory, without gaps: the fast
   * form for loops. Otherwise it is a {@link Column} with `get(i)` and `set(i, value)`.
   */
  column<K extends FieldName<S>>(name: K): ColumnOf<S, K, L> {
    const place = this.#place('column', name);
    if (this.layout === 'records') return new Column(this as never, this.#elements, place) as never;
    const { dtype, length = 1 } = place.field;
    const array = this.#elements[elementsKey(dtype)] as Float64Array;
    return array.subarray(place.start, place.start + this.length * length) as never;
  }

  /**
   * Atomic operations on one field: integers and `bool`, and floats by their bits.
   *
   * @param element which element of a vector, 0 by default
   */
  atomic<K extends FieldName<S>>(name: K, element = 0): AtomicOf<S, K> {
    return new AtomicColumn(this as never, this.#elements, this.#place('atomic', name), element) as never;
  }

  /** The views of all records in order, each a new one. */
  *[Symbol.iterator](): IterableIterator<ViewOf<S>> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** Copies of all records. */
  toArray(): RecordOf<S>[] {
    return Array.from({ length: this.length }, (_, i) => this.get(i));
  }

  #place(owner: string, name: string): Place {
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    const near = nearest(name, [...this.#places.keys()]);
    const hint =
      near === undefined ? `it has ${[...this.#places.keys()].join(', ')}` : `did you mean \`${near}\`?`;
    throw new TypeError(`${owner}(): the struct has no field ${show(name)}; ${hint}`);
  }

  [Symbol.for('tutti.serialize')](): Message {
    const { type, length, layout } = this;
    return { type, length, layout, memory: outgoing(this.buffer) };
  }

  static [Symbol.for('tutti.deserialize')](message: Message): StructArray {
    const { type, length, layout, memory } = message;
    return new StructArray(type, length, layout, incoming('a struct array', memory));
  }

  static {
    byReference(this, 'structures/struct-array.js', 'StructArray');
  }
}

/** Where each field is, and the bytes of the whole array. */
function placesOf(
  { fields, byteLength }: RecordLayout,
  length: number,
  layout: ArrayLayout,
): { places: Map<string, Place>; byteLength: number } {
  const places = new Map<string, Place>();
  let end = 0;
  for (const field of fields) {
    const size = sizeOf(field.dtype satisfies DTypeName);
    if (layout === 'records') {
      // Record and offset are multiples of the element: the struct is aligned to its largest.
      places.set(field.name, { field, start: field.offset / size, step: byteLength / size });
      continue;
    }
    const from = roundUp(end, COLUMN_ALIGNMENT);
    places.set(field.name, { field, start: from / size, step: field.length ?? 1 });
    end = from + field.byteLength * length;
  }
  return { places, byteLength: layout === 'records' ? byteLength * length : end };
}
