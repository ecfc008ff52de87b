import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { assertNoLeaks } from '../leaks.ts';
import { fromRoot } from '../root.ts';
import {
  bool,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  struct,
  u16,
  u32,
  u64,
  u8,
  Column,
  type ArrayLayout,
} from 'tutti/structures';

after(assertNoLeaks);
const timeout = 10_000;
const LAYOUTS: readonly ArrayLayout[] = ['records', 'columns'];

const All = struct({
  a: u8,
  b: f64,
  c: i16,
  d: i64,
  e: bool,
  f: f32,
  g: u64,
  h: u16,
  i: i32,
  j: u32,
  k: i8,
  v: [f32, 3],
  w: [i64, 2],
});

test('fields lie as a C compiler places them', { timeout }, () => {
  const layout = All.fields.map(({ name, offset, byteLength }) => [name, offset, byteLength]);
  assert.deepEqual(layout, [
    ['a', 0, 1],
    ['b', 8, 8],
    ['c', 16, 2],
    ['d', 24, 8],
    ['e', 32, 1],
    ['f', 36, 4],
    ['g', 40, 8],
    ['h', 48, 2],
    ['i', 52, 4],
    ['j', 56, 4],
    ['k', 60, 1],
    ['v', 64, 12],
    ['w', 80, 16],
  ]);
  assert.equal(All.byteLength, 96);
  assert.equal(All.alignment, 8);
  assert.equal(struct({ x: u8, y: u8, z: u8 }).byteLength, 3);
  assert.equal(struct({ x: i16, y: u8 }).byteLength, 4, 'padded at the end');
  assert.equal(All.offsetOf('v'), 64);
  assert.throws(() => All.offsetOf('vv' as 'v'), /no field "vv" \(string\); did you mean `v`\?/);
});

for (const layout of LAYOUTS) {
  test(`views read and write every type of field, ${layout}`, { timeout }, () => {
    const array = All.array(5, { layout });
    const p = array.at(2);
    p.a = 250;
    p.b = 0.1;
    p.c = -2;
    p.d = -(2n ** 60n);
    p.e = true;
    p.f = 0.5;
    p.g = 2n ** 63n;
    p.h = 60_000;
    p.i = -70_000;
    p.j = 4_000_000_000;
    p.k = -100;
    p.v.set([1, 2, 3]);
    p.w[1] = 7n;
    const expected = {
      a: 250,
      b: 0.1,
      c: -2,
      d: -(2n ** 60n),
      e: true,
      f: 0.5,
      g: 2n ** 63n,
      h: 60_000,
      i: -70_000,
      j: 4_000_000_000,
      k: -100,
      v: Float32Array.of(1, 2, 3),
      w: BigInt64Array.of(0n, 7n),
    };
    assert.deepEqual(array.get(2), expected);
    for (const name of Object.keys(expected) as (keyof typeof expected)[])
      assert.deepEqual(p[name], expected[name], name);
    const zero = array.get(0);
    for (const i of [1, 3, 4]) assert.deepEqual(array.get(i), zero, 'neighbours are untouched');
    array.set(4, expected);
    assert.deepEqual(array.get(4), expected);
    array.set(4, { a: 1, e: false, v: [9, 8, 7] });
    assert.deepEqual(array.get(4), { ...expected, a: 1, e: false, v: Float32Array.of(9, 8, 7) });
    // The copy is nobody else's.
    array.get(2).v[0] = 99;
    assert.equal(array.at(2).v[0], 1);
  });

  test(`columns and atomics see what views see, ${layout}`, { timeout }, () => {
    const array = All.array(4, { layout });
    array.column('b');
    for (let i = 0; i < 4; i++)
      array.set(i, { b: i / 2, i, g: BigInt(i), e: i === 3, v: [i, i + 1, i + 2], f: i });
    const b = array.column('b');
    const v = array.column('v');
    if (layout === 'columns') {
      assert.ok(b instanceof Float64Array && v instanceof Float32Array);
      assert.deepEqual([...b], [0, 0.5, 1, 1.5]);
      assert.deepEqual([...v], [0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5]);
      b[1] = 8;
    } else {
      assert.ok(b instanceof Column && v instanceof Column);
      assert.deepEqual([...b], [0, 0.5, 1, 1.5]);
      assert.deepEqual(b.toArray(), Float64Array.of(0, 0.5, 1, 1.5));
      assert.deepEqual(v.get(3), Float32Array.of(3, 4, 5));
      assert.deepEqual([...(v.toArray() as Float32Array)], [0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5]);
      b.set(1, 8);
      v.set(0, [5, 5, 5]);
      assert.deepEqual(array.at(0).v, Float32Array.of(5, 5, 5));
      assert.throws(() => v.set(0, [5]), RangeError);
      assert.throws(() => b.get(4), RangeError);
    }
    assert.equal(array.at(1).b, 8);
    const n = array.atomic('i');
    assert.equal(n.add(2, 5), 2);
    assert.equal(n.sub(2, 1), 7);
    assert.equal(n.compareExchange(2, 6, 40), 6);
    assert.equal(n.load(2), 40);
    assert.equal(n.or(2, 3), 40);
    assert.equal(n.and(2, ~1), 43);
    assert.equal(n.xor(2, 2), 42);
    assert.equal(n.exchange(2, 1), 40);
    assert.equal(n.store(2, -3), -3);
    assert.equal(array.at(2).i, -3);
    assert.equal(array.atomic('g').add(1, 5n), 1n);
    assert.equal(array.at(1).g, 6n);
    assert.equal(array.atomic('b').add(3, 0.25), 1.5);
    assert.equal(array.atomic('b').compareExchange(3, 1.75, -0.5), 1.75);
    assert.equal(array.at(3).b, -0.5);
    assert.equal(array.atomic('f').sub(3, 0.5), 3);
    assert.equal(array.at(3).f, 2.5);
    assert.equal(array.atomic('e').exchange(3, false), true);
    assert.equal(array.at(3).e, false);
    assert.equal(array.atomic('v', 1).add(3, 10), 4);
    assert.deepEqual(array.at(3).v, Float32Array.of(3, 14, 5));
  });
}

