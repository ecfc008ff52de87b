import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { giveBlock, takeBlock } from '#src/executor/number-blocks.js';
import { shared, threads, WorkerCrashedError } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';

const limit = { timeout: 60_000 };
after(assertNoLeaks);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

/** Keeps a function from running inline. */
const away = (x: number): number => {
  for (;;) return x * 3;
};

test('a block that was given back is taken again by those that need as much', limit, () => {
  const block = takeBlock(5000);
  assert.ok(block !== undefined && block.length >= 5000);
  giveBlock(block);
  assert.equal(takeBlock(4097), block);
  assert.notEqual(takeBlock(4097), block);
  assert.equal(takeBlock(3), undefined);
  assert.equal(takeBlock(1e9), undefined);
});

test('many calls at once, each with its own numbers, get their own results', limit, async () => {
  await using pool = threads({ workers: 3 });
  const calls = upTo(40).map(async (c) => {
    const items = upTo(2000 + 997 * c).map((k) => k + c * 1e6);
    assert.deepEqual(await pool.map(items, away), items.map(away));
    const typed = c % 2 === 0 ? Float32Array.from(items) : Int32Array.from(items);
    assert.deepEqual(await pool.map(typed, away), Array.from(typed, away));
  });
  await Promise.all(calls);
});

test('the items behind the first result that is no number are what they were', limit, async () => {
  await using pool = threads({ workers: 2 });
  const items = upTo(20_000);
  const mixed = (x: number): unknown =>
    x % 1999 === 1000 ? `${x}` : x % 1777 === 1500 ? Promise.resolve(-x) : away(x);
  const expected = await Promise.all(items.map(mixed));
  assert.deepEqual(await pool.map(items, mixed, { chunk: 5000 }), expected);
  assert.deepEqual(await pool.map(Float64Array.from(items), mixed, { chunk: 5000 }), expected);
});

test('items that fail are tried again with the numbers that they had', limit, async () => {
  await using pool = threads({ workers: 2 });
  const failed = shared(Int32Array, 20_000);
  const results = await pool.map(
    upTo(20_000),
    (x) => {
      if (x % 2500 === 7 && Atomics.add(failed, x, 1) === 0) throw new RangeError('once');
      return away(x);
    },
    { retries: 1, chunk: 4000 },
  );
  assert.deepEqual(results, upTo(20_000).map(away));
});

test('what a slow item holds up goes elsewhere with its numbers', limit, async () => {
  await using pool = threads({ workers: 2 });
  const gate = shared(Int32Array, 1);
  const results = await pool.map(
    upTo(10_000),
    (x) => {
      if (x === 100) Atomics.wait(gate, 0, 0, 200);
      return away(x);
    },
    { chunk: 5000 },
  );
  assert.deepEqual(results, upTo(10_000).map(away));
});

test('after cancelled calls and dead workers the numbers of others are right', limit, async () => {
  await using pool = threads({ workers: 2, graceMs: 20 });
  for (let round = 0; round < 4; round++) {
    const endless = pool.map(upTo(10_000), (x) => {
      for (;;) if (x < 100) return x;
    });
    const fatal = pool.map(upTo(10_000), (x) => (x === 5000 ? process.exit(3) : x));
    const good = pool.map(upTo(30_000), away);
    const crashed = assert.rejects(fatal, WorkerCrashedError);
    setTimeout(() => endless.cancel('enough'), 20);
    await assert.rejects(endless, (reason) => reason === 'enough');
    await crashed;
    assert.deepEqual(await good, upTo(30_000).map(away));
  }
});

test(
  'progress counts results that arrive in place, and reductions and searches see all numbers',
  limit,
  async () => {
    await using pool = threads({ workers: 2 });
    let most = 0;
    const items = upTo(50_000);
    await pool.map(items, away, { onProgress: ({ completed }) => (most = completed) });
    assert.equal(most, 50_000);
    assert.equal(await pool.reduce(items, (a, b) => a + b), (50_000 * 49_999) / 2);
    assert.equal(await pool.findIndex(Float64Array.from(items), (x) => away(x) > 120_000), 40_001);
    const seen: number[] = [];
    for await (const value of pool.stream(items, away, { chunk: 1000 })) seen.push(value);
    assert.deepEqual(seen, items.map(away));
  },
);
