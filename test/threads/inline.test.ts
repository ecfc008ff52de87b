import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { serial, threads } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';

const limit = { timeout: 30_000 };
after(assertNoLeaks);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

test('a short call of a function that only computes starts no worker', limit, async () => {
  await using pool = threads({ workers: 2 });
  const factor = 3;
  assert.deepEqual(
    await pool.map(upTo(100), (x) => x * factor),
    upTo(100).map((x) => x * 3),
  );
  assert.deepEqual(
    pool.mapSync([1, 4], (x) => Math.sqrt(x)),
    [1, 2],
  );
  assert.deepEqual(await pool.map(new Float32Array([0.5, -0, NaN]), (x) => -x), [-0.5, 0, NaN]);
  assert.equal(pool.stats().alive, 0);
  assert.equal(pool.stats().completed, 105);
  assert.equal(pool.stats().tasks.done, 3);
});

test('the first item that is no number sends the rest to workers', limit, async () => {
  await using pool = threads({ workers: 2 });
  const items: unknown[] = upTo(1000);
  let asked = 0;
  const evil = {
    valueOf: () => {
      asked++;
      return 7;
    },
  };
  items[500] = '5';
  items[700] = evil;
  items.length = 900;
  items.length = 1000;
  const results = await pool.map(items as number[], (x) => x * 2);
  assert.deepEqual(
    results,
    upTo(1000).map((k) => (k === 500 ? 10 : k === 700 ? 14 : k >= 900 ? NaN : 2 * k)),
  );
  assert.equal(asked, 0);
  assert.ok(pool.stats().alive > 0);
});

test('booleans, undefined and null are results like others', limit, async () => {
  await using pool = threads({ workers: 1 });
  assert.deepEqual(await pool.map([1, 2, 3], (x) => x > 1), [false, true, true]);
  assert.deepEqual(await pool.map([1, 2], (x) => (x > 1 ? null : 0.5)), [0.5, null]);
  assert.deepEqual(
    await pool.map([2, 1], (x) => {
      if (x > 1) return x;
    }),
    [2, undefined],
  );
});

test('filter keeps what the predicate accepts, in order', limit, async () => {
  await using pool = threads({ workers: 1 });
  assert.deepEqual(await pool.filter(upTo(10), (x) => x % 3 === 0), [0, 3, 6, 9]);
  assert.equal(pool.stats().alive, 0);
});

test(
  'a task that ends here can be cancelled until then, and rejects for an aborted signal',
  limit,
  async () => {
    await using pool = threads({ workers: 1 });
    const task = pool.map([1, 2, 3], (x) => x + 1);
    assert.equal(task.status, 'queued');
    assert.equal(task.cancel('enough'), true);
    await assert.rejects(task, (reason) => reason === 'enough');
    const signal = AbortSignal.abort('before');
    await assert.rejects(
      pool.map([1], (x) => x, { signal }),
      (reason) => reason === 'before',
    );
    const controller = new AbortController();
    const late = pool.map([1], (x) => x, { signal: controller.signal });
    controller.abort('after');
    await assert.rejects(late, (reason) => reason === 'after');
    const done = pool.map([1], (x) => x, { signal: new AbortController().signal });
    assert.deepEqual(await done, [1]);
    assert.equal(done.cancel(), false);
  },
);

test('variables are read at the call', limit, async () => {
  await using pool = threads({ workers: 1 });
  let factor = 2;
  const task = pool.map([1, 2], (x) => x * factor);
  factor = 10;
  assert.deepEqual(await task, [2, 4]);
});

test('a long call returns to the event loop, and can be cancelled there', limit, async () => {
  await using pool = threads({ workers: 2 });
  const items = new Float64Array(20_000_000).fill(2);
  const task = pool.map(items, (x) => x * x * x);
  const turn = await Promise.race([task, new Promise((resolve) => setTimeout(resolve, 0, 'turn'))]);
  assert.equal(turn, 'turn');
  assert.equal(task.cancel('enough'), true);
  await assert.rejects(task, (reason) => reason === 'enough');
});

