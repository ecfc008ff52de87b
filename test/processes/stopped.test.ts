/** Workers that are stopped (SIGSTOP): they are alive, and do not come. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { ExecutorClosedError, shared, TaskTimeoutError } from 'tutti';
import { rejection, until, upTo, within } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { inBothModes, lives, stateOf } from './modes.ts';

after(assertNoLeaks);

const soon = 15_000;

async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  if (process.platform === 'linux') await until('the worker is stopped', () => stateOf(pid) === 'T');
}

inBothModes('terminate() ends a stopped worker', async ({ open }) => {
  const pool = open({ workers: 1 });
  const pid = await pool.submit(() => process.pid);
  const outcome = rejection(
    pool.submit(() => {
      for (;;);
    }),
  );
  await stop(pid);
  await within(soon, 'terminate', pool.terminate());
  assert.ok((await outcome) instanceof ExecutorClosedError);
  assert.ok(!lives(pid));
});

inBothModes('close() ends a stopped idle worker after a while', async ({ open }) => {
  const pool = open({ workers: 1 });
  const pid = await pool.submit(() => process.pid);
  // The end of a task comes after its result.
  await until('the worker is idle', () => pool.stats().busy === 0);
  await stop(pid);
  await within(soon, 'close', pool.close());
  assert.ok(!lives(pid));
});

inBothModes('a task on a stopped worker ends by its time limit or by cancel()', async ({ open }) => {
  const pool = open({ workers: 1, graceMs: 20 });
  const started = shared(Int32Array, 1, { across: 'processes' });
  for (const kind of ['timeout', 'cancel'] as const) {
    started[0] = 0;
    const pid = await pool.submit(() => process.pid);
    const view = kind === 'timeout' ? pool.with({ timeoutMs: 60 }) : pool;
    const task = view.submit(() => {
      Atomics.store(started, 0, 1);
      for (;;);
    });
    const outcome = rejection(task);
    const behind = pool.submit((word: string) => word, kind);
    await until('the task runs', () => started[0] === 1 || task.status === 'failed');
    await stop(pid);
    if (kind === 'cancel') task.cancel(new RangeError('enough'));
    const error = await within(soon, kind, outcome);
    if (kind === 'timeout') assert.ok(error instanceof TaskTimeoutError, String(error));
    else assert.equal((error as Error).message, 'enough');
    assert.equal(await within(soon, 'the task behind', behind), kind);
    await until('the stopped worker is gone', () => !lives(pid));
  }
  await pool.close();
});

inBothModes('tasks move away from a stopped worker, and all end once when it goes on', async ({ open }) => {
  const runs = shared(Int32Array, 40, { across: 'processes' });
  const gate = shared(Int32Array, 2, { across: 'processes' });
  const pool = open({ workers: 2 });
  const [pid] = (await pool.broadcast(() => process.pid)) as [number, number];
  const count = (k: number): number => {
    Atomics.add(runs, k, 1);
    return k;
  };
  // One task for each worker holds it until both run.
  const first = upTo(2).map((k) =>
    pool.submit((x: number) => {
      Atomics.add(runs, x, 1);
      Atomics.add(gate, 0, 1);
      while (Atomics.load(gate, 1) === 0);
      return x;
    }, k),
  );
  const rest = upTo(38).map((k) => pool.submit(count, k + 2));
  // A check that fails must not be hidden by what the end of the pool rejects.
  for (const task of [...first, ...rest]) task.catch(() => undefined);
  await until('both workers are busy', () => gate[0] === 2);
  await stop(pid);
  gate[1] = 1;
  assert.deepEqual(
    await within(soon, 'the tasks behind', Promise.all(rest)),
    upTo(38).map((k) => k + 2),
  );
  await until('one of them has ended, too, and one is stopped', () => {
    return first.filter(({ status }) => status === 'running').length === 1;
  });
  process.kill(pid, 'SIGCONT');
  assert.deepEqual(await within(soon, 'the task that was stopped', Promise.all(first)), [0, 1]);
  assert.deepEqual(
    [...runs],
    upTo(40).map(() => 1),
  );
  assert.equal(pool.stats().crashed, 0);
  await pool.close();
});