test('a view can be led to other records of its array only', { timeout }, () => {
  const Point = struct({ x: f64 });
  const array = Point.array([{ x: 1 }, { x: 2 }, { x: 3 }]);
  const view = array.at(0);
  assert.equal(array.at(2, view), view);
  assert.equal(view.x, 3);
  assert.equal(array.at(-1).x, 3);
  assert.throws(() => Point.array(3).at(1, view), TypeError);
  assert.throws(() => array.at(1, { x: 1 }), TypeError);
});

test('views show as copies, and arrays iterate', { timeout }, () => {
  const array = struct({ x: f64, t: [u8, 2] }).array([{ x: 1, t: [1, 2] }, {}]);
  assert.equal(JSON.stringify(array.at(0)), '{"x":1,"t":{"0":1,"1":2}}');
  assert.match(inspect(array.at(0)), /x: 1/);
  assert.deepEqual(
    [...array].map((record) => record.x),
    [1, 0],
  );
  assert.deepEqual(
    array.toArray().map((record) => [...record.t]),
    [
      [1, 2],
      [0, 0],
    ],
  );
  assert.equal(array.byteLength, 32);
  assert.equal(array.length, 2);
});

test('columns do not share cache lines', { timeout }, () => {
  const array = struct({ a: u8, b: u8 }).array(3, { layout: 'columns' });
  assert.equal(array.column('b').byteOffset - array.column('a').byteOffset, 64);
  assert.deepEqual([...struct({ a: u8 }).array(0, { layout: 'columns' }).column('a')], []);
});

test('what is no schema is refused', { timeout }, () => {
  const make = (schema: unknown) => () => struct(schema as { x: typeof f64 });
  assert.throws(make({}), /at least one field/);
  assert.throws(make(null), TypeError);
  assert.throws(make([f64]), TypeError);
  assert.throws(make({ x: 'f64' }), /the field `x` must be a type such as f64/);
  assert.throws(make({ x: struct({ y: f64 }) }), /structs inside structs/);
  assert.throws(make({ x: [f64, 0] }), RangeError);
  assert.throws(make({ x: [f64, 1.5] }), RangeError);
  assert.throws(make({ x: [f64, 1_000_000] }), RangeError);
  assert.throws(make({ 1: f64 }), /lose its place/);
  assert.throws(make({ constructor: f64 }), /cannot be the name/);
  assert.throws(make(JSON.parse('{"__proto__": {"dtype": "f64"}}')), /cannot be the name/);
});

