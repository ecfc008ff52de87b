/** Atomics, seen from outside. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AtomicFloat64, AtomicInt32, AtomicInt64 } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { limits, places } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  test(`sums of all threads are exact (${place.name})`, limits(place), async () => {
    const int = new AtomicInt32(0, place.options());
    const long = new AtomicInt64(2n ** 40n, place.options());
    const float = new AtomicFloat64(0, place.options());
    const most = new AtomicInt32(-1, place.options());
    await place.pool().forEach([...Array(12).keys()], (k) => {
      for (let i = 0; i < 500; i++) {
        int.add(1);
        long.add(-1n);
        float.add(0.5);
        most.update((value) => Math.max(value, k * 1000 + i));
        int.update((value) => value + 1);
        for (let seen = long.value; ;) {
          const now = long.compareExchange(seen, seen + 2n);
          if (now === seen) break;
          seen = now;
        }
      }
    });
    assert.deepEqual(
      [int.value, long.value, float.value, most.value],
      [12_000, 2n ** 40n + 6000n, 3000, 11_499],
    );
  });
}

test('integers wrap around', limits(), () => {
  const int = new AtomicInt32(2 ** 31 - 1);
  assert.equal(int.add(1), 2 ** 31 - 1);
  assert.equal(int.value, -(2 ** 31));
  assert.equal(int.add(-1), -(2 ** 31));
  assert.equal(int.value, 2 ** 31 - 1);
  const long = new AtomicInt64(2n ** 63n - 1n);
  assert.equal(long.add(1n), 2n ** 63n - 1n);
  assert.equal(long.value, -(2n ** 63n));
  assert.equal(long.exchange(3n), -(2n ** 63n));
  assert.deepEqual(
    [int.exchange(1), int.compareExchange(2, 5), int.compareExchange(1, 5), int.value],
    [2 ** 31 - 1, 1, 1, 5],
  );
});

test('numbers keep −0, NaN and infinities, and update() ends with them', limits(), () => {
  const float = new AtomicFloat64(-0);
  assert.ok(Object.is(float.value, -0));
  assert.ok(Object.is(float.add(-0), -0));
  assert.ok(Object.is(float.value, -0));
  assert.ok(Object.is(float.exchange(NaN), -0));
  assert.ok(Number.isNaN(float.add(1)));
  assert.ok(Number.isNaN(float.update((value) => value + 1)));
  assert.equal(
    float.update(() => Infinity),
    Infinity,
  );
  assert.equal(float.exchange(5e-324), Infinity);
  assert.equal(float.value, 5e-324);
});

test('what does not fit is refused by name, and changes nothing', limits(), () => {
  const int = new AtomicInt32(1, { name: 'hits' });
  for (const wrong of [2 ** 31, 0.5, NaN, '1', 1n, undefined]) {
    const refused = { name: 'TypeError', message: /AtomicInt32 "hits" holds a 32-bit integer, not/ };
    assert.throws(() => int.add(wrong as never), refused);
    assert.throws(() => (int.value = wrong as never), refused);
    assert.throws(() => int.update(() => wrong as never), refused);
  }
  const long = new AtomicInt64(1n, { name: 'id' });
  const refused = { name: 'TypeError', message: /AtomicInt64 "id" holds a bigint, not 1/ };
  assert.throws(() => long.add(1 as never), refused);
  assert.throws(() => long.compareExchange(1n, 1 as never), refused);
  assert.throws(() => new AtomicInt64(1 as never, { name: 'id' }), refused);
  const float = new AtomicFloat64(1, { name: 'best' });
  assert.throws(() => float.add('1' as never), {
    name: 'TypeError',
    message: /AtomicFloat64 "best" holds a number/,
  });
  assert.throws(() => new AtomicFloat64(1n as never), TypeError);
  assert.deepEqual([int.value, long.value, float.value], [1, 1n, 1]);
});
