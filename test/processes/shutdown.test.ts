import assert from 'node:assert/strict';
import { after } from 'node:test';
import { ExecutorClosedError, shared, WorkerCrashedError } from 'tutti';
import { rejection, until, upTo, within } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { inBothModes, lives } from './modes.ts';

after(assertNoLeaks);

const soon = 15_000;

inBothModes('close() and terminate() while workers start, twice and at once', async ({ open }) => {
  const closed = open({ workers: 2 });
  const task = closed.submit(() => 1);
  await within(soon, 'close', Promise.all([closed.close(), closed.close()]));
  assert.equal(await task, 1);

  const killed = open({ workers: 2 });
  const outcome = rejection(killed.submit(() => 1));
  await within(soon, 'terminate', Promise.all([killed.terminate(), killed.close(), killed.terminate()]));
  assert.ok((await outcome) instanceof ExecutorClosedError);

  const unused = open({ workers: 2 });
  await within(soon, 'close', unused.close());
  await within(soon, 'terminate', unused.terminate());
});

inBothModes('terminate() after close() ends what close() waits for', async ({ open }) => {
  const pool = open({ workers: 1 });
  await pool.submit(() => 0);
  const endless = rejection(
    pool.submit(() => {
      for (;;);
    }),
  );
  const closed = pool.close();
  await within(soon, 'terminate', pool.terminate());
  await within(soon, 'close', closed);
  assert.ok((await endless) instanceof ExecutorClosedError);
});

inBothModes('close() and terminate() from inside callbacks', async ({ open }) => {
  const one = open({ workers: 1 });
  let closed: Promise<void> | undefined;
  const results = await one.map(upTo(5), (k) => k, { onProgress: () => void (closed ??= one.close()) });
  assert.deepEqual(results, upTo(5));
  await within(soon, 'close', closed as Promise<void>);

  const two = open({ workers: 1 });
  let terminated: Promise<void> | undefined;
  const error = await rejection(
    two.map(upTo(100), (k) => k, { chunk: 1, onProgress: () => void (terminated ??= two.terminate()) }),
  );
  assert.ok(error instanceof ExecutorClosedError);
  await within(soon, 'terminate', terminated as Promise<void>);
});

inBothModes('close() and terminate() while a worker dies', async ({ open }) => {
  for (const end of ['close', 'terminate'] as const) {
    const pool = open({ workers: 1 });
    const started = shared(Int32Array, 1, { across: 'processes' });
    const pid = await pool.submit(() => process.pid);
    const outcome = rejection(
      pool.submit(() => {
        Atomics.store(started, 0, 1);
        for (;;);
      }),
    );
    await until('the task runs', () => started[0] === 1);
    const behind = Promise.allSettled([pool.submit(() => 'behind')]);
    process.kill(pid, 'SIGKILL');
    await within(soon, end, pool[end]());
    const error = await outcome;
    assert.ok(error instanceof WorkerCrashedError || error instanceof ExecutorClosedError, String(error));
    const [innocent] = await behind;
    if (end === 'close') assert.deepEqual(innocent, { status: 'fulfilled', value: 'behind' });
    assert.ok(!lives(pid));
    assert.equal(pool.stats().alive, 0);
  }
});

inBothModes('resize() many times loses nothing', async ({ open }) => {
  const pool = open({ workers: 1 });
  const tasks: PromiseLike<number>[] = [];
  for (const k of upTo(30)) {
    pool.resize(1 + (k % 3));
    tasks.push(pool.submit((x: number) => x, k));
    if (k % 10 === 0) await tasks.at(-1);
  }
  assert.deepEqual(await Promise.all(tasks), upTo(30));
  pool.resize(1);
  await until('surplus workers have ended', () => pool.stats().alive <= 1);
  await within(soon, 'close', pool.close());
});
