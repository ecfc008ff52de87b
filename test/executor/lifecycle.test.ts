import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { ExecutorClosedError } from '#src/base/errors.js';
import { openFake, settle } from './fake-backend.js';

const limit = { timeout: 10_000 };

test('close() lets accepted calls finish, refuses new ones, and is idempotent', limit, async () => {
  const { pool, backend } = openFake({ workers: 1 });
  const map = pool.map([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], (x) => x, { chunk: 1 });
  const task = pool.submit(() => 'last');
  const closing = pool.close();
  assert.equal(pool.closed, true);
  assert.equal(pool.close(), closing);
  await assert.rejects(
    pool.submit(() => 1),
    ExecutorClosedError,
  );
  await assert.rejects(
    pool.map([1], (x) => x),
    ExecutorClosedError,
  );
  await assert.rejects(pool.stream([1], (x) => x).next(), ExecutorClosedError);
  assert.equal(backend.closed, false);
  backend.auto = 'fifo';
  while (backend.held.length > 0) backend.held[0]?.finish();
  assert.deepEqual(await map, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(await task, 'last');
  await closing;
  assert.equal(backend.closed, true);
});

test('close() waits for a retry', limit, async () => {
  const { pool, backend } = openFake();
  const task = pool.with({ retries: { limit: 1, backoffMs: 1 } }).submit(() => 'second try');
  backend.held[0]?.fail(0, new RangeError('no'));
  const closing = pool.close();
  backend.auto = 'fifo';
  assert.equal(await task, 'second try');
  await closing;
});

test(
  'close() finishes what a stream has taken; its results stay readable, its rest is an error',
  limit,
  async () => {
    const { pool, backend } = openFake({ workers: 1, auto: 'fifo' });
    let closed = 0;
    function* input() {
      try {
        for (let x = 0; ; x++) yield x;
      } finally {
        closed++;
      }
    }
    const stream = pool.stream(input(), (x) => x, { window: 3, chunk: 1 });
    assert.equal((await stream.next()).value, 0);
    await pool.close();
    assert.equal(closed, 1);
    assert.equal(backend.closed, true);
    const rest: unknown[] = [];
    await assert.rejects(async () => {
      for await (const value of stream) rest.push(value);
    }, ExecutorClosedError);
    assert.deepEqual(rest, [1, 2, 3]);
  },
);

test('close() lets a stream whose input is all taken be read to its end', limit, async () => {
  const { pool } = openFake({ workers: 2, auto: 'random' });
  const stream = pool.stream([1, 2, 3], (x) => x);
  const first = await stream.next();
  await settle();
  await pool.close();
  assert.deepEqual([first.value, ...(await collect(stream))], [1, 2, 3]);
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('close() does not hang on a stream that nobody reads', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const stream = pool.stream([1, 2, 3], () => {
    throw new RangeError('no');
  });
  void stream.next().catch(() => 0);
  void pool.stream([1, 2, 3], (x) => x);
  await pool.close();
});

test(
  'terminate() rejects everything under way, waiting retries and idle streams included',
  limit,
  async () => {
    const { pool, backend } = openFake();
    const flying = pool.map([1, 2], (x) => x);
    const waiting = pool.with({ retries: { limit: 1, backoffMs: 60_000 } }).submit(() => 1);
    backend.held.at(-1)?.fail(0, new RangeError('no'));
    const stream = pool.stream(
      (async function* () {
        yield await new Promise<number>(() => {});
      })(),
      (x) => x,
    );
    const pull = stream.next();
    await settle();
    await pool.terminate(new RangeError('the end'));
    for (const promise of [flying, waiting, pull]) await assert.rejects(promise, ExecutorClosedError);
    await assert.rejects(
      pool.submit(() => 1),
      ExecutorClosedError,
    );
    assert.equal(pool.stats().tasks.pending, 0);
    await pool.close();
  },
);

test('await using closes', limit, async () => {
  const { pool, backend } = openFake({ auto: 'fifo' });
  const task = pool.submit(() => 1);
  await pool[Symbol.asyncDispose]();
  assert.equal(await task, 1);
  assert.equal(backend.closed, true);
});

test('stats count calls by how they ended', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  await pool.map([1, 2, 3], (x) => x);
  await assert.rejects(
    pool.submit(() => {
      throw new RangeError('no');
    }),
  );
  const cancelled = pool.submit(() => 1);
  const pending = pool.submit(() => 1);
  cancelled.cancel();
  await assert.rejects(cancelled);
  assert.deepEqual(pool.stats().tasks, { pending: 1, done: 1, failed: 1, cancelled: 1 });
  await pending;
});

test('callbacks and inputs run in the asynchronous context of the call', limit, async () => {
  const store = new AsyncLocalStorage<string>();
  const { pool, backend } = openFake({ auto: 'fifo', workers: 1 });
  const seen: Record<string, Set<string | undefined>> = {};
  const note = (what: string) => (seen[what] ??= new Set()).add(store.getStore());
  // The backend's own calls come from another context.
  store.run('backend', () => void pool.submit(() => 1));
  const retries = {
    limit: 1,
    on: () => {
      note('on');
      return true;
    },
  };
  let failed = false;
  const flaky = (x: number) => {
    if (!failed) {
      failed = true;
      throw new RangeError('once');
    }
    return x;
  };
  await store.run('caller', () =>
    pool
      .map([1, 2, 3, 4, 5], flaky, { retries, onProgress: () => note('onProgress') })
      .then(() => note('continuation')),
  );
  function* now() {
    for (let x = 0; x < 300; x++) {
      note('sync input');
      yield x;
    }
  }
  async function* later() {
    for (let x = 0; x < 20; x++) {
      note('async input');
      yield x;
    }
  }
  const streams = store.run('caller', () => [pool.stream(now(), (x) => x), pool.stream(later(), (x) => x)]);
  for (const stream of streams) await store.run('consumer', () => collect(stream));
  await store.run('elsewhere', () => settle());
  const caller = new Set(['caller']);
  assert.deepEqual(seen, {
    on: caller,
    onProgress: caller,
    continuation: caller,
    'sync input': caller,
    'async input': caller,
  });
  assert.equal(backend.held.length, 0);
});
