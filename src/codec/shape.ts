/** The shapes of plain objects that frames define, kept by their bytes so that each is read once. */
import type { ByteReader } from './byte-reader.ts';
import { MAX_SHAPE_KEYS } from './format.ts';

/** The names of an object's properties. */
export interface Shape {
  readonly keys: readonly string[];
  /** A key is an index so high that an engine would allocate much for it. */
  readonly wide: boolean;
  readonly definition: Uint8Array;
}

const SHAPES = 512;
const MAX_KEPT_BYTES = 1024;
const shapes: (Shape | undefined)[] = new Array<undefined>(SHAPES).fill(undefined);

/** The shape that is defined next in a frame. */
export function readShape(reader: ByteReader): Shape {
  const size = reader.varint();
  const at = reader.take(size);
  const { bytes } = reader;
  let hash = size;
  if (size <= MAX_KEPT_BYTES) {
    for (let i = at; i < at + size; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const known = shapes[(hash ^ (hash >>> 9)) & (SHAPES - 1)];
    if (known !== undefined && known.definition.length === size) {
      const { definition } = known;
      let i = 0;
      while (i < size && definition[i] === bytes[at + i]) i++;
      if (i === size) return known;
    }
  }
  reader.position = at;
  const count = reader.count(1);
  if (count > MAX_SHAPE_KEYS) throw reader.fail('count', `a shape of ${count} keys`);
  const keys: string[] = [];
  for (let i = 0; i < count; i++) keys.push(reader.string());
  if (reader.position !== at + size) throw reader.fail('count', 'a shape is not as long as it says');
  if (new Set(keys).size !== count) throw reader.fail('value', 'a shape has the same key twice');
  const shape: Shape = {
    keys,
    wide: keys.some((key) => isFarIndex(key, count)),
    definition: Uint8Array.prototype.slice.call(bytes, at, at + size),
  };
  if (size <= MAX_KEPT_BYTES) shapes[(hash ^ (hash >>> 9)) & (SHAPES - 1)] = shape;
  return shape;
}

/** Whether `key` is an index for which the engine might allocate far more than `count` elements. */
export function isFarIndex(key: string, count: number): boolean {
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39)) return false;
  const index = Number(key) >>> 0;
  return index > 8 + 4 * count && String(index) === key;
}

/** Makes the engine keep the elements of an empty `object` in a table, so that high indices cost nothing. */
export function makeSparse(object: object): void {
  (object as Record<number, unknown>)[4_294_967_294] = 0;
  delete (object as Record<number, unknown>)[4_294_967_294];
}

/** An empty plain object that keeps its properties in a table: many keys are put into it three times as fast. */
export function makeDictionary(): object {
  return Object.setPrototypeOf(Object.create(null), Object.prototype) as object;
}

/** Defines a property: `__proto__` is a name like any other. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Whether an array has no property of this name beside its elements. */
export function isIndexOrLength(key: string): boolean {
  const index = Number(key) >>> 0;
  return key === 'length' || (String(index) === key && index !== 4_294_967_295);
}
