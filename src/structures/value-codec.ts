/** Values of maps as words. */
import { show } from '../base/options.ts';
import {
  checkScalar,
  fits,
  isBig,
  isDType,
  nameOf,
  sizeOf,
  type DType,
  type DTypeName,
  type ScalarOf,
} from './dtype.ts';
import { elementsKey, elementsOf } from './record-view.ts';
import { StructArray } from './struct-array.ts';
import { StructType } from './struct-type.ts';
import type { RecordInput, RecordOf } from './struct-types.ts';

/** What values may be: an element type, or a struct. */
export type ValueSpec = DType | StructType;

/** What values are in JavaScript when they are read. */
export type ValueOf<V extends ValueSpec> =
  V extends StructType<infer S> ? RecordOf<S> : V extends DType<infer N> ? ScalarOf<N> : never;

/** What values may be written from. */
export type ValueInput<V extends ValueSpec> =
  V extends StructType<infer S> ? RecordInput<S> : V extends DType<infer N> ? ScalarOf<N> : never;

/** What can be added to values. */
export type AddendOf<V extends ValueSpec> = V extends DType<infer N> ? Exclude<ScalarOf<N>, boolean> : never;

/** How values go into some words and come out of them. */
export interface ValueCodec {
  readonly words: number;
  /** Ties the codec to the words that values pass through. */
  over(words: Int32Array): ValueWords;
}

/** Words that hold one value at a time. */
export interface ValueWords {
  write(value: unknown): void;
  read(): unknown;
  /** @throws TypeError for what cannot be added */
  checkAddend(delta: unknown): void;
  /** The value, or zero for a new one, with `delta` added; `undefined` when that does not fit. Throws nothing. */
  sum(isNew: boolean, delta: unknown): unknown;
}

export function valueCodec(spec: unknown): ValueCodec {
  if (isDType(spec)) return scalarCodec(nameOf(spec));
  if (spec instanceof StructType) return structCodec(spec);
  throw new TypeError(
    `sharedMap(): option \`values\` must be a type such as f64, or a struct, but got ${show(spec)}`,
  );
}

function scalarCodec(dtype: DTypeName): ValueCodec {
  return {
    words: Math.ceil(sizeOf(dtype) / 4),
    over(words) {
      const array = elementsOf(words.buffer)[elementsKey(dtype)] as Float64Array;
      const isBool = dtype === 'bool';
      const zero = (isBig(dtype) ? 0n : 0) as number;
      return {
        write(value) {
          checkScalar('the value', dtype, value);
          array[0] = (isBool ? Number(value) : value) as number;
        },
        read: () => (isBool ? array[0] !== 0 : array[0]),
        checkAddend(delta) {
          if (isBool) throw new TypeError('add(): the values are bool; it needs numbers');
          if (typeof delta !== typeof zero)
            throw new TypeError(`add(): expected a ${typeof zero} to add, but got ${show(delta)}`);
        },
        sum(isNew, delta) {
          const sum = (isNew ? zero : array[0]!) + (delta as number);
          return fits(dtype, sum) ? sum : undefined;
        },
      };
    },
  };
}

function structCodec(type: StructType): ValueCodec {
  return {
    words: Math.ceil(type.byteLength / 4),
    over(words) {
      const one = new StructArray(type, 1, 'records', words.buffer);
      return {
        write(value) {
          if (typeof value !== 'object' || value === null)
            throw new TypeError(`the value must be an object of the struct's fields, but got ${show(value)}`);
          words.fill(0);
          one.set(0, value);
        },
        read: () => one.get(0),
        checkAddend() {
          throw new TypeError('add(): the values are structs; it needs numbers: use update()');
        },
        sum: () => undefined,
      };
    },
  };
}
