import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertNoLeaks } from '../leaks.ts';
import {
  bool,
  bytes,
  CapacityError,
  f32,
  f64,
  i32,
  i64,
  sharedMap,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
  type KeySpec,
} from 'tutti/structures';
import { dice, seedOf } from './dice.ts';

after(assertNoLeaks);
const timeout = 20_000;

test('a map sets, gets, tells, counts and deletes', { timeout }, () => {
  const map = sharedMap({ keys: i32, values: f64, capacity: 10 });
  assert.equal(map.get(1), undefined);
  assert.equal(map.has(1), false);
  assert.equal(map.set(1, 0.5).set(-7, 2), map);
  assert.equal(map.get(1), 0.5);
  assert.equal(map.has(-7), true);
  assert.equal(map.size, 2);
  map.set(1, 0.75);
  assert.equal(map.get(1), 0.75);
  assert.equal(map.size, 2);
  assert.equal(map.delete(1), true);
  assert.equal(map.delete(1), false);
  assert.equal(map.get(1), undefined);
  assert.deepEqual([...map], [[-7, 2]]);
  assert.deepEqual([...map.keys()], [-7]);
  assert.deepEqual([...map.values()], [2]);
  map.clear();
  assert.equal(map.size, 0);
  assert.deepEqual(map.toMap(), new Map());
  assert.equal(map.capacity, 10);
});

/** Keys of each kind that are near each other, in what their words are. */
const KEYS: readonly [KeySpec, readonly unknown[]][] = [
  [i32, [0, -1, 1, 2 ** 31 - 1, -(2 ** 31)]],
  [u32, [0, 1, 2 ** 32 - 1, 2 ** 31]],
  [u8, [0, 255]],
  [i64, [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n]],
  [u64, [0n, 2n ** 64n - 1n, 2n ** 63n]],
  [f64, [0, 1, -1, Number.NaN, Infinity, 5e-324, 0.1, -Infinity]],
  [text(8), ['', 'a', 'aa', 'aaaa', 'aaaab', 'é', '👍👍', 'ab\0', 'ab', 'abcdefgh', 'ÿ', '\ufffd']],
  [
    bytes(5),
    [[], [0], [0, 0], [0, 0, 0, 0], [1, 2, 3, 4, 5], [1, 2, 3, 4]].map((list) => Uint8Array.from(list)),
  ],
];

test('keys of every kind come back as they went, and are told apart', { timeout }, () => {
  for (const [keys, list] of KEYS) {
    const map = sharedMap({ keys, values: u32, capacity: 50 });
    list.forEach((key, i) => map.set(key as never, i));
    assert.equal(map.size, list.length);
    list.forEach((key, i) => assert.equal(map.get(key as never), i));
    assert.deepEqual(new Map([...map].map(([key, i]) => [i, key])), new Map(list.map((key, i) => [i, key])));
  }
});

test('floats are keys as in a Map: −0 is 0, any NaN is NaN', { timeout }, () => {
  const map = sharedMap({ keys: f64, values: u8, capacity: 4 });
  map.set(-0, 1);
  assert.equal(map.get(0), 1);
  assert.ok(Object.is([...map.keys()][0], 0));
  map.set(new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer)[0]!, 2);
  assert.equal(map.get(Number.NaN), 2);
});

test('values may be of every type, and structs', { timeout }, () => {
  const types = [
    [u8, 255],
    [u16, 65_535],
    [i64, -(2n ** 63n)],
    [u64, 2n ** 64n - 1n],
    [f32, 0.5],
    [bool, true],
  ] as const;
  for (const [values, value] of types) {
    const map = sharedMap({ keys: i32, values, capacity: 3 });
    map.set(1, value as never);
    assert.equal(map.get(1), value);
  }
  const Point = struct({ x: f64, tag: u8, v: [f32, 2] });
  const points = sharedMap({ keys: text(4), values: Point, capacity: 3 });
  points.set('a', { x: 1.5, v: [1, 2] }).set('b', { tag: 3 });
  assert.deepEqual(points.get('a'), { x: 1.5, tag: 0, v: Float32Array.of(1, 2) });
  points.set('a', { tag: 9 });
  assert.deepEqual(points.get('a'), { x: 0, tag: 9, v: Float32Array.of(0, 0) }, 'the whole is replaced');
  assert.deepEqual(
    points.update('b', (p) => ({ ...p, x: 2 })),
    { x: 2, tag: 3, v: Float32Array.of(0, 0) },
  );
  assert.throws(() => points.set('a', { y: 1 } as never), /no field "y"/);
  assert.throws(() => points.set('a', 1 as never), TypeError);
  assert.throws(() => points.add('a', 1 as never), /use update/);
});

