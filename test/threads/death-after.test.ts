/** Workers that die when their task is over but for what it has to say: it is to blame, once, and nothing runs for ever. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deserialize, serialize, shared, TaskTimeoutError, threads, WorkerCrashedError } from 'tutti';
import { rejection } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';

const timeout = 20_000;
after(assertNoLeaks);

/** The task's own error, or that of the worker which its stray one ended; which of them depends on the engine. */
function isOf(error: unknown, message: string): boolean {
  if (error instanceof WorkerCrashedError) return true;
  return error instanceof Error && error.message === message;
}

test('a task that fails and leaves a rejection behind runs once on a fresh worker', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const runs = shared(Int32Array, 1);
  const fails = () => {
    Atomics.add(runs, 0, 1);
    void Promise.reject(new Error('stray'));
    throw new Error('main');
  };
  const calls = [
    () => pool.submit(fails),
    () => pool.map([1], fails),
    () => pool.forEach([1], fails),
    () => pool.broadcast(fails),
    () => pool.with({ timeoutMs: 5000 }).submit(fails),
  ];
  for (const call of calls) {
    runs[0] = 0;
    const error = await rejection(call());
    assert.ok(isOf(error, 'main'), String(error));
    assert.equal(runs[0], 1);
  }
  await pool.close();
});

test('for() fails with the iteration that fails, though the worker dies behind it', { timeout }, async () => {
  for (let round = 0; round < 3; round++) {
    const pool = threads({ workers: 2 });
    const error = await rejection(
      pool.for(100, () => {
        void Promise.reject(new Error('stray'));
        throw new Error('main');
      }),
    );
    assert.ok(isOf(error, 'main'), String(error));
    await pool.close();
  }
});

test('a worker that exits while a result is packed has crashed with its task', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const runs = shared(Int32Array, 1);
  const error = await rejection(
    pool.submit(() => {
      Atomics.add(runs, 0, 1);
      queueMicrotask(() => process.exit(7));
      return { call: () => 1 };
    }),
  );
  assert.ok(error instanceof WorkerCrashedError);
  assert.equal(error.exitCode, 7);
  assert.equal(runs[0], 1);
  assert.equal(await pool.submit(() => 'next'), 'next');
  await pool.close();
});

test('timeoutMs holds while a result is packed', { timeout }, async () => {
  class Endless {
    [serialize](): never {
      for (;;);
    }
    static [deserialize](): Endless {
      return new Endless();
    }
  }
  for (const warm of [false, true]) {
    const pool = threads({ workers: 1, graceMs: 20 });
    if (warm) await pool.submit(() => ({ call: () => 1 }));
    const error = await rejection(pool.with({ timeoutMs: 200 }).submit(() => new Endless() as object));
    assert.ok(error instanceof TaskTimeoutError, String(error));
    assert.equal(await pool.submit(() => 'next'), 'next');
    await pool.close();
  }
});

test('timeoutMs holds while a module is imported', { timeout }, async () => {
  const pool = threads({ workers: 1, graceMs: 20 });
  const url = 'data:text/javascript,await new Promise(() => setInterval(() => {}, 1000))';
  const error = await rejection(
    pool.with({ timeoutMs: 300 }).submit(async (from: string) => await import(from), url),
  );
  assert.ok(error instanceof TaskTimeoutError, String(error));
  assert.equal(await pool.submit(() => 'next'), 'next');
  await pool.close();
});
