import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkerCrashedError } from '#src/base/errors.js';
import { openFake, settle } from './fake-backend.js';

const limit = { timeout: 10_000 };
const numbers = Array.from({ length: 1000 }, (_, i) => i);

test('about two chunks per worker are under way, and no more', limit, async () => {
  const { pool, backend } = openFake({ workers: 3, auto: 'random' });
  await pool.map(numbers, (x) => x, { chunk: 5 });
  assert.equal(backend.mostHeld, 7);
  assert.equal(backend.sent.length, 200);
});

test('more workers mean more chunks under way, also in the middle of a call', limit, async () => {
  const { pool, backend } = openFake({ workers: 1 });
  const task = pool.map(numbers, (x) => x, { chunk: 10 });
  assert.equal(backend.held.length, 3);
  pool.resize(4);
  backend.held[0]?.finish();
  assert.equal(backend.held.length, 9);
  task.cancel();
  await assert.rejects(task);
});

test('a slow item holds back nothing but its own chunk', limit, async () => {
  const { pool, backend } = openFake({ workers: 2 });
  const done: number[] = [];
  const task = pool.map(numbers, (x) => x, {
    chunk: 10,
    onProgress: ({ completed }) => done.push(completed),
  });
  const slow = backend.held[0];
  while (backend.held.length > 1) backend.held[1]?.finish();
  assert.equal(done.at(-1), 990);
  slow?.finish();
  assert.deepEqual(await task, numbers);
});

test('the first failing item rejects with its own error and cancels the rest', limit, async () => {
  const { pool, backend } = openFake({ workers: 2 });
  class Mine extends Error {}
  const error = new Mine('item 13');
  const task = pool.map(
    numbers,
    (x) => {
      if (x === 13) throw error;
      return x;
    },
    { chunk: 5 },
  );
  backend.held[2]?.finish();
  await assert.rejects(task, (thrown) => thrown === error);
  assert.equal(backend.held.length, 0);
  assert.equal(backend.cancelled.length, 4);
  assert.equal(backend.sent.length, 5);
  await settle();
  assert.equal(backend.sent.length, 5);
});

test('retries run the failed item and those without a result, nothing else', limit, async () => {
  const { pool, backend } = openFake({ workers: 1 });
  const task = pool.map([0, 1, 2, 3, 4, 5], (x) => x * x, { chunk: 6, retries: 1 });
  const first = backend.held[0];
  first?.give(0, 1, 5);
  first?.fail(3, new RangeError('no'));
  const again = backend.held.map((held) => held.indices).sort();
  assert.deepEqual(again, [[2], [3], [4]]);
  while (backend.held.length > 0) backend.held[0]?.finish();
  assert.deepEqual(await task, [0, 1, 4, 9, 16, 25]);
});

test('each item has its own count of retries', limit, async () => {
  const { pool } = openFake({ workers: 2, auto: 'random', seed: 3 });
  const failures = new Map<number, number>();
  const flaky = (x: number) => {
    const count = failures.get(x) ?? 0;
    if (x % 3 === 0 && count < 2) {
      failures.set(x, count + 1);
      throw new RangeError(`${x}`);
    }
    return x;
  };
  assert.deepEqual(await pool.map(numbers.slice(0, 100), flaky, { retries: 2 }), numbers.slice(0, 100));
  assert.ok([...failures.values()].every((count) => count === 2));
  failures.clear();
  await assert.rejects(pool.map(numbers.slice(0, 100), flaky, { retries: 1 }), RangeError);
});

test('retries of forEach repeat only the items that failed', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const seen: number[] = [];
  let crashed = false;
  await pool.forEach(
    [1, 2, 3, 4],
    (x) => {
      if (x === 3 && !crashed) {
        crashed = true;
        throw new WorkerCrashedError('died', { workerId: 1 });
      }
      seen.push(x);
    },
    { retries: 1 },
  );
  assert.deepEqual(seen.sort(), [1, 2, 3, 4]);
});

test('backoff grows by its factor up to its bound', limit, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { pool, backend } = openFake();
  const retries = { limit: 4, backoffMs: 100, factor: 3, maxBackoffMs: 500 };
  const task = pool.map([7], (x) => x, { retries });
  for (const delay of [100, 300, 500, 500]) {
    backend.held[0]?.fail(0, new RangeError('no'));
    t.mock.timers.tick(delay - 1);
    assert.equal(backend.held.length, 0, `before ${delay}`);
    t.mock.timers.tick(1);
    assert.equal(backend.held.length, 1, `after ${delay}`);
  }
  backend.held[0]?.finish();
  assert.deepEqual(await task, [7]);
});

test('a map whose failed item waits goes on with the others and can be cancelled', limit, async () => {
  const { pool, backend } = openFake({ workers: 1 });
  const task = pool.map([1, 2, 3, 4, 5, 6, 7, 8], (x) => x, {
    chunk: 1,
    retries: { limit: 1, backoffMs: 60_000 },
  });
  backend.held[0]?.fail(0, new RangeError('no'));
  while (backend.held.length > 0) backend.held[0]?.finish();
  assert.equal(task.progress?.completed, 7);
  task.cancel();
  await assert.rejects(task, { name: 'AbortError' });
});

