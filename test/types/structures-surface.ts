/** What a TypeScript user of `tutti/structures` gets inferred, and what the compiler refuses. Compiled, never run. */
import {
  bool,
  bytes,
  counter,
  f32,
  f64,
  histogram,
  i32,
  i64,
  sharedMap,
  struct,
  text,
  u32,
  u8,
  type Column,
} from 'tutti/structures';
import { check, type Same } from './expect.ts';

export function structs(): void {
  const Particle = struct({ x: f64, id: i64, on: bool, v: [f32, 3], w: [i64, 2] });
  const array = Particle.array(10);

  // Views: numbers, bigints, booleans, and typed arrays over the shared memory.
  const p = array.at(0);
  check<Same<typeof p.x, number>>();
  check<Same<typeof p.id, bigint>>();
  check<Same<typeof p.on, boolean>>();
  check<Same<typeof p.v, Float32Array<ArrayBufferLike>>>();
  check<Same<typeof p.w, BigInt64Array<ArrayBufferLike>>>();
  p.x += 1;
  p.id = 3n;
  // @ts-expect-error a bigint field takes no number
  p.id = 3;
  // @ts-expect-error there is no such field
  p.y = 1;

  // Copies own their vectors.
  const copy = array.get(0);
  check<Same<typeof copy.v, Float32Array<ArrayBuffer>>>();

  // Some fields are enough; vectors from anything with elements.
  array.set(0, { v: [1, 2, 3], w: [1n, 2n] });
  // @ts-expect-error a text is no number
  array.set(0, { x: '1' });
  // @ts-expect-error elements of a vector are of its type
  array.set(0, { w: [1, 2] });
  // @ts-expect-error there is no such field
  array.set(0, { y: 1 });
  Particle.array([{ x: 1 }, { on: true }]);
  // @ts-expect-error records are of this struct
  Particle.array([{ y: 1 }]);

  // Columns are typed arrays only where they lie together.
  const x = array.column('x');
  check<Same<typeof x, Column<number, Float64Array<ArrayBuffer>>>>();
  const columns = Particle.array(10, { layout: 'columns' });
  const xs = columns.column('x');
  check<Same<typeof xs, Float64Array<ArrayBufferLike>>>();
  const on = columns.column('on');
  check<Same<typeof on, Uint8Array<ArrayBufferLike>>>();
  const ids = columns.column('w');
  check<Same<typeof ids, BigInt64Array<ArrayBufferLike>>>();
  // @ts-expect-error there is no such field
  columns.column('y');

  const before = array.atomic('id').add(0, 1n);
  check<Same<typeof before, bigint>>();
  // @ts-expect-error a number is no bigint
  array.atomic('id').add(0, 1);
  array.atomic('on').exchange(0, true);

  // @ts-expect-error a length is a number
  struct({ v: [f32, '3'] });
  // @ts-expect-error a type is none of these texts
  struct({ x: 'f64' });
  // @ts-expect-error there are two layouts
  Particle.array(1, { layout: 'rows' });
}

export function maps(): void {
  const counts = sharedMap({ keys: text(8), values: u32, capacity: 10 });
  const count = counts.get('a');
  check<Same<typeof count, number | undefined>>();
  const sum = counts.add('a');
  check<Same<typeof sum, number>>();
  counts.update('a', (n) => (n ?? 0) + 1);
  counts.update('a', () => undefined);
  const copy = counts.toMap();
  check<Same<typeof copy, Map<string, number>>>();
  // @ts-expect-error keys are texts
  counts.get(1);
  // @ts-expect-error values are numbers
  counts.set('a', 1n);
  // @ts-expect-error counts are numbers
  counts.add('a', 1n);

  const big = sharedMap({ keys: i64, values: i64, capacity: 10 });
  big.add(1n, 2n);
  // @ts-expect-error keys are bigints
  big.set(1, 1n);

  const Point = struct({ x: f64, v: [u8, 2] });
  const points = sharedMap({ keys: bytes(4), values: Point, capacity: 10 });
  points.set(Uint8Array.of(1), { x: 1, v: [1, 2] });
  const point = points.get(Uint8Array.of(1));
  check<Same<typeof point, { x: number; v: Uint8Array<ArrayBuffer> } | undefined>>();
  // @ts-expect-error structs cannot be added to
  points.add(Uint8Array.of(1), 1);
  // @ts-expect-error there is no such field
  points.set(Uint8Array.of(1), { y: 1 });

  const flags = sharedMap({ keys: i32, values: bool, capacity: 10 });
  const flag = flags.get(1);
  check<Same<typeof flag, boolean | undefined>>();

  // @ts-expect-error floats of 32 bits are no keys
  sharedMap({ keys: f32, values: u8, capacity: 1 });
  // @ts-expect-error a capacity is needed
  sharedMap({ keys: i32, values: u8 });
}

export function numbers(): void {
  const value = counter().add();
  check<Same<typeof value, number>>();
  // @ts-expect-error counters count numbers
  counter(1n);
  histogram({ from: 0, to: 1, bins: 3, scale: 'log', across: 'processes' });
  histogram({ edges: [0, 1] });
  // @ts-expect-error either edges or even bins
  histogram({ edges: [0, 1], bins: 3 });
  // @ts-expect-error bins are missing
  histogram({ from: 0, to: 1 });
}
