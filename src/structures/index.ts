/** `tutti/structures`: structures in shared memory that any thread may use at any time. */
export { AtomicColumn } from './atomic-column.ts';
export { AtomicFloat64, atomicFloat64 } from './atomic-float64.ts';
export type { EvenBins, GivenBins, HistogramOptions } from './bins.ts';
export { Column } from './column.ts';
export { Counter, counter } from './counter.ts';
export { Counters, counters } from './counters.ts';
export { bool, f32, f64, i16, i32, i64, i8, u16, u32, u64, u8 } from './dtype.ts';
export type { ArrayOf, DType, DTypeName, ScalarOf } from './dtype.ts';
export { Histogram, histogram } from './histogram.ts';
export { bytes, text, type BytesKey, type KeyOf, type KeySpec, type TextKey } from './key-codec.ts';
export type { Field, FieldSpec, Schema } from './layout.ts';
export type { Across, AcrossOptions } from './memory.ts';
export { SharedMap, sharedMap, type SharedMapOptions } from './shared-map.ts';
export { StructArray, type ArrayLayout } from './struct-array.ts';
export { struct, StructType, type StructArrayOptions } from './struct-type.ts';
export type { ColumnOf, FieldName, RecordInput, RecordOf, ViewOf } from './struct-types.ts';
export type { AddendOf, ValueInput, ValueOf, ValueSpec } from './value-codec.ts';
export { AbandonedError, CapacityError } from '../base/errors.ts';