test('onProgress hears of results and of reports; what it throws rejects the task', limit, async () => {
  const { pool, backend } = openFake({ workers: 1 });
  const heard: unknown[] = [];
  const task = pool.map([1, 2], (x) => x, { chunk: 2, onProgress: (progress) => heard.push(progress) });
  backend.held[0]?.chunk.sink.report(1, { half: true });
  backend.held[0]?.finish();
  await task;
  assert.deepEqual(heard, [
    { completed: 0, total: 2, index: 1, data: { half: true } },
    { completed: 2, total: 2, index: undefined, data: undefined },
  ]);
  const error = new RangeError('in the callback');
  const onProgress = () => {
    throw error;
  };
  const bad = pool.map([1, 2, 3, 4], (x) => x, { chunk: 1, onProgress });
  backend.held[0]?.finish();
  await assert.rejects(bad, (thrown) => thrown === error);
  assert.equal(backend.held.length, 0);
});

test('results of one chunk may come in any order and in parts', limit, async () => {
  const { pool, backend } = openFake({ workers: 1 });
  const task = pool.map([0, 1, 2, 3, 4, 5], (x) => x + 0.5, { chunk: 6 });
  const { sink } = backend.held[0]!.chunk;
  sink.results(4, new Float64Array([4.5, 5.5]));
  sink.results(0, [0.5, 1.5]);
  sink.results(2, new Float64Array([2.5, 3.5]));
  sink.end({ kind: 'done', computeMs: 1 });
  assert.deepEqual(await task, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
});

test('functions get the item alone', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const count = (...args: unknown[]) => args.length;
  assert.deepEqual(await pool.map([1, 2], count), [1, 1]);
  assert.deepEqual(await pool.map(['10', '10', '10'], Number.parseInt), [10, 10, 10]);
});

describe('find', () => {
  const open = () => openFake({ workers: 2 });

  test('takes the lowest index even if a later hit comes first', limit, async () => {
    const { pool, backend } = open();
    const task = pool.find(numbers, (x) => x % 10 === 7, { chunk: 10 });
    backend.held[3]?.finish();
    assert.ok(
      backend.held.every((held) => held.indices[0]! < 37),
      'chunks beyond the hit are cancelled',
    );
    assert.equal(backend.sent.length, 5);
    backend.held[1]?.finish();
    backend.held[0]?.finish();
    assert.equal(await task, 7);
    assert.equal(backend.sent.length, 5);
  });

  test('waits for no item beyond the hit', limit, async () => {
    const { pool, backend } = open();
    const task = pool.findIndex(numbers, (x) => x >= 3, { chunk: 10 });
    backend.held[0]?.give(0, 1, 2, 3);
    assert.equal(await task, 3);
    assert.equal(backend.held.length, 0);
  });

  test('an error beyond the hit did not happen, one before it is thrown', limit, async () => {
    const throwing = (at: number) => (x: number) => {
      if (x === at) throw new RangeError(`item ${x}`);
      return x === 20;
    };
    for (const order of ['fifo', 'lifo', 'random'] as const) {
      const { pool, backend } = open();
      backend.auto = order;
      assert.equal(await pool.find(numbers, throwing(25), { chunk: 10 }), 20, order);
      await assert.rejects(pool.find(numbers, throwing(15), { chunk: 10 }), { message: 'item 15' }, order);
    }
  });

  test('runs items before a failed one again that have no result yet', limit, async () => {
    const { pool, backend } = open();
    const task = pool.find([0, 1, 2, 3], (x) => x === 1, { chunk: 4 });
    backend.held[0]?.give(0);
    backend.held[0]?.fail(3, new RangeError('a worker died'));
    assert.deepEqual(
      backend.held.map((held) => held.indices),
      [[1, 2]],
    );
    backend.held[0]?.finish();
    assert.equal(await task, 1);
  });

  test('unordered takes whatever comes first', limit, async () => {
    const { pool, backend } = open();
    const task = pool.find(numbers, (x) => x % 10 === 7, { chunk: 10, ordered: false });
    backend.held[3]?.finish();
    assert.equal(await task, 37);
    assert.equal(backend.held.length, 0);
  });

  test('some and every stop at the first decision', limit, async () => {
    const { pool, backend } = open();
    const some = pool.some(numbers, (x) => x === 45, { chunk: 10 });
    backend.held[4]?.finish();
    assert.equal(await some, true);
    const every = pool.every(numbers, (x) => x !== 45, { chunk: 10 });
    backend.held[4]?.finish();
    assert.equal(await every, false);
    assert.equal(backend.held.length, 0);
    assert.equal(backend.sent.length, 10);
  });

  test('an empty input decides at once', limit, async () => {
    const { pool } = open();
    assert.equal(await pool.find([], () => true), undefined);
    assert.equal(await pool.some([], () => true), false);
    assert.equal(await pool.every([], () => false), true);
  });
});

