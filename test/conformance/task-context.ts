/** `context()` inside tasks, and the caller's asynchronous context. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { context, UnsupportedError } from 'tutti';
import { collect, rejection, thrown, upTo, type Subject } from './subject.ts';

export function contextTests({ shared, test, pool, claims }: Subject): void {
  test('context() names worker, task and item', async () => {
    const look = () => {
      const { workerId, taskId, index, signal } = context();
      return { workerId, taskId, index, aborted: signal.aborted };
    };
    const task = pool().submit(look);
    const seen = await task;
    assert.equal(seen.taskId, task.id);
    assert.equal(seen.index, 0);
    assert.equal(seen.aborted, false);
    assert.ok(claims.isolated ? seen.workerId > 0 : seen.workerId === 0);
    const map = pool().map(upTo(100), look, { chunk: 9 });
    assert.deepEqual(
      (await map).map(({ index }) => index),
      upTo(100),
    );
    assert.ok((await map).every(({ taskId }) => taskId === map.id));
  });

  test('context() is kept across await', async () => {
    const pairs = await pool().map(upTo(20), async () => {
      const before = context().index;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return [before, context().index];
    });
    assert.deepEqual(
      pairs,
      upTo(20).map((k) => [k, k]),
    );
  });

  test('context() outside a task is refused', () => {
    assert.ok(thrown(() => context()) instanceof UnsupportedError);
  });

  test('report() brings any value to the caller', async () => {
    const news: unknown[] = [];
    const task = pool()
      .with({ onProgress: ({ index, data }) => void (index === undefined || news.push(data)) })
      .submit(() => {
        context().report(0.5);
        context().report(new Map([['k', [1, 2]]]));
      });
    await task;
    assert.deepEqual(news, [0.5, new Map([['k', [1, 2]]])]);
  });

  test('callbacks and continuations run in the caller’s asynchronous context', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const note = () => void seen.push(storage.getStore());
    const tries = shared(Int32Array, 1);
    function* input(): Iterable<number> {
      note();
      yield 1;
    }
    await storage.run('mine', async () => {
      await pool().submit(() => 1);
      note();
      await pool().map([1], (x) => x, { onProgress: note });
      await pool()
        .with({ retries: { limit: 1, on: () => (note(), true) } })
        .submit(() => {
          if (Atomics.add(tries, 0, 1) === 0) throw new RangeError('once');
        });
      await collect(pool().stream(input(), (x) => x));
      note();
      await rejection(
        pool().submit(() => {
          throw new RangeError('x');
        }),
      );
      note();
    });
    assert.ok(seen.length >= 6);
    assert.deepEqual(
      seen,
      seen.map(() => 'mine'),
    );
    assert.equal(storage.getStore(), undefined);
  });

  test('two callers keep their contexts apart', async () => {
    const storage = new AsyncLocalStorage<number>();
    const stores = await Promise.all(
      upTo(10).map((k) =>
        storage.run(k, async () => {
          await pool().map(upTo(50), (x) => x);
          return storage.getStore();
        }),
      ),
    );
    assert.deepEqual(stores, upTo(10));
  });
}
