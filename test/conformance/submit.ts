/** `submit`, tasks, and the blocking forms. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Task, UnsupportedError } from 'tutti';
import { rejection, thrown, until, upTo, type Subject } from './subject.ts';

class Outcome extends RangeError {
  readonly code = 'ERR_OUTCOME';
}

export function submitTests({ shared, test, pool, open, claims }: Subject): void {
  test('submit() resolves with what the function returns', async () => {
    assert.equal(await pool().submit((a: number, b: number) => a + b, 2, 3), 5);
    assert.equal(await pool().submit(() => undefined), undefined);
    assert.equal(await pool().submit(async (x: string) => `${x}!`, 'go'), 'go!');
    assert.equal(await pool().submit(() => Promise.resolve(7)), 7);
  });

  test('submit() rejects with what the function throws or rejects with', async () => {
    const thrownError = await rejection(
      pool().submit(() => {
        throw new Outcome('no');
      }),
    );
    assert.ok(thrownError instanceof Outcome);
    assert.equal(thrownError.message, 'no');
    assert.equal(thrownError.code, 'ERR_OUTCOME');
    const rejected = await rejection(pool().submit(async () => await Promise.reject(new TypeError('later'))));
    assert.ok(rejected instanceof TypeError);
    assert.equal(rejected.message, 'later');
  });

  test('submit() passes on thrown values that are no errors', async () => {
    for (const value of [undefined, null, 0, '', 'text', 12n, { plain: true }]) {
      const task = pool().submit((what: unknown) => {
        throw what;
      }, value);
      assert.deepEqual(await rejection(task), value);
    }
  });

  test('submit() carries arguments and results of every kind', async () => {
    const values = [
      undefined,
      null,
      true,
      -0,
      Number.NaN,
      Infinity,
      12n ** 40n,
      'häß 🎻',
      Symbol.for('tutti.test'),
      Symbol.iterator,
      new Date(86_400_000),
      /a+b/giu,
      new Map<unknown, unknown>([['a', new Set([1, 2])]]),
      new Float64Array([1.5, -2]),
      new Uint8Array([1, 2, 3]).subarray(1),
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(4)),
      Buffer.from('bytes'),
      new URL('https://example.org/a?b#c'),
      [1, [2, [3]]],
      { deep: { er: [{ x: 1 }] } },
      new BigInt64Array([1n, -1n]),
    ];
    const back = await pool().submit((...args: unknown[]) => args, ...values);
    assert.equal(back.length, values.length);
    values.forEach((value, k) => assert.deepStrictEqual(back[k], value, `argument ${k}`));
    assert.equal(await pool().submit((...args: unknown[]) => args.length), 0);
  });

  test('submit() keeps cycles and shared references', async () => {
    interface Node {
      next?: Node;
      readonly twins: readonly object[];
    }
    const twin = { name: 'twin' };
    const node: Node = { twins: [twin, twin] };
    node.next = node;
    const back = await pool().submit((it: Node) => it, node);
    assert.equal(back.next, back);
    assert.equal(back.twins[0], back.twins[1]);
    assert.deepEqual(back.twins[0], twin);
  });

  test('submit() takes functions as arguments and gives functions as results', async () => {
    const twice = (f: (x: number) => number) => (x: number) => f(f(x));
    const triple = (x: number) => 3 * x;
    const made = await pool().submit(twice, triple);
    assert.equal(made(2), 18);
  });

  test('hundreds of tasks at once each get their own result', async () => {
    const tasks = upTo(500).map((k) => pool().submit((x: number) => x * 2, k));
    assert.deepEqual(
      await Promise.all(tasks),
      upTo(500).map((k) => k * 2),
    );
    assert.equal(new Set(tasks.map((task) => task.id)).size, 500);
  });

  test('a task is a promise with an id, a name and a status', async () => {
    function score(x: number): number {
      return x;
    }
    const task = pool().submit(score, 1);
    assert.ok(task instanceof Promise);
    assert.ok(task instanceof Task);
    assert.equal(task.name, 'score');
    assert.equal(task.status, 'queued');
    assert.ok(Number.isSafeInteger(task.id) && task.id > 0);
    const plain = task.then((x) => x + 1);
    assert.ok(plain instanceof Promise && !(plain instanceof Task));
    assert.equal(await plain, 2);
    assert.equal(task.status, 'done');
    assert.equal(task.cancel(), false);
    const failing = pool()
      .with({ name: 'renamed' })
      .submit(() => {
        throw new Outcome('x');
      });
    assert.equal(failing.name, 'renamed');
    let last = false;
    await failing.finally(() => (last = true)).catch(() => 0);
    assert.ok(last);
    assert.equal(failing.status, 'failed');
  });

  test('cancel() of a queued task drops it and rejects with an AbortError', async () => {
    const runs = shared(Int32Array, 1);
    const one = open({ workers: 1 });
    const task = one.submit(() => Atomics.add(runs, 0, 1));
    assert.equal(task.cancel(), true);
    assert.equal(task.cancel(), false);
    const error = await rejection(task);
    assert.ok(error instanceof DOMException);
    assert.equal(error.name, 'AbortError');
    assert.equal(task.status, 'cancelled');
    assert.equal(await one.submit(() => 'next'), 'next');
    assert.equal(runs[0], 0);
  });

  test('cancel() of a running task rejects with the reason, and the task sees its signal abort', async () => {
    const flags = shared(Int32Array, 2);
    const one = open({ workers: 1, graceMs: 20_000 });
    const task = one.submit(async () => {
      const { context } = await import('tutti');
      Atomics.store(flags, 0, 1);
      while (!context().signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
      Atomics.store(flags, 1, 1);
    });
    await until('the task runs', () => flags[0] === 1);
    const reason = new Outcome('enough');
    assert.equal(task.cancel(reason), true);
    assert.equal(await rejection(task), reason);
    await until('the task has seen its signal', () => flags[1] === 1);
    assert.equal(await one.submit(() => 'next'), 'next');
  });

  test('submit() of something that is no function rejects with a TypeError', async () => {
    const error = await rejection(pool().submit(42 as never));
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /submit\(\) needs a function/);
  });

  test('a view made by with() runs on the same workers with its own options', async () => {
    const view = pool().with({ name: 'viewed', seed: 3 });
    assert.equal(view.workers, pool().workers);
    assert.equal(await view.submit((x: number) => x, 4), 4);
    const random = async () => (await import('tutti')).context().random();
    assert.equal(await view.submit(random), await view.submit(random));
  });

  test(
    'submitSync() blocks and returns the result',
    () => {
      assert.equal(
        pool().submitSync((a: number, b: number) => a * b, 6, 7),
        42,
      );
      assert.equal(
        pool().submitSync((s: string) => s.length, 'four'),
        4,
      );
    },
    'blocking',
  );

  test(
    'submitSync() throws what the function throws',
    () => {
      const error = thrown(() =>
        pool().submitSync(() => {
          throw new Outcome('sync');
        }),
      );
      assert.ok(error instanceof Outcome);
      assert.equal(error.message, 'sync');
    },
    'blocking',
  );

  test(
    'submitSync() of an asynchronous function waits for it, or says that it cannot',
    () => {
      const call = () =>
        pool().submitSync(async (x: number) => {
          await sleep(5);
          return x + 1;
        }, 1);
      if (claims.isolated) assert.equal(call(), 2);
      else assert.ok(thrown(call) instanceof UnsupportedError);
    },
    'blocking',
  );

  test(
    'submitSync() works while other tasks are under way',
    async () => {
      const one = open({ workers: 2 });
      const tasks = upTo(20).map((k) => one.submit((x: number) => x + 1, k));
      assert.equal(
        one.submitSync((x: number) => x * 10, 5),
        50,
      );
      const all = await Promise.all(tasks);
      assert.deepEqual(
        all,
        upTo(20).map((k) => k + 1),
      );
    },
    'blocking',
  );

  test(
    'mapSync() blocks, keeps the order, and throws the failing item’s error',
    () => {
      const squares = pool().mapSync(upTo(1000), (x) => x * x);
      assert.deepEqual(
        squares,
        upTo(1000).map((x) => x * x),
      );
      assert.deepEqual(
        pool().mapSync([1, 2], ['a', 'b'], (n, s) => s.repeat(n)),
        ['a', 'bb'],
      );
      assert.deepEqual(
        pool().mapSync([], (x) => x),
        [],
      );
      const error = thrown(() =>
        pool().mapSync(upTo(100), (x) => {
          if (x === 50) throw new Outcome('fifty');
          return x;
        }),
      );
      assert.ok(error instanceof Outcome);
      assert.equal(error.message, 'fifty');
    },
    'blocking',
  );
}
