import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { shared, threads, WorkerCrashedError, WorkerInitError } from 'tutti';
import { rejection, thrown, upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';

const timeout = 20_000;
after(assertNoLeaks);

test('flags that no worker can have reject tasks with a WorkerInitError', { timeout }, async () => {
  const pool = threads({ workers: 2, execArgv: ['--max-old-space-size=100'] });
  const tasks = [pool.submit(() => 1), pool.map(upTo(10), (x) => x), pool.broadcast(() => 1)];
  for (const error of await Promise.all(tasks.map((task) => rejection(task)))) {
    assert.ok(error instanceof WorkerInitError, String(error));
    assert.match(error.message, /threads: /);
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ERR_WORKER_INVALID_EXEC_ARGV');
  }
  assert.ok(thrown(() => pool.submitSync(() => 1)) instanceof WorkerInitError);
  await pool.close();
});

test('a module that workers cannot preload rejects tasks, after a few attempts', { timeout }, async () => {
  const pool = threads({
    workers: 1,
    execArgv: ['--import', 'data:text/javascript,throw new RangeError("no")'],
  });
  const error = await rejection(pool.submit(() => 1));
  assert.ok(error instanceof WorkerInitError, String(error));
  assert.ok(error.cause instanceof WorkerCrashedError);
  await pool.close();
});

test('init that throws rejects every task that waits, with the cause', { timeout }, async () => {
  const pool = threads({
    workers: 2,
    init: () => {
      throw new RangeError('no database');
    },
  });
  const calls = [
    pool.submit(() => 1),
    pool.map(upTo(20), (x) => x),
    pool.broadcast(() => 1),
    pool.for(10, () => 0),
    pool.reduce(upTo(10), (a, b) => a + b),
  ];
  for (const error of await Promise.all(calls.map((call) => rejection(call)))) {
    assert.ok(error instanceof WorkerInitError, String(error));
    assert.ok(error.cause instanceof RangeError);
    assert.equal(error.cause.message, 'no database');
  }
  assert.ok(thrown(() => pool.submitSync(() => 1)) instanceof WorkerInitError);
  assert.ok((await rejection(pool.submit(() => 1))) instanceof WorkerInitError);
  await pool.close();
});

test('init that rejects later, or takes a while, is waited for', { timeout }, async () => {
  const attempts = shared(Int32Array, 1);
  const pool = threads({
    workers: 1,
    init: async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (Atomics.add(attempts, 0, 1) === 0) throw new RangeError('the first time');
    },
  });
  assert.ok((await rejection(pool.submit(() => 1))) instanceof WorkerInitError);
  assert.equal(await pool.submit(() => 2), 2);
  await pool.close();
});

test(
  'init that leaves an error behind rejects tasks instead of starting workers for ever',
  { timeout },
  async () => {
    const strays = [
      () => {
        void (async () => {
          await 1;
          throw new RangeError('no database');
        })();
      },
      () => {
        setImmediate(() => {
          throw new RangeError('no database');
        });
      },
    ];
    for (const init of strays) {
      const pool = threads({ workers: 1, init });
      const error = await rejection(
        pool.submit(async () => await new Promise<void>((resolve) => setTimeout(resolve, 5000))),
      );
      // A worker that has got its task in time takes that along.
      assert.ok(error instanceof WorkerInitError || error instanceof WorkerCrashedError, String(error));
      let cause: unknown = error;
      while (cause instanceof Error && !(cause instanceof RangeError)) cause = cause.cause;
      assert.ok(cause instanceof RangeError, String(cause));
      await pool.close();
    }
  },
);

test('init that exits rejects tasks instead of starting workers for ever', { timeout }, async () => {
  const starts = shared(Int32Array, 1);
  const pool = threads({
    workers: 2,
    init: () => {
      Atomics.add(starts, 0, 1);
      process.exit(3);
    },
  });
  const calls = [pool.submit(() => 1), pool.broadcast(() => 1)];
  for (const error of await Promise.all(calls.map((call) => rejection(call)))) {
    assert.ok(error instanceof WorkerInitError, String(error));
    assert.equal((error.cause as WorkerCrashedError).exitCode, 3);
  }
  assert.ok((starts[0] as number) < 20, `${starts[0]} starts`);
  await pool.close();
});

test('init that never ends does not stop terminate()', { timeout }, async () => {
  // A thread with nothing to wait for would end by itself.
  const init = async (): Promise<void> => {
    setInterval(() => undefined, 1000);
    await new Promise(() => undefined);
  };
  const pool = threads({ workers: 1, init });
  const task = pool.submit(() => 1);
  const outcome = rejection(task);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await pool.terminate();
  assert.equal(((await outcome) as { code?: string }).code, 'ERR_TUTTI_CLOSED');
});

test('init and teardown that cannot travel are refused when the pool is opened', { timeout }, () => {
  const weak = new WeakMap();
  assert.equal(
    (thrown(() => threads({ init: () => weak.has({}) })) as { code?: string }).code,
    'ERR_TUTTI_CAPTURE',
  );
  assert.equal(
    (thrown(() => threads({ teardown: () => weak.has({}) })) as { code?: string }).code,
    'ERR_TUTTI_CAPTURE',
  );
});

test('teardown that throws, exits or hangs does not hold close() up for ever', { timeout }, async () => {
  for (const teardown of [
    () => {
      throw new RangeError('teardown');
    },
    () => process.exit(4),
  ]) {
    const pool = threads({ workers: 1, teardown });
    assert.equal(await pool.submit(() => 1), 1);
    await pool.close();
    assert.equal(pool.stats().alive, 0);
  }
});

test('env and resourceLimits reach the workers', { timeout }, async () => {
  const pool = threads({
    workers: 1,
    env: { TUTTI_TEST: 'here' },
    resourceLimits: { maxOldGenerationSizeMb: 77 },
  });
  const [variable, path, limit] = await pool.submit(async () => {
    const { resourceLimits } = await import('node:worker_threads');
    return [process.env['TUTTI_TEST'], process.env['PATH'], resourceLimits?.maxOldGenerationSizeMb];
  });
  assert.equal(variable, 'here');
  assert.equal(path, process.env['PATH']);
  assert.equal(limit, 77);
  assert.equal(process.env['TUTTI_TEST'], undefined);
  await pool.close();
});