test('many calls at once leave room for others', limit, async () => {
  await using pool = threads({ workers: 2 });
  const items = new Float64Array(200_000).fill(2);
  const tasks = Promise.all(upTo(100).map(() => pool.map(items, (x) => x + 1)));
  const turn = await Promise.race([tasks, new Promise((resolve) => setTimeout(resolve, 0, 'turn'))]);
  assert.equal(turn, 'turn');
  for (const results of await tasks) assert.equal(results[199_999], 3);
});

test('close() waits for what runs here, terminate() ends it', limit, async () => {
  const pool = threads({ workers: 1 });
  const items = new Float64Array(3_000_000).fill(2);
  const task = pool.map(items, (x) => x + 1);
  await pool.close();
  assert.equal(task.status, 'done');
  await assert.rejects(
    pool.map([1], (x) => x),
    { name: 'ExecutorClosedError' },
  );
  const other = threads({ workers: 1 });
  const ended = assert.rejects(
    other.map(items, (x) => x + 1),
    { name: 'ExecutorClosedError' },
  );
  await other.terminate();
  await ended;
});

test('with an init that fails the call fails', limit, async () => {
  await using pool = threads({
    workers: 1,
    init: () => {
      throw new RangeError('no licence');
    },
  });
  await assert.rejects(
    pool.map([1, 2], (x) => x + 1),
    { name: 'WorkerInitError' },
  );
});

test(
  'results that are better computed by workers arrive in order behind those from here',
  limit,
  async () => {
    await using pool = threads({ workers: 2 });
    const items = Float64Array.from(upTo(400_000));
    const expensive = (x: number): number =>
      Math.sin(x) + Math.sin(x + 1) + Math.sin(x + 2) + Math.sin(x + 3) + Math.sin(x + 4) + Math.sin(x + 5);
    const expected = Array.from(items, expensive);
    for (let round = 0; round < 3; round++) assert.deepEqual(await pool.map(items, expensive), expected);
  },
);

test('partial results are put together as workers would do it', limit, async () => {
  await using pool = threads({ workers: 2 });
  await using there = serial();
  const thirds = upTo(5000).map((x) => x / 3);
  const pairs = (x: number): [string, number][] => [
    [`k${Math.floor(x) % 7}`, x],
    ['all', 1],
  ];
  // The second sum does more than compute: workers run it.
  const sums = [(a: number, b: number) => a + b, (a: number, b: number) => [a, b].reduce((x, y) => x + y)];
  for (const sum of sums) {
    assert.equal(await pool.reduce(thirds, sum), await there.reduce(thirds, sum));
    assert.equal(await pool.reduce(thirds, sum, 0.1), await there.reduce(thirds, sum, 0.1));
    assert.deepEqual(
      [...(await pool.mapReduce(thirds, pairs, sum))],
      [...(await there.mapReduce(thirds, pairs, sum))],
    );
  }
  const [plain, other] = await Promise.all(sums.map((sum) => pool.reduce(thirds, sum, 1e-9)));
  assert.equal(plain, other);
  const texts = upTo(500).map((x) => ({ x }));
  const joined = await pool.mapReduce(
    texts,
    ({ x }) => [[x % 2, String(x)] as [number, unknown]],
    (a, b) => (a as string) + (b as string),
  );
  assert.equal(
    joined.get(1),
    upTo(250)
      .map((x) => String(2 * x + 1))
      .join(''),
  );
});

test('what puts partial results together has its variables as they were at the call', limit, async () => {
  await using pool = threads({ workers: 2 });
  let weight = 2;
  const items = upTo(3000).map((x) => x % 10);
  const expected = await pool.reduce(items, (a, b) => Math.max(a, b * weight));
  const task = pool.reduce(items, (a, b) => Math.max(a, b * weight));
  weight = 50;
  assert.equal(await task, expected);
});