describe('reduce', () => {
  const blocks = async (workers: number, auto: 'fifo' | 'lifo' | 'random', msPerItem: number) => {
    const { pool, backend } = openFake({ workers, auto, seed: 11 });
    backend.msPerItem = msPerItem;
    const values = Array.from({ length: 1500 }, (_, i) => Math.sin(i) * 10 ** (i % 17));
    const text = Array.from({ length: 1500 }, (_, i) => `${i}`);
    return [await pool.reduce(values, (a, b) => a + b), await pool.reduce(text, (a, b) => `(${a}+${b})`)];
  };

  test('the tree depends on the length alone, not on workers or timing', limit, async () => {
    const first = await blocks(1, 'fifo', 0.001);
    assert.deepEqual(await blocks(7, 'random', 10), first);
    assert.deepEqual(await blocks(3, 'lifo', 0), first);
  });

  test('retries run a failed block again as a whole', limit, async () => {
    const { pool } = openFake({ auto: 'random', seed: 5 });
    let fails = 3;
    const add = (a: number, b: number) => {
      if (b === 77 && fails-- > 0) throw new RangeError('no');
      return a + b;
    };
    const input = Array.from({ length: 200 }, (_, i) => i);
    assert.equal(await pool.reduce(input, add, undefined, { retries: 3 }), 19900);
  });
});

describe('for', () => {
  test('with shared memory: one chunk per worker over one counter', limit, async () => {
    const { pool, backend } = openFake({ workers: 3, shared: true });
    const seen = new Int32Array(10_000);
    const task = pool.for(10_000, (i) => {
      seen[i]!++;
    });
    assert.equal(backend.held.length, 3);
    const ranges = new Set(backend.held.map((held) => held.chunk.range));
    assert.equal(ranges.size, 1);
    assert.ok(backend.held[0]?.chunk.range?.next.buffer instanceof SharedArrayBuffer);
    while (backend.held.length > 0) backend.held[0]?.finish();
    await task;
    assert.ok(seen.every((count) => count === 1));
  });

  test('with retries a failed piece runs again as a whole', limit, async () => {
    const { pool } = openFake({ workers: 2, shared: true, auto: 'random' });
    const seen = new Int32Array(1000);
    let fails = 2;
    await pool.for(
      1000,
      (i) => {
        if (i === 500 && fails-- > 0) throw new RangeError('no');
        seen[i] = 1;
      },
      { retries: 2 },
    );
    assert.ok(seen.every((count) => count === 1));
  });

  test('retries count the tries of each iteration', limit, async () => {
    const { pool } = openFake({ workers: 2, auto: 'fifo' });
    const failed = new Set<number>();
    // Every piece fails once at each of its first two iterations: that is one failure per iteration.
    const body = (i: number) => {
      if (i % 100 < 2 && !failed.has(i)) {
        failed.add(i);
        throw new RangeError('once');
      }
    };
    await pool.for(1600, body, { retries: 1 });
    assert.equal(failed.size, 32);
  });

  test('grain is kept', limit, async () => {
    const { pool, backend } = openFake({ workers: 2, shared: true, auto: 'fifo' });
    await pool.for(100, () => {}, { grain: 33 });
    assert.equal(backend.sent[0]?.range?.grain, 33);
  });
});

test('broadcast fails as a whole with the first worker that fails', limit, async () => {
  const { pool, backend } = openFake({ workers: 3 });
  const task = pool.broadcast(() => {
    throw new RangeError('not here');
  });
  await settle();
  backend.held[1]?.finish();
  await assert.rejects(task, { message: 'not here', stack: /worker 2/ });
  assert.equal(backend.held.length, 0);
});

test('blocking forms need a backend that can block', limit, () => {
  const { pool } = openFake();
  assert.throws(() => pool.submitSync(() => 1), {
    name: 'UnsupportedError',
    message: /await submit\(\) or map\(\)/,
  });
  const blocking = openFake({ blocking: true }).pool;
  assert.equal(
    blocking.submitSync((a: number, b: number) => a + b, 1, 2),
    3,
  );
  assert.deepEqual(
    blocking.mapSync(numbers, (x) => x + 1),
    numbers.map((x) => x + 1),
  );
  assert.deepEqual(
    blocking.mapSync([1, 2], [10, 20, 30], (a, b) => a * b),
    [10, 40],
  );
  let tries = 0;
  const flaky = () => {
    if (++tries < 3) throw new RangeError('no');
    return tries;
  };
  assert.equal(blocking.with({ retries: { limit: 2, backoffMs: 1 } }).submitSync(flaky), 3);
  assert.throws(
    () =>
      blocking.mapSync([1], () => {
        throw new RangeError('in place');
      }),
    { message: 'in place' },
  );
});