test('add() begins at zero, gives the sum, and refuses what does not fit', { timeout }, () => {
  const small = sharedMap({ keys: i32, values: u8, capacity: 4 });
  assert.equal(small.add(1), 1);
  assert.equal(small.add(1, 254), 255);
  assert.throws(() => small.add(1), /255 \+ 1 does not fit u8/);
  assert.throws(() => small.add(1, -256), RangeError);
  assert.throws(() => small.add(2, 300), RangeError);
  assert.throws(() => small.add(1, 0.5), RangeError);
  assert.throws(() => small.add(1, 1n as never), TypeError);
  assert.equal(small.get(1), 255);
  assert.equal(small.has(2), false);
  assert.equal(small.add(1, -255), 0, 'nothing was left locked');
  const big = sharedMap({ keys: i32, values: i64, capacity: 4 });
  assert.equal(big.add(1), 1n);
  assert.equal(big.add(1, 2n ** 62n), 2n ** 62n + 1n);
  assert.throws(() => big.add(1, 2n ** 62n), RangeError);
  const single = sharedMap({ keys: i32, values: f32, capacity: 4 });
  assert.equal(single.add(1, 0.1), Math.fround(0.1), 'what is written');
  assert.throws(() => sharedMap({ keys: i32, values: bool, capacity: 1 }).add(1, 1 as never), TypeError);
});

test('update() makes, changes and removes, and the function may use the map', { timeout }, () => {
  const map = sharedMap({ keys: text(8), values: i32, capacity: 10 });
  assert.equal(
    map.update('a', (n) => (n ?? 10) + 1),
    11,
  );
  const sum = map.update('a', (n) => {
    map.set('other', 5);
    return n! + map.get('other')!;
  });
  assert.equal(sum, 16);
  assert.equal(map.get('a'), 16);
  let runs = 0;
  const seen = map.update('a', (n) => {
    if (runs++ === 0) map.set('a', 100);
    return n! + 1;
  });
  assert.deepEqual([seen, runs], [101, 2], 'run again with what came between');
  assert.equal(
    map.update('a', () => undefined),
    undefined,
  );
  assert.equal(map.has('a'), false);
  assert.equal(
    map.update('none', () => undefined),
    undefined,
  );
  assert.throws(
    () =>
      map.update('other', () => {
        throw new RangeError('mine');
      }),
    /mine/,
  );
  assert.throws(() => map.update('other', () => 0.5), RangeError);
  assert.equal(map.get('other'), 5);
});

test('a full map says so, and takes keys again when some are deleted', { timeout }, () => {
  const map = sharedMap({ keys: i32, values: i32, capacity: 100 });
  for (let i = 0; i < 100; i++) map.set(i, i);
  const full = (error: unknown): boolean => {
    assert.ok(error instanceof CapacityError);
    assert.equal(error.code, 'ERR_TUTTI_CAPACITY');
    assert.equal(error.capacity, 100);
    assert.match(
      error.message,
      /^set\(\): the map is full: it was made for 100 entries; make it with a larger/,
    );
    return true;
  };
  assert.throws(() => map.set(100, 1), full);
  assert.throws(() => map.add(100), CapacityError);
  assert.throws(() => map.update(100, () => 1), CapacityError);
  map.set(5, -5);
  assert.equal(map.get(5), -5, 'keys that are there can be changed');
  map.delete(5);
  map.set(100, 1);
  assert.equal(map.size, 100);
  for (let i = 0; i <= 100; i++) assert.equal(map.get(i), i === 5 ? undefined : i === 100 ? 1 : i);
});

