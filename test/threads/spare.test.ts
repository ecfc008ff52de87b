/** The worker that stands by: when there is one, whose place it takes, and what it leaves alone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, shared, threads, WorkerCrashedError, type Executor, type ExecutorOptions } from 'tutti';
import { rejection, until } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { root } from '../root.ts';

const timeout = 20_000;
after(assertNoLeaks);

const whoRuns = () => context().workerId;

/** Waits for the spare of a pool. */
const spareOf = (pool: Executor) => until('a spare stands by', () => pool.stats().spare === 1);

/** A pool whose workers note in `init`, by their ids, that they have started. */
function noting(options: ExecutorOptions) {
  const started = shared(Int32Array, 16);
  const init = () => void Atomics.store(started, context().workerId, 1);
  return { pool: threads({ workers: 1, graceMs: 0, ...options, init }), started };
}

/** Has a worker killed: cancels a task that never ends. */
async function kill(pool: Executor): Promise<void> {
  const runs = shared(Int32Array, 1);
  const endless = pool.submit(() => {
    Atomics.store(runs, 0, 1);
    for (;;);
  });
  const ended = rejection(endless);
  await until('the endless task runs', () => runs[0] === 1);
  endless.cancel();
  await ended;
}

test(
  'after a kill a worker runs the next call that had started before: its `init` has run',
  { timeout },
  async () => {
    const { pool, started } = noting({ spare: true });
    assert.equal(await pool.submit(whoRuns), 1);
    await until('the spare has run `init`', () => started[2] === 1);
    await spareOf(pool);
    await kill(pool);
    assert.equal(await pool.submit(whoRuns), 2);
    // The next one starts by itself.
    await until('another spare has run `init`', () => started[3] === 1);
    await kill(pool);
    assert.equal(await pool.submit(whoRuns), 3);
    assert.equal(pool.stats().crashed, 0);
    await pool.close();
    assert.equal(pool.stats().spare, 0);
  },
);

test('what the spare has rehearsed counts nowhere', { timeout }, async () => {
  const { pool, started } = noting({ spare: true });
  await pool.submit(whoRuns);
  await until('the spare has run `init`', () => started[2] === 1);
  await spareOf(pool);
  await sleep(50);
  await kill(pool);
  const { completed } = pool.stats();
  const ids = await Promise.all(Array.from({ length: 1000 }, () => pool.submit(whoRuns)));
  assert.deepEqual(new Set(ids), new Set([2]));
  assert.equal(pool.stats().completed, completed + 1000);
  assert.equal(pool.stats().busy, 0);
  await pool.close();
});

test('a blocking call finds the spare as well', { timeout }, async () => {
  const { pool, started } = noting({ spare: true });
  assert.equal(pool.submitSync(whoRuns), 1);
  await until('the spare has run `init`', () => started[2] === 1);
  await kill(pool);
  assert.equal(pool.submitSync(whoRuns), 2);
  await pool.close();
});

test(
  'a pool that has lost no worker has no spare; one that was killed or has died brings one',
  { timeout },
  async () => {
    for (const lose of [
      kill,
      async (pool: Executor) => {
        const died = await rejection(pool.submit(() => process.exit(3)));
        assert.ok(died instanceof WorkerCrashedError);
      },
    ]) {
      const { pool, started } = noting({});
      await pool.submit(whoRuns);
      await sleep(100);
      assert.equal(pool.stats().spare, 0);
      assert.equal(started[2], 0);
      await lose(pool);
      await until('the spare has run `init`', () => started[2] === 1);
      assert.equal(pool.stats().spare, 1);
      assert.equal(await pool.submit(whoRuns), 2);
      await pool.close();
    }
  },
);

test('{ spare: false } keeps no spare', { timeout }, async () => {
  const { pool, started } = noting({ spare: false });
  await pool.submit(whoRuns);
  await kill(pool);
  assert.equal(await pool.submit(whoRuns), 2);
  await sleep(150);
  assert.equal(pool.stats().spare, 0);
  assert.equal(started[3], 0);
  await pool.close();
});

test(
  'a task that goes on after the request to stop gets a spare started before its worker is killed',
  { timeout },
  async () => {
    const { pool, started } = noting({ graceMs: 2000 });
    const runs = shared(Int32Array, 1);
    const stubborn = pool.submit(() => {
      Atomics.store(runs, 0, 1);
      while (Atomics.load(runs, 0) === 1);
    });
    const ended = rejection(stubborn);
    await until('the task runs', () => runs[0] === 1);
    stubborn.cancel();
    await ended;
    await spareOf(pool);
    await until('the spare has run `init`', () => started[2] === 1);
    Atomics.store(runs, 0, 0);
    assert.equal(await pool.submit(whoRuns), pool.stats().spare === 1 ? 1 : 2);
    await pool.close();
  },
);

