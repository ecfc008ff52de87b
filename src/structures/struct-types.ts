/** What TypeScript makes of a schema. */
import type { AtomicColumn } from './atomic-column.ts';
import type { Column } from './column.ts';
import type { ArrayOf, DType, DTypeName, ScalarOf } from './dtype.ts';
import type { FieldSpec, Schema } from './layout.ts';
import type { ArrayLayout } from './struct-array.ts';

/** Names of a schema's fields. */
export type FieldName<S extends Schema> = Extract<keyof S, string>;

/** The element type's name of a field. */
export type DTypeOf<F extends FieldSpec> =
  F extends DType<infer N> ? N : F extends readonly [DType<infer N>, number] ? N : DTypeName;

type IsVector<F extends FieldSpec> = F extends DType ? false : true;

type Value<F extends FieldSpec, B extends ArrayBufferLike> =
  IsVector<F> extends true ? ArrayOf<DTypeOf<F>, B> : ScalarOf<DTypeOf<F>>;

/** A view of a record: numbers, bigints and booleans to read and write, vectors as typed arrays over the memory. */
export type ViewOf<S extends Schema> = { -readonly [K in keyof S]: Value<S[K], ArrayBufferLike> };

/** A record as a plain object. */
export type RecordOf<S extends Schema> = { -readonly [K in keyof S]: Value<S[K], ArrayBuffer> };

/** What a record may be written from: some or all of its fields, vectors from anything with as many elements. */
export type RecordInput<S extends Schema> = {
  readonly [K in keyof S]?:
    | (IsVector<S[K]> extends true
        ? ArrayLike<
            Exclude<ScalarOf<DTypeOf<S[K]>>, boolean> | (DTypeOf<S[K]> extends 'bool' ? number : never)
          >
        : ScalarOf<DTypeOf<S[K]>>)
    | undefined;
};

/** What `column()` gives: typed arrays where the columns lie together, else a {@link Column}. */
export type ColumnOf<S extends Schema, K extends keyof S, L extends ArrayLayout> = L extends 'columns'
  ? ArrayOf<DTypeOf<S[K]>>
  : Column<Value<S[K], ArrayBufferLike>, ArrayOf<DTypeOf<S[K]>, ArrayBuffer>>;

/** What `atomic()` gives. */
export type AtomicOf<S extends Schema, K extends keyof S> = AtomicColumn<ScalarOf<DTypeOf<S[K]>>>;
