/** Where the fields of a record lie: as a C compiler would place them. */
import { show } from '../base/options.ts';
import { isDType, nameOf, sizeOf, type DType, type DTypeName } from './dtype.ts';

/** A field: one number, or a vector of a fixed number of them. */
export type FieldSpec = DType | readonly [element: DType, length: number];

/** The fields of a struct by name, in the order in which they lie in memory. */
export type Schema = Readonly<Record<string, FieldSpec>>;

/** One field of a struct as it lies in memory. */
export interface Field {
  readonly name: string;
  readonly dtype: DTypeName;
  /** Elements of a vector; undefined for a single number. */
  readonly length: number | undefined;
  /** Bytes from the start of the record. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A record as it lies in memory. */
export interface RecordLayout {
  readonly fields: readonly Field[];
  /** Bytes from one record to the next. */
  readonly byteLength: number;
  /** What the address of a record is a multiple of. */
  readonly alignment: number;
}

const MAX_RECORD_BYTES = 2 ** 20;
/** Names that mean something else to every object. */
const RESERVED: ReadonlySet<string> = new Set(['constructor', '__proto__', 'toJSON']);

/**
 * The layout of a schema: each field at the next multiple of its element's size, the whole padded to a multiple of the largest.
 *
 * @throws TypeError for what is no schema, RangeError for a vector or record of no sensible size
 */
export function layoutOf(schema: unknown): RecordLayout {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new TypeError(
      `struct(): expected fields by name such as { x: f64, n: i32 }, but got ${show(schema)}`,
    );
  const fields: Field[] = [];
  let end = 0;
  let alignment = 1;
  for (const [name, spec] of Object.entries(schema)) {
    checkName(name);
    const [dtype, length] = readSpec(name, spec);
    const size = sizeOf(dtype);
    const offset = roundUp(end, size);
    const byteLength = size * (length ?? 1);
    fields.push({ name, dtype, length, offset, byteLength });
    end = offset + byteLength;
    alignment = Math.max(alignment, size);
  }
  if (fields.length === 0) throw new TypeError('struct(): a struct needs at least one field');
  if (end > MAX_RECORD_BYTES)
    throw new RangeError(`struct(): a record of ${end} bytes is too large (at most ${MAX_RECORD_BYTES})`);
  return { fields, byteLength: roundUp(end, alignment), alignment };
}

/** The least multiple of `step` that is not below `n`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

function checkName(name: string): void {
  if (name === '' || RESERVED.has(name))
    throw new TypeError(`struct(): ${JSON.stringify(name)} cannot be the name of a field; choose another`);
  // Objects list such keys first, whatever the order they were written in.
  if (/^(?:0|[1-9]\d*)$/.test(name))
    throw new TypeError(`struct(): the field ${name} would lose its place; begin its name with a letter`);
}

function readSpec(name: string, spec: unknown): readonly [DTypeName, number | undefined] {
  if (isDType(spec)) return [nameOf(spec), undefined];
  if (Array.isArray(spec) && spec.length === 2 && isDType(spec[0])) {
    const length: unknown = spec[1];
    if (!Number.isInteger(length) || (length as number) < 1 || (length as number) > MAX_RECORD_BYTES)
      throw new RangeError(
        `struct(): the length of the vector \`${name}\` must be an integer of at least 1, but got ${show(length)}`,
      );
    return [nameOf(spec[0]), length as number];
  }
  throw new TypeError(
    `struct(): the field \`${name}\` must be a type such as f64, or a vector such as [f32, 3], but got ${show(spec)}; ` +
      'structs inside structs are not supported: write their fields out',
  );
}

/** Text that is equal for equal schemas. */
export function signatureOf({ fields }: RecordLayout): string {
  return fields.map(({ name, dtype, length }) => `${JSON.stringify(name)}:${dtype}*${length ?? ''}`).join();
}
