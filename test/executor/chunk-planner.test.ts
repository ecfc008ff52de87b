import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkPlanner } from '#src/executor/chunk-planner.js';

const limit = { timeout: 10_000 };

/** Plans a whole input with `5 = 2·workers + 1` chunks under way; `cost(k)` is the ms that item k takes. */
function plan(length: number, cost: (k: number) => number, workers = 2): number[] {
  const planner = new ChunkPlanner({ length, workers });
  const sizes: number[] = [];
  const flying: { from: number; to: number }[] = [];
  let position = 0;
  const land = () => {
    const chunk = flying.shift();
    if (chunk === undefined) return;
    let ms = 0;
    for (let k = chunk.from; k < chunk.to; k += Math.ceil((chunk.to - chunk.from) / 100)) ms += cost(k);
    planner.ended(
      chunk.to - chunk.from,
      (ms * (chunk.to - chunk.from)) / Math.min(100, chunk.to - chunk.from),
    );
  };
  while (position < length) {
    if (flying.length >= 2 * workers + 1) land();
    const size = planner.next(length - position);
    assert.ok(Number.isInteger(size) && size >= 1 && size <= length - position, `size ${size}`);
    flying.push({ from: position, to: position + size });
    sizes.push(size);
    position += size;
  }
  return sizes;
}

test('a million tiny items need about thirty chunks', limit, () => {
  const sizes = plan(1_000_000, () => 5e-6);
  assert.ok(sizes.length <= 40, `${sizes.length} chunks: ${sizes.join()}`);
});

test('items that take long go one by one', limit, () => {
  assert.deepEqual(new Set(plan(64, () => 20)), new Set([1]));
});

test('short inputs go one item per chunk whatever the items cost', limit, () => {
  assert.deepEqual(
    plan(8, () => 0),
    [1, 1, 1, 1, 1, 1, 1, 1],
  );
});

test('chunks aim at some milliseconds of compute', limit, () => {
  const sizes = plan(100_000, () => 0.1);
  const middle = sizes.slice(sizes.length >> 1, -20);
  assert.ok(
    middle.every((size) => size >= 40 && size <= 240),
    String(middle),
  );
});

test('every worker gets some chunks', limit, () => {
  for (const workers of [1, 2, 8, 64]) {
    for (const cost of [0, 1e-6, 1e-3]) {
      const most = Math.max(...plan(100_000, () => cost, workers));
      assert.ok(most <= Math.ceil(100_000 / workers), `${workers} workers, cost ${cost}: ${most}`);
    }
  }
});

test('a fast prefix does not inflate the chunks by more than four times a step', limit, () => {
  const planner = new ChunkPlanner({ length: 1e9, workers: 2 });
  let size = planner.next(1e9);
  for (let step = 0; step < 6; step++) {
    planner.ended(size, 0);
    const next = planner.next(1e9);
    assert.ok(next <= 4 * size, `${size} → ${next}`);
    size = next;
  }
});

test('a slow chunk shrinks the next ones at once', limit, () => {
  const planner = new ChunkPlanner({ length: 1e6, workers: 2 });
  for (let step = 0; step < 5; step++) planner.ended(planner.next(1e6), 0.001);
  assert.ok(planner.next(1e6) > 1000);
  planner.ended(1000, 20_000);
  assert.equal(planner.next(1e6), 1);
});

test('a given chunk size is kept', limit, () => {
  const planner = new ChunkPlanner({ length: 100, workers: 2, chunk: 30 });
  planner.ended(30, 1e6);
  assert.equal(planner.next(100), 30);
  assert.equal(planner.next(10), 10);
});

test('a stream starts with one item and stays within its bound', limit, () => {
  const planner = new ChunkPlanner({ length: undefined, workers: 2, most: 100 });
  const sizes: number[] = [];
  for (let step = 0; step < 8; step++) {
    const size = planner.next(Infinity);
    sizes.push(size);
    planner.ended(size, 0);
  }
  assert.deepEqual(sizes, [1, 4, 16, 64, 100, 100, 100, 100]);
});
