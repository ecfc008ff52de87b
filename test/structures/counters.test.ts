import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertNoLeaks } from '../leaks.ts';
import { atomicFloat64, counter, counters } from 'tutti/structures';

after(assertNoLeaks);
const timeout = 10_000;
const MOST = Number.MAX_SAFE_INTEGER;

test('a counter adds, sets and compares', { timeout }, () => {
  const c = counter();
  assert.equal(c.get(), 0);
  assert.equal(c.add(), 1);
  assert.equal(c.add(41), 42);
  assert.equal(c.add(-2), 40);
  assert.equal(c.compareExchange(40, 7), 40);
  assert.equal(c.compareExchange(40, 8), 7);
  c.set(-5);
  assert.equal(c.get(), -5);
  assert.equal(counter(2 ** 40).get(), 2 ** 40);
});

test('a counter refuses to leave the safe integers, and keeps its value', { timeout }, () => {
  const c = counter(MOST - 1);
  assert.equal(c.add(), MOST);
  assert.throws(() => c.add(), RangeError);
  assert.equal(c.get(), MOST);
  c.set(-MOST);
  assert.throws(() => c.add(-1), RangeError);
  assert.equal(c.get(), -MOST);
  assert.throws(() => c.add(0.5), RangeError);
  assert.throws(() => c.add('1' as never), TypeError);
  assert.throws(() => c.set(MOST + 1), RangeError);
  assert.throws(() => c.compareExchange(Number.NaN, 0), RangeError);
  assert.throws(() => counter(0.5), RangeError);
  assert.throws(() => counter(0, { across: 'machines' as never }), RangeError);
});

test('counters count side by side', { timeout }, () => {
  const all = counters(3);
  assert.equal(all.length, 3);
  assert.equal(all.add(1), 1);
  assert.equal(all.add(2, 10), 10);
  assert.equal(all.compareExchange(2, 10, 11), 10);
  all.set(0, -1);
  assert.deepEqual(all.toArray(), [-1, 1, 11]);
  assert.equal(all.sum(), 11);
  assert.equal(all.get(2), 11);
  for (const index of [3, -1, 0.5]) assert.throws(() => all.add(index), RangeError);
  assert.throws(() => counters(-1), RangeError);
  assert.deepEqual(counters(0).toArray(), []);
});

test('an atomic float adds, and keeps the least and the largest', { timeout }, () => {
  const x = atomicFloat64(1.5);
  assert.equal(x.add(0.25), 1.75);
  assert.equal(x.min(3), 1.75);
  assert.equal(x.min(-1), -1);
  assert.equal(x.max(0.5), 0.5);
  assert.equal(x.compareExchange(0.5, -0), 0.5);
  assert.ok(Object.is(x.get(), -0));
  assert.ok(Object.is(x.compareExchange(0, 1), -0), 'bits are compared');
  assert.ok(Object.is(x.get(), -0));
  x.set(Number.NaN);
  assert.ok(Number.isNaN(x.add(1)));
  assert.throws(() => x.add('1' as never), TypeError);
  assert.throws(() => atomicFloat64(1n as never), TypeError);
});
