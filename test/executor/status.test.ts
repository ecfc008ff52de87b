import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serial, shared, threads } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';

after(assertNoLeaks);

const timeout = 30_000;

test('a submitted task is running while a worker works on it', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const gate = shared(Int32Array, 1);
  const task = pool.submit(() => Atomics.wait(gate, 0, 0));
  assert.equal(task.status, 'queued');
  while (task.status === 'queued') await sleep(5);
  assert.equal(task.status, 'running');
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  await task;
  assert.equal(task.status, 'done');
  await pool.close();
});

test('a task of serial() sees itself running', { timeout }, async () => {
  const seen: string[] = [];
  const task = serial().submit(async () => {
    await sleep(1);
    seen.push(task.status);
  });
  await task;
  assert.deepEqual(seen, ['running']);
});
