/** Pools of pools share one budget of cores. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { threads, usableCores } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';

const limit = { timeout: 30_000 };
after(assertNoLeaks);

/** Workers that a pool gets by default inside a worker of a pool of `workers`, and inside a worker of that one. */
async function defaults(workers: number): Promise<readonly number[]> {
  await using pool = threads({ workers });
  return pool.submit(async () => {
    const inner = threads();
    const innermost = await inner.submit(async () => {
      const inline = threads();
      const { workers } = inline;
      await inline.close();
      return workers;
    });
    const { workers } = inner;
    await inner.close();
    return [workers, innermost];
  });
}

test('threads() inside a worker gets the share that the workers beside it leave', limit, async () => {
  const cores = usableCores();
  assert.deepEqual(await defaults(1), [cores, 1]);
  assert.deepEqual(await defaults(cores), [1, 1]);
  assert.deepEqual(await defaults(2 * cores), [1, 1]);
});

test('a number of workers that is given counts at every depth', limit, async () => {
  await using pool = threads({ workers: 1 });
  const workers = await pool.submit(async () => {
    const inner = threads({ workers: 3 });
    const { workers } = inner;
    await inner.close();
    return workers;
  });
  assert.equal(workers, 3);
});
