import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertNoLeaks } from '../leaks.ts';
import { histogram } from 'tutti/structures';
import { dice, seedOf } from './dice.ts';

after(assertNoLeaks);
const timeout = 10_000;

test('bins are half-open, the last one includes its edge', { timeout }, () => {
  const h = histogram({ from: 0, to: 3, bins: 3 });
  for (const value of [0, 0.999, 1, 2, 3, 3.0001, -1e-9, Number.NaN, Infinity, -Infinity]) h.add(value);
  assert.deepEqual([...h.counts()], [2, 1, 2]);
  assert.deepEqual([h.underflow, h.overflow, h.nanCount, h.total], [2, 2, 1, 9]);
  assert.deepEqual([...h.edges], [0, 1, 2, 3]);
  assert.equal(h.bins, 3);
});

test('weights are exact integers', { timeout }, () => {
  const h = histogram({ edges: [0, 1, 10] });
  h.add(0.5, 2 ** 52)
    .add(0.5, 1)
    .add(5, 0)
    .add(5, 3);
  assert.deepEqual([...h.counts()], [2 ** 52 + 1, 3]);
  assert.throws(() => h.add(1, 0.5), RangeError);
  assert.throws(() => h.add(1, -1), RangeError);
  assert.throws(() => h.add(0.5, 2 ** 53 - 1), RangeError);
  assert.throws(() => h.add('1' as never), TypeError);
  assert.equal(
    histogram({ edges: [0, 10] })
      .add(2, 3)
      .add(6).mean,
    3,
  );
});

test('every edge and its neighbours are in the bin that the edges say, on any scale', { timeout }, () => {
  const neighbours = (x: number): number[] => [x, x - Math.abs(x) * 2 ** -52, x + Math.abs(x) * 2 ** -52];
  for (const h of [
    histogram({ from: 0.1, to: 0.7, bins: 17 }),
    histogram({ from: -5, to: 1e9, bins: 1000 }),
    histogram({ from: 1e-9, to: 1e9, bins: 77, scale: 'log' }),
    histogram({ edges: [-3, -1, 0, 0.5, 8] }),
    histogram({ from: -1e308, to: 1e308, bins: 10 }),
  ]) {
    const edges = h.edges;
    const expected = new Float64Array(h.bins);
    for (const value of [...edges].flatMap(neighbours)) {
      h.add(value);
      const bin = edges.findIndex((edge, i) => value >= edge && value < (edges[i + 1] ?? -Infinity));
      if (bin >= 0) expected[bin]!++;
      else if (value === edges.at(-1)) expected[h.bins - 1]!++;
    }
    assert.deepEqual(h.counts(), expected);
  }
});

test('addAll() and merge() count as add() does', { timeout }, (t) => {
  const random = dice(seedOf(t));
  const values = Float64Array.from({ length: 5000 }, () =>
    random() < 0.01 ? Number.NaN : random() * 30 - 5,
  );
  const options = { from: 0, to: 20, bins: 7 };
  const one = histogram(options);
  const all = histogram(options);
  for (const value of values) one.add(value);
  all.addAll(values.subarray(0, 2000)).merge(histogram(options).addAll([...values.subarray(2000)]));
  assert.deepEqual(all.counts(), one.counts());
  assert.deepEqual([all.underflow, all.overflow, all.nanCount], [one.underflow, one.overflow, one.nanCount]);
  assert.ok(Math.abs(all.mean - one.mean) < 1e-9);
  assert.throws(() => all.merge(histogram({ ...options, to: 21 })), /different edges/);
  assert.throws(() => all.merge({} as never), TypeError);
  all.clear();
  assert.deepEqual([all.total, all.nanCount], [0, 0]);
  assert.ok(Number.isNaN(all.mean) && Number.isNaN(all.quantile(0.5)));
});

test('quantiles are found inside bins, and end at the outer edges', { timeout }, () => {
  const h = histogram({ from: 0, to: 10, bins: 10 });
  for (let i = 0; i < 10; i++) h.add(i + 0.5);
  assert.equal(h.quantile(0), 0);
  assert.equal(h.quantile(0.5), 5);
  assert.equal(h.quantile(0.25), 2.5);
  assert.equal(h.quantile(1), 10);
  h.add(-4, 10);
  assert.equal(h.quantile(0.1), 0);
  assert.equal(h.quantile(0.75), 5);
  h.add(99, 20);
  assert.equal(h.quantile(0.9), 10);
  for (const q of [-0.1, 1.1, Number.NaN]) assert.throws(() => h.quantile(q), RangeError);
});

test('options that make no bins are refused', { timeout }, () => {
  const make = (options: unknown) => () => histogram(options as never);
  assert.throws(make({}), TypeError);
  assert.throws(make({ from: 0, to: 1 }), TypeError);
  assert.throws(make({ from: 1, to: 1, bins: 3 }), RangeError);
  assert.throws(make({ from: 0, to: 1, bins: 0 }), RangeError);
  assert.throws(make({ from: 0, to: 1, bins: 3, scale: 'log' }), RangeError);
  assert.throws(make({ from: 0, to: 1, bins: 3, edges: [0, 1] }), TypeError);
  assert.throws(make({ edges: [0] }), RangeError);
  assert.throws(make({ edges: [0, 0] }), RangeError);
  assert.throws(make({ edges: [0, Number.NaN] }), RangeError);
  assert.throws(make({ from: 1, to: 1 + 2 ** -50, bins: 100 }), /narrower than numbers/);
});