test('what is no record, index or option is refused', { timeout }, () => {
  const Point = struct({ x: f64, n: i32, v: [f32, 2], e: bool });
  const array = Point.array(2);
  for (const index of [2, -3, 0.5, Number.NaN, '0' as never])
    assert.throws(() => array.at(index), RangeError, String(index));
  assert.throws(() => array.get(-1), RangeError);
  assert.throws(() => array.set(2, {}), RangeError);
  assert.throws(() => array.set(0, { y: 1 } as never), /no field "y"/);
  assert.throws(() => array.set(0, { v: [1] }), /takes 2 elements, but got 1/);
  assert.throws(() => (array.at(0).v = null as never), RangeError);
  assert.throws(() => array.column('z' as 'x'), TypeError);
  assert.throws(() => array.atomic('v', 2), RangeError);
  assert.throws(() => array.atomic('x').or(0, 1), /needs an integer field/);
  assert.throws(() => array.atomic('e').add(0, true), TypeError);
  assert.throws(() => array.atomic('n').add(0, 0.5), /takes an integer/);
  assert.throws(() => array.atomic('n').store(0, '1' as never), TypeError);
  assert.throws(() => array.atomic('x').add(0, '1' as never), TypeError);
  assert.throws(() => array.atomic('n').load(2), RangeError);
  assert.throws(() => Point.array(-1), RangeError);
  assert.throws(() => Point.array(1.5), RangeError);
  assert.throws(() => Point.array('2' as never), TypeError);
  assert.throws(() => Point.array(2, { layout: 'rows' as never }), RangeError);
  assert.throws(() => Point.array(2, { acros: 'threads' } as never), /did you mean `across`/);
  assert.throws(() => Point.array(2 ** 31), /cannot allocate/);
});

test('views work where code may not be made of strings', { timeout }, () => {
  const at = JSON.stringify(pathToFileURL(fromRoot('dist/structures/index.js')).href);
  const program = `
    const { struct, f64, bool, i32, i64 } = await import(${at});
    try { new Function(''); console.log('not forbidden'); } catch {}
    for (const layout of ['records', 'columns']) {
      const array = struct({ x: f64, e: bool, v: [i32, 2], w: i64 }).array(3, { layout });
      const p = array.at(1);
      p.x = 0.5; p.e = true; p.v = [1, 2]; p.w = 7n;
      array.at(2, p).x = 3;
      console.log(JSON.stringify([array.at(0), array.at(1), p].map((r) => ({ ...r.toJSON(), w: Number(r.w) }))));
    }`;
  const run = (...flags: string[]) =>
    spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], { encoding: 'utf8' });
  const record = (x: number, e: boolean, v: number[], w: number) => ({ x, e, v: { ...v }, w });
  const expected = JSON.stringify([
    record(0, false, [0, 0], 0),
    record(0.5, true, [1, 2], 7),
    record(3, false, [0, 0], 0),
  ]);
  const strict = run('--disallow-code-generation-from-strings');
  assert.equal(strict.stdout, `${expected}\n${expected}\n`, strict.stderr);
  assert.equal(run().stdout, `not forbidden\n${expected}\n${expected}\n`);
});

test('fields may have the names of what views are made of', { timeout }, () => {
  const array = struct({ index: f64, records: i32, 'a"] = 1; //': u8, get: bool, '#f64': f32 }).array(2);
  const p = array.at(1);
  p.index = 2;
  p.records = 3;
  p['a"] = 1; //'] = 4;
  p.get = true;
  p['#f64'] = 5;
  assert.deepEqual(array.get(1), { index: 2, records: 3, 'a"] = 1; //': 4, get: true, '#f64': 5 });
});
