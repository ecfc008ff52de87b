import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, ExecutorClosedError, shared, threads, WorkerCrashedError } from 'tutti';
import { rejection, thrown, until, upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';

const timeout = 20_000;
after(assertNoLeaks);

/** Ends this worker when nothing runs in it. */
const dieLater = () => {
  setTimeout(() => process.exit(5), 10);
  return context().workerId;
};

test('a worker that dies idle is replaced, and nobody is told', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const first = await pool.submit(dieLater);
  await until('the worker has died', () => pool.stats().alive === 0);
  assert.equal(pool.stats().crashed, 1);
  assert.notEqual(await pool.submit(() => context().workerId), first);
  await pool.close();
});

test('innocent tasks queued behind the guilty one run once, elsewhere', { timeout }, async () => {
  const runs = shared(Int32Array, 40);
  const gate = shared(Int32Array, 1);
  const pool = threads({ workers: 1 });
  // All queue up behind one task, so that some are on the worker already when it dies.
  const guilty = pool.with({ name: 'culprit' }).submit(() => {
    Atomics.wait(gate, 0, 0, 5000);
    process.exit(9);
  });
  const tasks = upTo(40).map((k) =>
    pool.submit((x: number) => {
      Atomics.add(runs, x, 1);
      return x;
    }, k),
  );
  const outcome = rejection(guilty);
  await until('the culprit runs', () => pool.stats().busy === 1 && pool.stats().running > 1);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const error = await outcome;
  assert.ok(error instanceof WorkerCrashedError);
  assert.equal(error.exitCode, 9);
  assert.match(error.task ?? '', /culprit/);
  assert.deepEqual(await Promise.all(tasks), upTo(40));
  assert.ok(
    runs.every((count) => count === 1),
    [...runs].join(),
  );
  assert.equal(pool.stats().crashed, 1);
  await pool.close();
});

test(
  'the guilty item of a map is named; items that were not it run elsewhere in a retry',
  { timeout },
  async () => {
    const deaths = shared(Int32Array, 1);
    const pool = threads({ workers: 2 });
    const die = (x: number) => {
      if (x === 13 && Atomics.add(deaths, 0, 1) === 0) process.exit(2);
      return x;
    };
    const error = await rejection(pool.map(upTo(40), die));
    assert.ok(error instanceof WorkerCrashedError);
    assert.equal(error.index, 13);
    Atomics.store(deaths, 0, 0);
    assert.deepEqual(await pool.map(upTo(40), die, { retries: 1 }), upTo(40));
    assert.equal(deaths[0], 2);
    await pool.close();
  },
);

test('a cancelled loop takes no other task along', { timeout }, async () => {
  const flags = shared(Int32Array, 1);
  const pool = threads({ workers: 1, graceMs: 10 });
  const loop = pool.submit(() => {
    Atomics.store(flags, 0, 1);
    for (;;);
  });
  const outcome = rejection(loop);
  await until('the loop runs', () => flags[0] === 1);
  const tasks = upTo(10).map((k) => pool.submit((x: number) => x, k));
  const all = pool.broadcast(() => 'on the replacement');
  loop.cancel();
  assert.equal(((await outcome) as Error).name, 'AbortError');
  assert.deepEqual(await Promise.all(tasks), upTo(10));
  assert.deepEqual(await all, ['on the replacement']);
  assert.equal(pool.stats().crashed, 0);
  await pool.close();
});

test('a broadcast on a worker that dies of another task goes to its replacement', { timeout }, async () => {
  const flags = shared(Int32Array, 1);
  const pool = threads({ workers: 2 });
  await pool.broadcast(() => 0);
  const guilty = rejection(
    pool.submit(() => {
      Atomics.store(flags, 0, 1);
      Atomics.wait(flags, 0, 1, 200);
      process.exit(1);
    }),
  );
  await until('the guilty task runs', () => flags[0] === 1);
  const ids = await pool.broadcast(() => context().workerId);
  assert.equal(new Set(ids).size, 2);
  assert.ok((await guilty) instanceof WorkerCrashedError);
  await pool.close();
});