test('a broadcast leaves the spare alone until it has taken a place', { timeout }, async () => {
  const { pool } = noting({ workers: 2, spare: true });
  assert.deepEqual(await pool.broadcast(whoRuns), [1, 2]);
  await spareOf(pool);
  assert.deepEqual(await pool.broadcast(whoRuns), [1, 2]);
  const { alive, busy } = pool.stats();
  assert.deepEqual({ alive, busy }, { alive: 2, busy: 0 });
  await kill(pool);
  const ids = await pool.broadcast(whoRuns);
  assert.equal(ids.length, 2);
  assert.equal(ids[1], 3);
  await pool.close();
});

test('recycled workers leave their place to the spare', { timeout }, async () => {
  const { pool, started } = noting({ spare: true, maxTasksPerWorker: 2 });
  assert.equal(await pool.submit(whoRuns), 1);
  await until('the spare has run `init`', () => started[2] === 1);
  assert.equal(await pool.submit(whoRuns), 1);
  assert.equal(await pool.submit(whoRuns), 2);
  await pool.close();
});

test('more workers: the spare is the first of them', { timeout }, async () => {
  const { pool, started } = noting({ spare: true });
  await pool.submit(whoRuns);
  await until('the spare has run `init`', () => started[2] === 1);
  pool.resize(2);
  assert.deepEqual(await pool.broadcast(whoRuns), [1, 2]);
  pool.resize(1);
  await pool.close();
});

test('an `init` that fails on the spare fails no task', { timeout }, async () => {
  const tried = shared(Int32Array, 8);
  const init = () => {
    const { workerId } = context();
    Atomics.store(tried, workerId, 1);
    if (workerId === 2) throw new RangeError('not here');
    if (workerId === 3) process.exit(4);
  };
  const pool = threads({ workers: 1, graceMs: 0, spare: true, init });
  const tasks = Array.from({ length: 20 }, (_, k) => pool.submit((x: number) => x, k));
  await until('the spare has failed', () => tried[2] === 1 && pool.stats().spare === 0);
  assert.equal((await Promise.all(tasks)).length, 20);
  assert.equal(await pool.submit(whoRuns), 1);
  await sleep(100);
  assert.equal(tried[3], 0, 'it is not tried again');
  // Now there is a reason to try again.
  await kill(pool);
  await until('the next spare has died', () => tried[3] === 1 && pool.stats().spare === 0);
  assert.equal(await pool.submit(whoRuns), 4);
  await pool.close();
});

test('the spare runs `teardown` when the pool closes; terminate() ends it, too', { timeout }, async () => {
  const ended = shared(Int32Array, 1);
  const teardown = () => void Atomics.add(ended, 0, 1);
  const closed = threads({ workers: 1, spare: true, teardown });
  await closed.submit(whoRuns);
  await spareOf(closed);
  await closed.close();
  assert.equal(ended[0], 2);
  const terminated = threads({ workers: 1, spare: true });
  await terminated.submit(whoRuns);
  await spareOf(terminated);
  await terminated.terminate();
  const { alive, spare } = terminated.stats();
  assert.deepEqual({ alive, spare }, { alive: 0, spare: 0 });
});

test('the spare goes when the last worker has gone for want of work', { timeout }, async () => {
  const { pool, started } = noting({ spare: true, idleTimeoutMs: 300 });
  await pool.submit(whoRuns);
  await until('the spare has run `init`', () => started[2] === 1);
  await until('all have ended', () => pool.stats().alive === 0 && pool.stats().spare === 0);
  assert.equal(await pool.submit(whoRuns), 3);
  await pool.close();
});

test('a pool in a worker keeps no spare unless it is asked to', { timeout }, async () => {
  await using pool = threads({ workers: 1 });
  const spares = await pool.submit(async () => {
    const counts: number[] = [];
    for (const options of [{}, { spare: true }]) {
      const inner = threads({ workers: 1, ...options });
      await rejection(inner.submit(() => process.exit(1)));
      await inner.submit(() => 1);
      for (let look = 0; look < 500 && inner.stats().spare === 0 && 'spare' in options; look++)
        await sleep(10);
      if (counts.length === 0) await sleep(100);
      counts.push(inner.stats().spare);
      await inner.close();
    }
    return counts;
  });
  assert.deepEqual(spares, [0, 1]);
});

test('a process with an idle spare ends by itself', { timeout }, async () => {
  const code = `
    import { threads } from 'tutti';
    const pool = threads({ workers: 1, spare: true });
    await pool.submit(() => 0);
    const look = setInterval(() => {
      if (pool.stats().spare === 1) clearInterval(look);
    }, 10);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, timeout: 15_000 });
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
});
