/** Options of calls: signal, time limits, retries, priority, progress, seeds. */
import assert from 'node:assert/strict';
import { CaptureError, context, move, TaskTimeoutError, type Progress } from 'tutti';
import { collect, rejection, until, upTo, type Subject } from './subject.ts';

/** Runs until its signal aborts; `flags[0]` says that it runs, `flags[1]` that it saw the end. */
const untilAborted = (flags: Int32Array<SharedArrayBuffer>) => async () => {
  Atomics.store(flags, 0, 1);
  while (!context().signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
  Atomics.add(flags, 1, 1);
};

export function callOptionTests({ shared, test, pool, open }: Subject): void {
  test('a signal that has aborted refuses the call with its reason', async () => {
    const runs = shared(Int32Array, 1);
    const reason = new RangeError('before');
    const signal = AbortSignal.abort(reason);
    const count = () => Atomics.add(runs, 0, 1);
    assert.equal(await rejection(pool().with({ signal }).submit(count)), reason);
    assert.equal(await rejection(pool().map([1, 2], count, { signal })), reason);
    assert.equal(await rejection(pool().for(5, count, { signal })), reason);
    assert.equal(await rejection(collect(pool().stream([1], count, { signal }))), reason);
    assert.equal(await rejection(pool().find([1], count, { signal })), reason);
    await pool().broadcast(() => 0);
    assert.equal(runs[0], 0);
  });

  test('a signal that aborts meanwhile rejects the call at once with its reason', async () => {
    const flags = shared(Int32Array, 2);
    const controller = new AbortController();
    const { signal } = controller;
    const task = pool().map([1, 2, 3], untilAborted(flags), { signal, graceMs: 20_000 });
    await until('an item runs', () => flags[0] === 1);
    const reason = { not: 'an error' };
    controller.abort(reason);
    assert.equal(await rejection(task), reason);
    assert.equal(task.status, 'cancelled');
    await until('the item has seen its signal', () => (flags[1] as number) > 0);
  });

  test('a signal that aborts later touches nothing, and no listener stays', async () => {
    const controller = new AbortController();
    for (let n = 0; n < 30; n++)
      await pool()
        .with({ signal: controller.signal })
        .submit(() => n);
    const done = pool().map([1], (x) => x, { signal: controller.signal });
    assert.deepEqual(await done, [1]);
    controller.abort();
    assert.deepEqual(await done, [1]);
    assert.equal(done.status, 'done');
  });

  test('timeoutMs fails the item that runs too long, by name', async () => {
    const slow = async (x: number) => {
      if (x === 2) await new Promise((resolve) => setTimeout(resolve, 30_000).unref());
      return x;
    };
    const error = await rejection(pool().map([1, 2, 3], slow, { timeoutMs: 50, graceMs: 50 }));
    assert.ok(error instanceof TaskTimeoutError);
    assert.equal(error.timeoutMs, 50);
    assert.match(error.message, /slow/);
    assert.match(error.message, /1/, 'names the index');
    assert.equal(error.index, 1);
    assert.equal(await pool().submit(() => 'alive'), 'alive');
  });

  test('timeoutMs is for each item, not for the call', async () => {
    const results = await pool().map(
      upTo(30),
      async (x) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return x;
      },
      { timeoutMs: 400 },
    );
    assert.deepEqual(results, upTo(30));
  });

  test(
    'timeoutMs ends an endless loop',
    async () => {
      const spin = () => {
        for (;;);
      };
      const error = await rejection(pool().with({ timeoutMs: 40, graceMs: 20 }).submit(spin));
      assert.ok(error instanceof TaskTimeoutError);
      assert.match(error.message, /spin/);
      assert.deepEqual(await pool().map(upTo(10), (x) => x), upTo(10));
    },
    'killable',
  );

  test(
    'cancel() ends an endless loop after graceMs',
    async () => {
      const flags = shared(Int32Array, 1);
      const task = pool()
        .with({ graceMs: 20 })
        .submit(() => {
          Atomics.store(flags, 0, 1);
          for (;;);
        });
      await until('the loop runs', () => flags[0] === 1);
      task.cancel();
      assert.equal(((await rejection(task)) as Error).name, 'AbortError');
      assert.equal((await pool().broadcast(() => 'alive')).length, 2);
    },
    'killable',
  );

  test(
    'a task that polls its signal in a loop is told of a cancellation',
    async () => {
      const flags = shared(Int32Array, 2);
      const task = pool()
        .with({ graceMs: 20_000 })
        .submit(() => {
          Atomics.store(flags, 0, 1);
          while (!context().signal.aborted);
          Atomics.store(flags, 1, 1);
        });
      await until('the loop runs', () => flags[0] === 1);
      task.cancel();
      await rejection(task);
      await until('the loop has ended', () => flags[1] === 1);
    },
    'isolated',
  );

  test('retries run a failing item again until it works', async () => {
    const tries = shared(Int32Array, 10);
    const flaky = (x: number) => {
      if (Atomics.add(tries, x, 1) < x % 3) throw new RangeError(`try ${x}`);
      return x;
    };
    assert.deepEqual(await pool().map(upTo(10), flaky, { retries: 2 }), upTo(10));
    assert.deepEqual(
      Array.from(tries),
      upTo(10).map((x) => (x % 3) + 1),
    );
    tries.fill(0);
    assert.equal(await pool().with({ retries: 2 }).submit(flaky, 5), 5);
    const error = await rejection(pool().with({ retries: 1 }).submit(flaky, 8));
    assert.ok(error instanceof RangeError);
    assert.equal(tries[8], 2);
  });

  test(
    'a retry of what was moved away is refused by name, with the failure as its cause',
    async () => {
      const fail = (data: Float64Array) => {
        throw new RangeError(`${data.length} numbers`);
      };
      const error = await rejection(
        pool()
          .with({ retries: 2 })
          .submit((_: number, { data }: { data: Float64Array }) => fail(data), 1, {
            data: move(new Float64Array(3)),
          }),
      );
      assert.ok(error instanceof CaptureError);
      assert.equal(error.path, 'args[1].data');
      assert.match(error.message, /^cannot retry .*#\d+\): the memory of `args\[1\]\.data` was moved/);
      assert.equal((error.cause as Error).message, '3 numbers');
      const items = upTo(4).map((length) => move(new Float64Array(length + 1)));
      const bulk = await rejection(pool().map(items, fail, { retries: 2 }));
      assert.ok(bulk instanceof CaptureError);
      assert.match(bulk.path, /^items\[\d\]$/);
      assert.ok(bulk.cause instanceof RangeError);
    },
    'isolated',
  );

  test('retries wait, ask which errors to try again, and count attempts', async () => {
    const seen: [string, number][] = [];
    const tries = shared(Int32Array, 1);
    const error = await rejection(
      pool()
        .with({
          retries: {
            limit: 5,
            backoffMs: 1,
            factor: 2,
            maxBackoffMs: 3,
            on: (reason, attempt) => {
              seen.push([(reason as Error).message, attempt]);
              return !(reason instanceof TypeError);
            },
          },
        })
        .submit(() => {
          const attempt = Atomics.add(tries, 0, 1) + 1;
          if (attempt < 3) throw new RangeError(`attempt ${attempt}`);
          throw new TypeError(`attempt ${attempt}`);
        }),
    );
    assert.ok(error instanceof TypeError);
    assert.deepEqual(seen, [
      ['attempt 1', 1],
      ['attempt 2', 2],
      ['attempt 3', 3],
    ]);
  });

  test('retries apply to stream(), forEach() and for()', async () => {
    const tries = shared(Int32Array, 30);
    const flaky = (x: number) => {
      if (Atomics.add(tries, x, 1) === 0 && x % 7 === 3) throw new RangeError('first');
      return x;
    };
    assert.deepEqual(await collect(pool().stream(upTo(30), flaky, { retries: 1 })), upTo(30));
    tries.fill(0);
    await pool().forEach(upTo(30), flaky, { retries: 1 });
    assert.ok(tries.every((n) => n > 0));
    tries.fill(0);
    await pool().for(30, flaky, { retries: 10 });
    assert.ok(tries.every((n) => n > 0));
  });

  test('tasks of higher priority start first', async () => {
    const gate = shared(Int32Array, 2);
    const one = open({ workers: 1 });
    const blocker = one.submit(async () => {
      while (Atomics.load(gate, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    });
    const place = () => Atomics.add(gate, 1, 1);
    const low = upTo(4).map(() => one.with({ priority: -1 }).submit(place));
    const normal = upTo(4).map(() => one.submit(place));
    const high = upTo(4).map(() => one.with({ priority: 5 }).submit(place));
    Atomics.store(gate, 0, 1);
    await blocker;
    assert.deepEqual(await Promise.all(high), [0, 1, 2, 3]);
    assert.deepEqual(await Promise.all(normal), [4, 5, 6, 7]);
    assert.deepEqual(await Promise.all(low), [8, 9, 10, 11]);
  });

  test('onProgress tells of completed items and of what they report', async () => {
    const news: Progress[] = [];
    const task = pool().map(
      upTo(40),
      (x) => {
        if (x === 7) context().report({ half: x });
        return x;
      },
      { onProgress: (progress) => void news.push({ ...progress }) },
    );
    await task;
    const counts = news.map((progress) => progress.completed);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    );
    assert.equal(counts.at(-1), 40);
    assert.ok(news.every((progress) => progress.total === 40));
    const report = news.find((progress) => progress.index !== undefined);
    assert.deepEqual({ index: report?.index, data: report?.data }, { index: 7, data: { half: 7 } });
    assert.equal(task.progress?.completed, 40);
  });

  test('an error in onProgress fails the call', async () => {
    const error = await rejection(
      pool().map(upTo(10), (x) => x, {
        onProgress: () => {
          throw new RangeError('callback');
        },
      }),
    );
    assert.ok(error instanceof RangeError);
  });

  test('a seed gives every item its own numbers, whatever the workers and chunks', async () => {
    const draw = () => [context().random(), context().random()];
    const runs: number[][][] = [];
    for (const workers of [1, 2, 3]) {
      const one = open({ workers });
      runs.push(await one.map(upTo(60), draw, { seed: 11, chunk: 1 + workers * 5 }));
      runs.push(await collect(one.stream(upTo(60), draw, { seed: 11 })));
    }
    for (const run of runs) assert.deepEqual(run, runs[0]);
    const numbers = new Set((runs[0] as number[][]).flat());
    assert.equal(numbers.size, 120);
    for (const x of numbers) assert.ok(x >= 0 && x < 1);
    const other = await pool().map(upTo(60), draw, { seed: 12 });
    assert.notDeepEqual(other, runs[0]);
  });

  test('an executor’s seed repeats a sequence of calls', async () => {
    const draw = () => context().random();
    const sequence = async () => {
      const one = open({ workers: 2, seed: 5 });
      return [await one.submit(draw), ...(await one.map([1, 2], draw)), await one.submit(draw)];
    };
    const first = await sequence();
    assert.deepEqual(await sequence(), first);
    assert.equal(new Set(first).size, 4);
  });

  test('wrong options are refused by name before anything runs', async () => {
    for (const [options, kind] of [
      [{ timeoutMs: -1 }, RangeError],
      [{ timeoutMs: '5' }, TypeError],
      [{ retries: -1 }, RangeError],
      [{ retries: {} }, TypeError],
      [{ priority: 'high' }, TypeError],
      [{ signal: {} }, TypeError],
      [{ onProgress: 5 }, TypeError],
      [{ seed: 0.5 }, RangeError],
    ] as const) {
      const error = await rejection(pool().map([1], (x) => x, options as never));
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, new RegExp(Object.keys(options)[0] as string));
    }
  });
}