test('keys that come and go for ever do not fill the map', { timeout }, () => {
  const map = sharedMap({ keys: i32, values: i32, capacity: 8 });
  for (let i = 0; i < 50_000; i++) {
    map.set(i, i);
    if (i >= 8) assert.equal(map.get(i - 7), i - 7);
    if (i >= 7) map.delete(i - 7);
  }
  assert.equal(map.size, 7);
});

test('any sequence of calls does what a Map does', { timeout }, (t) => {
  const random = dice(seedOf(t));
  const below = (n: number): number => Math.floor(random() * n);
  for (const [keys, keyOf] of [
    [i32, (n: number) => n],
    [text(6), (n: number) => 'x'.repeat(n % 3) + n.toString(36)],
    [f64, (n: number) => n / 8],
  ] as readonly [KeySpec, (n: number) => unknown][]) {
    const map = sharedMap({ keys, values: i32, capacity: 60 });
    const plain = new Map<unknown, number>();
    for (let step = 0; step < 30_000; step++) {
      const key = keyOf(below(60)) as never;
      const what = below(100);
      if (what < 30) {
        map.set(key, step);
        plain.set(key, step);
      } else if (what < 50) {
        assert.equal(map.delete(key), plain.delete(key));
      } else if (what < 70) {
        const sum = (plain.get(key) ?? 0) + 3;
        plain.set(key, sum);
        assert.equal(map.add(key, 3), sum);
      } else if (what < 80) {
        const next = below(3) === 0 ? undefined : step;
        if (next === undefined) plain.delete(key);
        else plain.set(key, next);
        assert.equal(
          map.update(key, () => next),
          next,
        );
      } else if (what < 99) {
        assert.equal(map.get(key), plain.get(key));
        assert.equal(map.has(key), plain.has(key));
      } else if (below(10) === 0) {
        map.clear();
        plain.clear();
      }
      assert.equal(map.size, plain.size);
    }
    assert.deepEqual(map.toMap(), plain);
  }
});

test('what is no key, value or option is refused, and nothing is left locked', { timeout }, () => {
  const map = sharedMap({ keys: text(4), values: u8, capacity: 4 });
  assert.throws(() => map.get(1 as never), TypeError);
  assert.throws(() => map.set('abcde', 1), /longer than the 4 bytes/);
  assert.throws(() => map.set('ééé', 1), /longer than the 4 bytes/);
  assert.throws(() => map.set('\ud800', 1), /surrogate/);
  assert.throws(() => map.set('a', 256), /does not fit u8/);
  assert.throws(() => map.set('a', '1' as never), TypeError);
  assert.throws(() => sharedMap({ keys: i32, values: u8, capacity: 4 }).get(2 ** 31), RangeError);
  assert.throws(() => sharedMap({ keys: i64, values: u8, capacity: 4 }).get(1 as never), TypeError);
  assert.throws(() => sharedMap({ keys: bytes(2), values: u8, capacity: 4 }).get([1] as never), TypeError);
  map.set('a', 1);
  assert.equal(map.get('a'), 1);
  const make = (options: object) => () =>
    sharedMap({ keys: i32, values: u8, capacity: 4, ...options } as never);
  assert.throws(make({ capacity: 0 }), RangeError);
  assert.throws(make({ capacity: undefined }), TypeError);
  assert.throws(make({ keys: f32 }), /but got f32/);
  assert.throws(make({ keys: undefined }), TypeError);
  assert.throws(make({ values: 'u8' }), TypeError);
  assert.throws(make({ timeoutMs: -1 }), RangeError);
  assert.throws(make({ key: i32 }), /did you mean `keys`/);
  assert.throws(() => text(0), RangeError);
  assert.throws(() => bytes(1e6), RangeError);
});
