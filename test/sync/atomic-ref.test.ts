/** A value of any kind that all threads see. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AtomicRef } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { limits, places } from './places.ts';

after(assertNoLeaks);

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
  moved(by: number): Point {
    return new Point(this.x + by);
  }
}

for (const place of places) {
  test(`what all threads add to one value is all in it (${place.name})`, limits(place), async () => {
    const list = new AtomicRef<number[]>([], place.options());
    await place.pool().forEach([...Array(60).keys()], (k) => {
      list.update((found) => [...found, k]);
    });
    assert.deepEqual(
      list.value.toSorted((a, b) => a - b),
      [...Array(60).keys()],
    );
  });

  test(`values of every kind come out as they went in (${place.name})`, limits(place), async () => {
    const ref = new AtomicRef<unknown>(undefined, place.options());
    const values = [
      undefined,
      null,
      true,
      false,
      -0,
      NaN,
      'text',
      12n,
      new Date(5),
      new Map([[1, { a: [2] }]]),
      7,
    ];
    for (const value of values) {
      ref.value = value;
      assert.deepEqual(ref.value, value);
      assert.deepEqual(await place.pool().submit(() => ref.value), value);
    }
    assert.equal(ref.exchange('next'), 7);
    assert.equal(ref.value, 'next');
  });
}

test('whoever reads has a copy, an instance of its class', limits(), () => {
  const ref = new AtomicRef(new Point(1));
  assert.ok(ref.value instanceof Point);
  assert.notEqual(ref.value, ref.value);
  assert.equal(ref.update((point) => point.moved(2)).x, 3);
  assert.equal(ref.value.x, 3);
});

test('a value that is too large or cannot travel is refused, and the one before stays', limits(), () => {
  const ref = new AtomicRef<unknown>('before', { bytes: 64, name: 'leader' });
  assert.throws(() => (ref.value = 'x'.repeat(100)), {
    name: 'RangeError',
    message: /AtomicRef "leader" has room for 64 bytes.*more `bytes`/,
  });
  assert.throws(() => (ref.value = Promise.resolve()), { name: 'CaptureError' });
  assert.throws(
    () =>
      ref.update(() => {
        throw new SyntaxError('no');
      }),
    SyntaxError,
  );
  assert.equal(ref.value, 'before');
});
