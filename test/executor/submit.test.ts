import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { CaptureError, QueueFullError, TaskTimeoutError, WorkerCrashedError } from '#src/base/errors.js';
import { openFake, settle } from './fake-backend.js';

const limit = { timeout: 10_000 };

test('a signal that has aborted rejects without sending anything', limit, async () => {
  const { pool, backend } = openFake();
  const reason = new RangeError('too late');
  const view = pool.with({ signal: AbortSignal.abort(reason) });
  await assert.rejects(
    view.submit(() => 1),
    (error) => error === reason,
  );
  await assert.rejects(
    view.map([1], (x) => x),
    (error) => error === reason,
  );
  await assert.rejects(view.stream([1], (x) => x).next(), (error) => error === reason);
  assert.throws(() =>
    openFake({ blocking: true })
      .pool.with({ signal: AbortSignal.abort(reason) })
      .submitSync(() => 1),
  );
  assert.equal(backend.sent.length, 0);
});

test('a signal cancels what is under way with its reason', limit, async () => {
  const { pool, backend } = openFake();
  const controller = new AbortController();
  const view = pool.with({ signal: controller.signal });
  const tasks = [view.submit(() => 1), view.map([1, 2], (x) => x), view.stream([1], (x) => x).next()];
  const reason = new RangeError('enough');
  controller.abort(reason);
  assert.equal(backend.held.length, 0);
  for (const task of tasks) await assert.rejects(task, (error) => error === reason);
});

test('a signal that lives long keeps one listener at most and none in the end', limit, async () => {
  const { pool, backend } = openFake();
  const { signal } = new AbortController();
  const view = pool.with({ signal });
  const tasks = Array.from({ length: 50 }, () => view.submit(() => 1));
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  for (const held of [...backend.held]) held.finish();
  await Promise.all(tasks);
  const stream = view.stream([1, 2], (x) => x);
  await Promise.all([stream.next(), settle().then(() => backend.held[0]?.finish())]);
  await stream.return();
  const bad = view.map([1], () => {
    throw new RangeError('no');
  });
  backend.held[0]?.finish();
  await assert.rejects(bad);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('maxQueue bounds submitted tasks beyond the workers; bulk calls do not count', limit, async () => {
  const { pool, backend } = openFake({ workers: 2, executor: { maxQueue: 3 } });
  const bulk = pool.map([1, 2, 3, 4, 5, 6, 7, 8, 9], (x) => x);
  const tasks = Array.from({ length: 5 }, () => pool.submit(() => 1));
  await assert.rejects(
    pool.submit(() => 1),
    (error) => error instanceof QueueFullError && error.maxQueue === 3,
  );
  tasks[0]?.cancel();
  await assert.rejects(tasks[0]!);
  const next = pool.submit(() => 2);
  while (backend.held.length > 0) backend.held[0]?.finish();
  assert.equal(await next, 2);
  await Promise.all([bulk, ...tasks.slice(1)]);
  assert.equal(
    await Promise.race([
      pool.submit(() => 3),
      settle()
        .then(() => backend.held[0]?.finish())
        .then(() => 3),
    ]),
    3,
  );
});

test('a function that cannot travel rejects the task', limit, async () => {
  const { pool, backend } = openFake({ blocking: true });
  const error = new CaptureError('cannot send `db`', { path: 'db' });
  backend.run = () => {
    throw error;
  };
  await assert.rejects(
    pool.submit(() => 1),
    (thrown) => thrown === error,
  );
  await assert.rejects(
    pool.map([1, 2], (x) => x),
    (thrown) => thrown === error,
  );
  await assert.rejects(pool.stream([1, 2], (x) => x).next(), (thrown) => thrown === error);
  await assert.rejects(
    pool.broadcast(() => 1),
    (thrown) => thrown === error,
  );
  assert.throws(
    () => pool.submitSync(() => 1),
    (thrown) => thrown === error,
  );
  assert.equal(pool.stats().tasks.pending, 0);
});

test('retries try again so often, then the last error arrives', limit, async () => {
  const { pool, backend } = openFake({ auto: 'fifo' });
  let calls = 0;
  const flaky = (until: number) => {
    if (++calls < until) throw new RangeError(`try ${calls}`);
    return calls;
  };
  assert.equal(await pool.with({ retries: 2 }).submit(flaky, 3), 3);
  calls = 0;
  await assert.rejects(pool.with({ retries: 2 }).submit(flaky, 4), { message: 'try 3' });
  calls = 0;
  await assert.rejects(pool.with({ retries: 0 }).submit(flaky, 2), { message: 'try 1' });
  assert.equal(backend.sent.length, 7);
});

test('retries.on decides, with the number of tries; what it throws ends the task', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const asked: unknown[] = [];
  const error = new RangeError('no');
  const boom = () => {
    throw error;
  };
  const on = (each: unknown, attempt: number) => {
    asked.push([each, attempt]);
    return attempt < 3;
  };
  await assert.rejects(pool.with({ retries: { limit: 9, on } }).submit(boom));
  assert.deepEqual(asked, [
    [error, 1],
    [error, 2],
    [error, 3],
  ]);
  const bad = () => {
    throw new TypeError('in on');
  };
  await assert.rejects(pool.with({ retries: { limit: 9, on: bad } }).submit(boom), { message: 'in on' });
});

test('a crash and a timeout are tried again, a cancellation is not', limit, async () => {
  const { pool, backend } = openFake();
  const task = pool.with({ retries: 2 }).submit(() => 1);
  backend.held[0]?.fail(0, new WorkerCrashedError('died', { workerId: 1 }), true);
  backend.held[0]?.fail(0, new TaskTimeoutError('slow', 5));
  backend.held[0]?.finish();
  assert.equal(await task, 1);
  const cancelled = pool.with({ retries: 2 }).submit(() => 1);
  cancelled.cancel();
  await assert.rejects(cancelled, { name: 'AbortError' });
  assert.equal(backend.held.length, 0);
});

test('a task that waits for its next try can be cancelled', limit, async () => {
  const { pool, backend } = openFake();
  const task = pool.with({ retries: { limit: 1, backoffMs: 60_000 } }).submit(() => 1);
  backend.held[0]?.fail(0, new RangeError('no'));
  assert.equal(backend.held.length, 0);
  assert.equal(task.status === 'queued' || task.status === 'running', true);
  task.cancel();
  await assert.rejects(task, { name: 'AbortError' });
});
