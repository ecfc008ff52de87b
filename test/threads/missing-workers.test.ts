/** With workers missing, nothing waits behind a busy one. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { threads, WorkerCrashedError } from 'tutti';
import { assertNoLeaks } from '../leaks.js';

after(assertNoLeaks);

const timeout = 20_000;

test('a task does not wait behind a busy worker when another one has died', { timeout }, async () => {
  const pool = threads({ workers: 2 });
  for (let round = 0; round < 6; round++) {
    const endless = pool.submit(() => new Promise<never>(() => {}));
    await assert.rejects(
      pool.submit(() => process.exit(3)),
      WorkerCrashedError,
    );
    assert.equal(await pool.submit((x: number) => x, round), round);
    endless.cancel();
    await assert.rejects(endless);
  }
  await pool.close();
});

test('a task does not wait behind a busy worker when another one has retired', { timeout }, async () => {
  const pool = threads({ workers: 2, idleTimeoutMs: 30 });
  const endless = pool.submit(() => new Promise<never>(() => {}));
  await pool.map([1, 2, 3], (x) => x);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(await pool.submit((x: number) => x, 5), 5);
  endless.cancel();
  await assert.rejects(endless);
  await pool.close();
});

test('a worker lets go of what a finished call had captured', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const bytesHeld = (): Promise<number> =>
    pool.submit(async () => {
      process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
      const gc = process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void;
      // Buffers are freed by a thread of the collector's own, some time after.
      for (let i = 0; i < 3; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return process.memoryUsage().arrayBuffers;
    });
  let state = new Float64Array(1e6);
  for (let step = 0; step < 12; step++) {
    state = new Float64Array(1e6).fill(step);
    assert.equal(await pool.submit((k: number) => state[k], 3), step);
  }
  const held = await bytesHeld();
  assert.ok(held < 5 * state.byteLength, `${held} bytes for captures of ${state.byteLength} bytes each`);
  await pool.close();
});

test('many captured functions in use at once are all kept by the workers', { timeout }, async () => {
  const pool = threads({ workers: 2 });
  const calls = Array.from({ length: 12 }, (_, call) => {
    const offset = { call };
    return pool.map(
      Array.from({ length: 40 }, (__, i) => i),
      (i) => i + offset.call,
      { chunk: 3 },
    );
  });
  const all = await Promise.all(calls);
  all.forEach((values, call) => assert.deepEqual(values.slice(0, 3), [call, call + 1, call + 2]));
  await pool.close();
});
