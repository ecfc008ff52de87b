/** Types of records: named fields at fixed places. */
import { nearest, oneOf, optionChecker, show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { layoutOf, type Field, type FieldSpec, type RecordLayout, type Schema } from './layout.ts';
import { across, type AcrossOptions } from './memory.ts';
import { StructArray, type ArrayLayout } from './struct-array.ts';
import type { FieldName, RecordInput } from './struct-types.ts';

/** Options of {@link StructType.array}. */
export interface StructArrayOptions<L extends ArrayLayout = ArrayLayout> extends AcrossOptions {
  /**
   * `'records'` (the default): one record after the other, as in C; good where whole records are used, and for exchange with
   * native code. `'columns'`: each field's values together; `column()` is a typed array then, the fast form for loops.
   */
  layout?: L;
}

const checkOptions = optionChecker('array', { across, layout: oneOf('records', 'columns') });
/** Indices stay small integers of the engine or doubles; more records than this no array of ours has. */
const MAX_LENGTH = 2 ** 32 - 1;

/**
 * A type of records; {@link struct} makes them.
 *
 * It travels to workers as its description.
 */
export class StructType<S extends Schema = Schema> {
  /** @internal where everything lies */
  readonly layout: RecordLayout;
  /** Only for TypeScript. */
  declare readonly schema: S;

  /** @internal use {@link struct} */
  constructor(layout: RecordLayout) {
    this.layout = layout;
  }

  /** Bytes of one record, with the padding at its end: what C's `sizeof` gives. */
  get byteLength(): number {
    return this.layout.byteLength;
  }

  /** What the address of a record is a multiple of: what C's `alignof` gives. */
  get alignment(): number {
    return this.layout.alignment;
  }

  /** The fields in their order, with type, offset and size in bytes. */
  get fields(): readonly Field[] {
    return this.layout.fields;
  }

  /** Bytes from the start of a record to a field. */
  offsetOf(name: FieldName<S>): number {
    const field = this.layout.fields.find((one) => one.name === name);
    if (field !== undefined) return field.offset;
    const known = this.layout.fields.map((one) => one.name);
    const near = nearest(name, known);
    throw new TypeError(
      `offsetOf(): the struct has no field ${show(name)}; ${near === undefined ? `it has ${known.join(', ')}` : `did you mean \`${near}\`?`}`,
    );
  }

  /**
   * An array of records over new shared memory: `n` of zeros, or those given.
   *
   * @param n the number of records, or the records themselves (what they leave out is zero)
   * @param options `layout`: `'records'` (default) or `'columns'`; `across`: who sees it, `'threads'` (default) or `'processes'`
   * @throws RangeError when `n` is negative, not an integer, or more than can be allocated
   * @throws MissingPackageError, UnsupportedError, SharedMemoryError across processes: without koffi, on Windows, without room
   *
   * @example
   * ```ts
   * import { f64, struct, u8 } from 'tutti/structures';
   * import { parallelFor } from 'tutti';
   *
   * const bodies = struct({ x: f64, v: f64, tag: u8 }).array([{ v: 1 }, { v: 2 }]);
   * await parallelFor(bodies.length, (i) => {
   *   const body = bodies.at(i);
   *   body.x += body.v * 0.5;
   * });
   * bodies.get(1); // => { x: 1, v: 2, tag: 0 }
   * ```
   */
  array<L extends ArrayLayout = 'records'>(
    n: number | Iterable<RecordInput<S>>,
    options?: StructArrayOptions<L>,
  ): StructArray<S, L> {
    const checked = checkOptions(options);
    const records = typeof n === 'number' ? undefined : recordsOf(n);
    const length = records?.length ?? (n as number);
    if (!(Number.isInteger(length) && length >= 0 && length <= MAX_LENGTH))
      throw new RangeError(
        `array(): the number of records must be an integer from 0 to ${MAX_LENGTH}, but got ${length}`,
      );
    const layout = (checked.layout ?? 'records') as L;
    const array = new StructArray<S, L>(this, length, layout, checked.across ?? 'threads');
    records?.forEach((record, i) => array.set(i, record));
    return array;
  }

  [Symbol.for('tutti.serialize')](): unknown {
    return this.layout.fields.map(({ name, dtype, length }) => [name, dtype, length]);
  }

  static [Symbol.for('tutti.deserialize')](fields: [string, never, number | undefined][]): StructType {
    const specs = fields.map(([name, dtype, length]): [string, FieldSpec] => {
      const element = { dtype, byteLength: 0 };
      return [name, length === undefined ? element : [element, length]];
    });
    return new StructType(layoutOf(Object.fromEntries(specs)));
  }

  static {
    byReference(this, 'structures/struct-type.js', 'StructType');
  }
}

function recordsOf(records: unknown): object[] {
  if (typeof records !== 'object' || records === null || !(Symbol.iterator in records))
    throw new TypeError(
      `array(): expected a number of records, or an iterable of them, but got ${show(records)}`,
    );
  return [...(records as Iterable<object>)];
}

/**
 * A type of records: fields of fixed types, laid out as a C compiler would (each at a multiple of its size, in the order of
 * the schema, padded at the end).
 *
 * @param schema name → element type (`f64`, `i32`, `bool` …), or `[type, n]` for a vector of `n` elements
 * @returns the type; {@link StructType.array} makes arrays of such records over shared memory
 * @throws TypeError for what is no schema: no fields, unknown types, structs inside structs, names that are integers (objects
 *   would list them first) or mean something else (`constructor`, `__proto__`, `toJSON`)
 * @throws RangeError for a vector without elements, and records of more than 1 MiB
 *
 * @example
 * ```ts
 * import { f32, f64, i32, struct, u8 } from 'tutti/structures';
 *
 * const Particle = struct({ tag: u8, x: f64, n: i32, v: [f32, 3] });
 * Particle.byteLength; // => 32
 * Particle.offsetOf('x'); // => 8
 * const particles = Particle.array(10);
 * particles.set(3, { x: 0.5, v: [1, 2, 3] });
 * const p = particles.at(3);
 * p.n += 2;
 * [p.x, p.n, p.v[2]]; // => [0.5, 2, 3]
 * ```
 */
export function struct<const S extends Schema>(schema: S): StructType<S> {
  return new StructType<S>(layoutOf(schema));
}
