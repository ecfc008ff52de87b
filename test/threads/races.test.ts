/** What happens in one stretch of code, before the event loop turns. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ExecutorClosedError, processes, threads } from 'tutti';
import { rejection, upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';

const timeout = 20_000;
after(assertNoLeaks);

for (const [name, open] of [
  ['threads', threads],
  ['processes', processes],
] as const) {
  test(
    `${name}: terminate() ends a broadcast that waits for workers which came up meanwhile`,
    { timeout },
    async () => {
      const pool = open({ workers: 2 });
      const outcome = rejection(pool.broadcast(() => 1));
      // Workers become ready while this thread is blocked.
      assert.deepEqual(
        pool.mapSync(upTo(8), (x) => [x]),
        upTo(8).map((x) => [x]),
      );
      await pool.terminate();
      const error = await outcome;
      assert.ok(error instanceof Error);
      assert.ok(
        error instanceof ExecutorClosedError || error.cause instanceof ExecutorClosedError,
        String(error),
      );
      assert.equal(pool.stats().alive, 0);
    },
  );

  test(
    `${name}: workers that are no longer wanted before they are up do not pile up`,
    { timeout },
    async () => {
      const pool = open({ workers: 1 });
      for (let round = 0; round < 10; round++) {
        pool.resize(3);
        const some = pool.map(upTo(6), (x) => x, { chunk: 1 });
        pool.resize(1);
        assert.deepEqual(await some, upTo(6));
      }
      assert.ok(pool.stats().alive <= 6, `${pool.stats().alive} workers`);
      await pool.close();
    },
  );
}

test('a large array that `init` captured reaches every worker process', { timeout }, async () => {
  const table = new Float64Array(300_000).fill(2);
  const kept = globalThis as { table?: Float64Array };
  const init = () => {
    kept.table = table;
  };
  for (const sharedMemory of [undefined, false]) {
    const pool = processes({ workers: 2, init, ...(sharedMemory === undefined ? {} : { sharedMemory }) });
    assert.deepEqual(await pool.broadcast(() => kept.table?.length), [300_000, 300_000]);
    await pool.close();
  }
});
