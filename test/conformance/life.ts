/** The life of an executor: its options, its workers, its end. */
import assert from 'node:assert/strict';
import { context, Executor, ExecutorClosedError, QueueFullError } from 'tutti';
import { collect, rejection, thrown, until, upTo, type Subject } from './subject.ts';

export function lifeTests({ shared, test, pool, open, name, claims }: Subject): void {
  test('an executor has a name and a number of workers', async () => {
    assert.ok(pool() instanceof Executor);
    assert.equal(pool().name, name);
    assert.equal(open({ name: 'mine' }).name, 'mine');
    assert.equal(pool().workers, claims.several ? 2 : 1);
    assert.equal(pool().closed, false);
  });

  test('wrong options are refused by name', () => {
    for (const [options, kind] of [
      [{ workers: 0 }, RangeError],
      [{ workers: 'all' }, TypeError],
      [{ worker: 2 }, TypeError],
      [{ maxQueue: -1 }, RangeError],
      [{ init: 5 }, TypeError],
      [{ graceMs: -1 }, RangeError],
    ] as const) {
      const error = thrown(() => open(options as never));
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, new RegExp(Object.keys(options)[0] as string));
    }
  });

  test('init runs in each worker before its first task, teardown before its end', async () => {
    const runs = shared(Int32Array, 2);
    const one = open({
      workers: 2,
      init: async () => {
        await Promise.resolve();
        Atomics.add(runs, 0, 1);
        (globalThis as { prepared?: number }).prepared = 42;
      },
      teardown: () => {
        Atomics.add(runs, 1, 1);
      },
    });
    const prepared = await one.broadcast(() => (globalThis as { prepared?: number }).prepared);
    assert.deepEqual(
      prepared,
      prepared.map(() => 42),
    );
    assert.equal(runs[0], prepared.length);
    await one.close();
    assert.equal(runs[1], prepared.length);
    delete (globalThis as { prepared?: number }).prepared;
  });

  test('maxQueue bounds the tasks that wait', async () => {
    const gate = shared(Int32Array, 1);
    const one = open({ workers: 1, maxQueue: 2 });
    const wait = async (x: number) => {
      while (Atomics.load(gate, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      return x;
    };
    const accepted = upTo(3).map((k) => one.submit(wait, k));
    const error = await rejection(one.submit(wait, 3));
    assert.ok(error instanceof QueueFullError);
    assert.equal(error.maxQueue, 2);
    Atomics.store(gate, 0, 1);
    assert.deepEqual(await Promise.all(accepted), [0, 1, 2]);
    assert.equal(await one.submit(wait, 4), 4);
  });

  test(
    'maxTasksPerWorker replaces a worker that has had its share',
    async () => {
      const one = open({ workers: 1, maxTasksPerWorker: 3 });
      const ids: number[] = [];
      for (let n = 0; n < 7; n++) ids.push(await one.submit(() => context().workerId));
      const mapped = await one.map(upTo(10), () => context().workerId);
      for (const id of new Set([...ids, ...mapped])) {
        const uses = [...ids, ...mapped].filter((other) => other === id).length;
        assert.ok(uses <= 3, `worker ${id} ran ${uses} tasks`);
      }
      assert.ok(one.stats().retired >= 4);
      assert.equal(one.stats().crashed, 0);
    },
    'several',
  );

  test(
    'maxWorkerMemory replaces a worker that has grown',
    async () => {
      const one = open({ workers: 1, maxWorkerMemory: 96 * 2 ** 20 });
      const first = await one.submit(() => {
        (globalThis as { hoard?: unknown }).hoard = new Float64Array(16 * 2 ** 20).fill(1);
        return context().workerId;
      });
      let now = first;
      for (let n = 0; n < 200 && now === first; n++) {
        now = await one.submit(async () => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          return context().workerId;
        });
      }
      assert.notEqual(now, first);
      assert.equal(one.stats().crashed, 0);
    },
    'several',
  );

  test(
    'idleTimeoutMs ends workers without work; the next task starts one',
    async () => {
      const one = open({ workers: 2, idleTimeoutMs: 30 });
      await one.broadcast(() => 0);
      await until('the workers have ended', () => one.stats().alive === 0);
      assert.equal(await one.submit((x: number) => x, 5), 5);
      assert.equal(one.stats().crashed, 0);
    },
    'several',
  );

  test(
    'resize() changes the number of workers while tasks go on',
    async () => {
      const one = open({ workers: 1 });
      const tasks = upTo(60).map((k) =>
        one.submit(async (x: number) => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          return x;
        }, k),
      );
      one.resize(3);
      assert.equal(one.workers, 3);
      assert.equal((await one.broadcast(() => context().workerId)).length, 3);
      one.resize(1);
      assert.deepEqual(await Promise.all(tasks), upTo(60));
      assert.equal((await one.broadcast(() => context().workerId)).length, 1);
      await until('the surplus workers have ended', () => one.stats().alive === 1);
      assert.equal(one.stats().crashed, 0);
      assert.ok(thrown(() => one.resize(0)) instanceof RangeError);
      assert.ok(thrown(() => one.resize('2' as never)) instanceof TypeError);
    },
    'several',
  );

  test('stats() counts calls and items', async () => {
    const one = open({ workers: 1 });
    const map = one.map(upTo(10), (x) => x);
    assert.equal(one.stats().tasks.pending, 1);
    await map;
    await rejection(
      one.submit(() => {
        throw new RangeError('x');
      }),
    );
    const task = one.submit(() => 1);
    task.cancel();
    await rejection(task);
    const stats = one.stats();
    assert.deepEqual(stats.tasks, { pending: 0, done: 1, failed: 1, cancelled: 1 });
    assert.equal(stats.completed, 10);
    assert.equal(stats.failed, 1);
    assert.equal(stats.workers, 1);
    assert.equal(stats.crashed, 0);
  });

  test('close() finishes what was accepted and refuses what comes later', async () => {
    const one = open({ workers: 2 });
    const tasks = upTo(20).map((k) => one.submit(async (x: number) => await Promise.resolve(x + 1), k));
    const map = one.map(upTo(2000), (x) => x);
    const closing = one.close();
    assert.equal(one.closed, true);
    for (const late of [
      one.submit(() => 1),
      one.map([1], (x) => x),
      one.for(3, () => 0),
      one.broadcast(() => 1),
      collect(one.stream([1], (x) => x)),
    ]) {
      assert.ok((await rejection(late)) instanceof ExecutorClosedError);
    }
    assert.deepEqual(
      await Promise.all(tasks),
      upTo(20).map((k) => k + 1),
    );
    assert.equal((await map).length, 2000);
    await closing;
    await one.close();
    await one[Symbol.asyncDispose]();
    assert.equal(one.stats().alive, claims.several ? 0 : 1);
    assert.ok(thrown(() => one.submitSync(() => 1)) instanceof ExecutorClosedError);
  });

  test('close() of an executor that never ran anything', async () => {
    await open({ workers: 2 }).close();
    await open({ workers: 2 })[Symbol.asyncDispose]();
  });

  test('terminate() ends every call with an ExecutorClosedError', async () => {
    const flags = shared(Int32Array, 1);
    const one = open({ workers: 2 });
    const forever = async () => {
      Atomics.store(flags, 0, 1);
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    };
    const calls = [
      one.submit(forever),
      one.map(upTo(10), forever),
      one.forEach(upTo(3), forever),
      one.for(3, forever),
      one.broadcast(forever),
      collect(one.stream(upTo(5), forever)),
      one.with({ retries: { limit: 3, backoffMs: 60_000 } }).submit(() => {
        throw new RangeError('again');
      }),
    ];
    const outcomes = Promise.all(calls.map((call) => rejection(call)));
    await until('a task runs', () => flags[0] === 1);
    await one.terminate();
    for (const error of await outcomes) assert.ok(error instanceof ExecutorClosedError, String(error));
    assert.ok((await rejection(one.submit(() => 1))) instanceof ExecutorClosedError);
    await one.terminate();
    await one.close();
  });

  test('terminate() while closing ends what close() waits for', async () => {
    const flags = shared(Int32Array, 1);
    const one = open({ workers: 1 });
    const task = one.submit(async () => {
      Atomics.store(flags, 0, 1);
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    });
    const outcome = rejection(task);
    await until('the task runs', () => flags[0] === 1);
    const closing = one.close();
    await one.terminate();
    await closing;
    assert.ok((await outcome) instanceof ExecutorClosedError);
  });
}