test('a broadcast that kills its workers rejects, and the pool goes on', { timeout }, async () => {
  const pool = threads({ workers: 3 });
  assert.ok((await rejection(pool.broadcast(() => process.exit(1)))) instanceof WorkerCrashedError);
  assert.equal((await pool.broadcast(() => 1)).length, 3);
  await pool.close();
});

test('resize() and retirement while broadcasts wait lose none of them', { timeout }, async () => {
  const pool = threads({ workers: 3, maxTasksPerWorker: 4 });
  const broadcasts = upTo(12).map(async (n) => {
    pool.resize(1 + (n % 3));
    return await pool.broadcast((x: number) => x, n);
  });
  const results = await Promise.all(broadcasts);
  results.forEach((result, n) => assert.ok(result.length > 0 && result.every((x) => x === n)));
  await pool.close();
});

test('blocking calls notice a worker that exits, runs out of memory or dies idle', { timeout }, async () => {
  const pool = threads({ workers: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } });
  const exit = thrown(() => pool.with({ name: 'leaves' }).submitSync(() => process.exit(6)));
  assert.ok(exit instanceof WorkerCrashedError);
  assert.equal(exit.exitCode, 6);
  assert.match(exit.message, /leaves/);
  const memory = thrown(() =>
    pool.submitSync(() => {
      let hoard: unknown;
      for (;;) hoard = { before: hoard };
    }),
  );
  assert.ok(memory instanceof WorkerCrashedError);
  const later = thrown(() =>
    pool.mapSync([1, 2, 3], async (x) => {
      if (x === 2) setTimeout(() => process.exit(1), 5);
      await new Promise((resolve) => setTimeout(resolve, x === 2 ? 10_000 : 0));
      return x;
    }),
  );
  assert.ok(later instanceof WorkerCrashedError);
  assert.equal(later.index, 1);
  pool.submitSync(dieLater);
  assert.deepEqual(
    upTo(20).map((k) =>
      pool.submitSync((x: number) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
        return x;
      }, k),
    ),
    upTo(20),
  );
  await pool.close();
});

test('a finished chunk does not wait for a long one on the same worker', { timeout }, async () => {
  const gate = shared(Int32Array, 1);
  const pool = threads({ workers: 1 });
  await pool.submit(() => 0);
  const quick = pool.forEach([1, 2, 3], (x) => x, { chunk: 3 });
  const slow = pool.submit(() => Atomics.wait(gate, 0, 0, 15_000));
  await quick;
  assert.equal(slow.status === 'done', false);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  assert.notEqual(await slow, 'timed-out');
  await pool.close();
});

test('items behind a slow one move to another worker', { timeout }, async () => {
  const gate = shared(Int32Array, 2);
  const pool = threads({ workers: 2 });
  await pool.broadcast(() => 0);
  const results = await pool.map(
    upTo(30),
    (x) => {
      if (x === 0) Atomics.wait(gate, 0, 0, 15_000);
      else if (Atomics.add(gate, 1, 1) === 28) {
        Atomics.store(gate, 0, 1);
        Atomics.notify(gate, 0);
      }
      return [x, context().workerId];
    },
    // All in one chunk: only a cut can free them.
    { chunk: 30 },
  );
  assert.deepEqual(
    results.map(([x]) => x),
    upTo(30),
  );
  assert.equal(new Set(results.map(([, worker]) => worker)).size, 2);
  await pool.close();
});

test('a terminated pool refuses calls of every kind', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  await pool.submit(() => 1);
  await pool.terminate();
  for (const call of [
    () => pool.submit(() => 1),
    () => pool.map([1], (x) => x),
    () => pool.broadcast(() => 1),
    () => pool.for(3, () => 1),
    () => pool.stream([1], (x) => x).next(),
  ]) {
    assert.ok((await rejection(call())) instanceof ExecutorClosedError);
  }
  assert.ok(thrown(() => pool.submitSync(() => 1)) instanceof ExecutorClosedError);
  assert.ok(thrown(() => pool.mapSync([1], (x) => x)) instanceof ExecutorClosedError);
});

test('terminate() with a reason rejects with it', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const outcome = rejection(pool.submit(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)));
  await pool.terminate(new RangeError('power cut'));
  const error = (await outcome) as Error;
  assert.ok(error instanceof ExecutorClosedError);
  assert.equal((error.cause as Error).message, 'power cut');
});
