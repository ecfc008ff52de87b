import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Task } from '#src/executor/task.js';
import { openFake } from './fake-backend.js';

const limit = { timeout: 10_000 };

test('a task is a promise whose then, catch and finally make plain promises', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const task = pool.submit((x: number) => x + 1, 1);
  assert.ok(task instanceof Promise && task instanceof Task);
  assert.equal(Object.getPrototypeOf(task.then((x) => x)), Promise.prototype);
  assert.equal(Object.getPrototypeOf(task.catch(() => 0)), Promise.prototype);
  assert.equal(Object.getPrototypeOf(task.finally(() => 0)), Promise.prototype);
  assert.deepEqual(await Promise.all([task, pool.submit(() => 5)]), [2, 5]);
  assert.equal(await Promise.race([task, pool.submit(() => 6)]), 2);
  assert.equal(await Promise.resolve(task), 2);
});

test('ids are unique and rise, names come from functions', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  function score() {}
  const a = pool.submit(score);
  const b = pool.map([1], score);
  const c = pool.submit(() => 1);
  assert.ok(a.id >= 1 && b.id > a.id && c.id > b.id);
  assert.deepEqual([a.name, b.name, c.name], ['score', 'score', 'anonymous']);
  await Promise.all([a, b, c]);
});

test('status goes from queued over running to done, failed or cancelled', limit, async () => {
  const { pool, backend } = openFake();
  const good = pool.map([1, 2], (x) => x, { chunk: 2 });
  const bad = pool.submit(() => {
    throw new RangeError('no');
  });
  const stopped = pool.submit(() => 1);
  const [first, second, third] = backend.held;
  assert.deepEqual([good.status, bad.status, stopped.status], ['queued', 'queued', 'queued']);
  first?.give(0);
  assert.equal(good.status, 'running');
  first?.finish();
  second?.finish();
  stopped.cancel();
  await Promise.allSettled([good, bad, stopped]);
  assert.deepEqual([good.status, bad.status, stopped.status], ['done', 'failed', 'cancelled']);
  assert.equal(third?.ended, true);
});

test('cancel() rejects at once with the reason and ends the chunk', limit, async () => {
  const { pool, backend } = openFake();
  const task = pool.submit(() => 1);
  const reason = new RangeError('changed my mind');
  assert.equal(task.cancel(reason), true);
  assert.equal(backend.cancelled[0]?.reason, reason);
  assert.equal(task.cancel(), false);
  await assert.rejects(task, (error) => error === reason);
});

test('cancel() without a reason rejects with an AbortError', limit, async () => {
  const { pool } = openFake();
  const task = pool.map([1, 2, 3], (x) => x);
  task.cancel();
  await assert.rejects(task, { name: 'AbortError' });
});

test('progress tells completed items and the latest report', limit, async () => {
  const { pool, backend } = openFake();
  const task = pool.map([1, 2, 3], (x) => x, { chunk: 3 });
  assert.equal(task.progress, undefined);
  backend.held[0]?.give(1);
  assert.deepEqual(task.progress, { completed: 1, total: 3, index: undefined, data: undefined });
  backend.held[0]?.chunk.sink.report(2, 'half');
  assert.deepEqual(task.progress, { completed: 1, total: 3, index: 2, data: 'half' });
  task.cancel();
  await assert.rejects(task);
});

test('a rejected task that nobody looks at is reported once, nothing else of a call is', limit, () => {
  const script = `
    import { openFake, settle } from ${JSON.stringify(new URL('./fake-backend.js', import.meta.url).href)};
    const reported = [];
    process.on('unhandledRejection', (reason) => reported.push(reason.message));
    const { pool } = openFake({ auto: 'fifo' });
    const boom = () => { throw new RangeError('nobody looks'); };
    async function* input() { yield 1; }
    pool.submit(boom);
    await settle();
    console.log(reported.join());
    await pool.forEach([1, 2, 3], boom).catch(() => 0);
    await pool.map([1, 2, 3], boom, { retries: 1 }).catch(() => 0);
    await pool.map(input(), boom).catch(() => 0);
    await pool.find([1, 2, 3], boom).catch(() => 0);
    await pool.reduce([1, 2, 3], boom).catch(() => 0);
    await pool.broadcast(boom).catch(() => 0);
    for await (const _ of pool.stream([1], (x) => x)) break;
    await pool.stream([1], boom).next().catch(() => 0);
    await settle();
    console.log(reported.length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'nobody looks\n1\n', stderr);
});

test('executors and tasks say why they cannot be captured', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const task = pool.submit(() => 1);
  const refuse = Symbol.for('tutti.refuse') as never;
  assert.match(pool[refuse] as string, /open a pool inside the task: threads\(\)/);
  assert.match(task[refuse] as string, /await it and pass its result/);
  await task;
});
