import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, describe, test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { processes, serial, shared, TaskGroup, TaskGroupClosedError, threads, type Executor } from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { deferred, settle } from './inputs.js';

const limit = { timeout: 30_000 };
const lost: unknown[] = [];
process.on('unhandledRejection', (reason) => lost.push(reason));
after(async () => {
  await settle();
  assert.deepEqual(lost, []);
  await assertNoLeaks();
});

/** Ends when its signal aborts, with the reason, and says so. */
function untilAborted(log: string[], name: string) {
  return (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        log.push(`${name} stopped`);
        reject(signal.reason as Error);
      });
    });
}

const is = (wanted: unknown) => (error: unknown) => error === wanted;

test('run() gives what its body returns, when everything has ended', limit, async () => {
  const log: string[] = [];
  const result = await TaskGroup.run(async (group) => {
    void group.add(async () => {
      await sleep(10);
      log.push('task');
    });
    log.push('body');
    assert.equal(group.pending, 1);
    return 'result';
  });
  log.push('after');
  assert.equal(result, 'result');
  assert.deepEqual(log, ['body', 'task', 'after']);
  assert.equal(await TaskGroup.run(() => 5), 5);
  assert.equal(await TaskGroup.run(() => undefined), undefined);
});

test('tasks may start tasks while the group is waited for', limit, async () => {
  const log: number[] = [];
  const group = new TaskGroup();
  const next = async (n: number): Promise<void> => {
    await turn();
    log.push(n);
    if (n > 0) void group.add(() => next(n - 1));
  };
  void group.add(() => next(3));
  await group.wait();
  assert.deepEqual(log, [3, 2, 1, 0]);
});

test('the first failure cancels the others, and the group rejects with it alone', limit, async () => {
  const log: string[] = [];
  const error = new RangeError('failed');
  const group = new TaskGroup();
  void group.add(untilAborted(log, 'a'));
  void group.add(untilAborted(log, 'b'));
  void group.add(async () => {
    await turn();
    throw error;
  });
  await assert.rejects(group.wait(), is(error));
  assert.deepEqual(log, ['a stopped', 'b stopped']);
  assert.equal(group.pending, 0);
  assert.equal(group.signal.aborted, true);
  assert.equal((group.signal.reason as Error).name, 'AbortError');
});

test('the group waits for a task that takes its time to stop', limit, async () => {
  const stopped = deferred();
  let over = false;
  const group = new TaskGroup();
  void group.add(async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await stopped.promise;
  });
  void group.add(Promise.reject(new RangeError('failed')));
  const waited = assert.rejects(group.wait(), /failed/).then(() => (over = true));
  await settle();
  assert.equal(over, false);
  stopped.resolve();
  await waited;
});

test('several failures are an AggregateError, in the order in which they came', limit, async () => {
  const first = new RangeError('first');
  const second = new TypeError('second');
  const group = new TaskGroup();
  void group.add(Promise.reject(first));
  void group.add(Promise.reject(second));
  void group.add(async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    // Giving up fails on its own.
    throw new SyntaxError('third');
  });
  await assert.rejects(group.wait(), (error: AggregateError) => {
    assert.ok(error instanceof AggregateError);
    assert.deepEqual(
      error.errors.map((each: Error) => each.name),
      ['RangeError', 'TypeError', 'SyntaxError'],
    );
    assert.equal(error.errors[0], first);
    assert.match(error.message, /3 tasks of the group failed, the first with: first/);
    return true;
  });
});

test('one error object that comes several ways is one failure', limit, async () => {
  const error = new RangeError('failed');
  const failing = TaskGroup.run(async (group) => {
    await group.add(Promise.reject(error));
  });
  await assert.rejects(failing, is(error));
});

test('an error of the body cancels the tasks', limit, async () => {
  const log: string[] = [];
  const error = new RangeError('body');
  for (const body of [
    async (group: TaskGroup) => {
      void group.add(untilAborted(log, 'later'));
      await turn();
      throw error;
    },
    (group: TaskGroup) => {
      void group.add(untilAborted(log, 'at once'));
      throw error;
    },
  ]) {
    await assert.rejects(TaskGroup.run(body), is(error));
  }
  assert.deepEqual(log, ['later stopped', 'at once stopped']);
});

test('a failure tells the body by the signal, and the body is waited for', limit, async () => {
  const log: string[] = [];
  const failing = TaskGroup.run(async (group) => {
    void group.add(Promise.reject(new RangeError('failed')));
    await new Promise((resolve) => group.signal.addEventListener('abort', resolve));
    assert.throws(() => group.add(async () => 1), { name: 'AbortError' });
    assert.throws(() => group.submit(() => 1), { name: 'AbortError' });
    await turn();
    log.push('body ends');
  });
  await assert.rejects(failing, /failed/);
  assert.deepEqual(log, ['body ends']);
});

test('a body that awaits a cancelled task does not hide the failure', limit, async () => {
  const error = new RangeError('failed');
  const failing = TaskGroup.run(async (group) => {
    const waiting = group.add(untilAborted([], 'a'));
    void group.add(Promise.reject(error));
    await waiting;
  });
  await assert.rejects(failing, is(error));
});

test('an outer signal cancels the group, which rejects with its reason', limit, async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const log: string[] = [];
  const reason = new RangeError('aborted');
  const running = TaskGroup.run(
    async (group) => {
      void group.add(untilAborted(log, 'a'));
      await Promise.race([new Promise(() => undefined), untilAborted(log, 'body')(group.signal)]);
    },
    { signal },
  );
  await settle();
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  controller.abort(reason);
  await assert.rejects(running, is(reason));
  assert.deepEqual(log, ['a stopped', 'body stopped']);
  assert.equal(getEventListeners(signal, 'abort').length, 0);

  const late = TaskGroup.run(() => assert.fail('the body was called'), { signal });
  await assert.rejects(late, is(reason));
  const group = new TaskGroup(undefined, { signal });
  assert.throws(() => group.add(async () => 1), is(reason));
  await assert.rejects(group.wait(), is(reason));
});

test('a group leaves no listener on the outer signal', limit, async () => {
  const { signal } = new AbortController();
  await TaskGroup.run((group) => group.add(turn()), { signal });
  const group = new TaskGroup(undefined, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  void group.add(turn());
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  await group.wait();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('cancel() cancels everything once', limit, async () => {
  const log: string[] = [];
  const reason = new RangeError('enough');
  const group = new TaskGroup();
  void group.add(untilAborted(log, 'a'));
  assert.equal(group.cancel(reason), true);
  assert.equal(group.cancel(), false);
  await assert.rejects(group.wait(), is(reason));
  assert.deepEqual(log, ['a stopped']);
  const other = new TaskGroup();
  other.cancel();
  await assert.rejects(other.wait(), { name: 'AbortError', message: /the task group was cancelled/ });
});

test('a failure says more than the cancellation that came before it', limit, async () => {
  const group = new TaskGroup();
  const error = new RangeError('clean-up failed');
  void group.add(async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw error;
  });
  group.cancel();
  await assert.rejects(group.wait(), is(error));
});

test('a task whose cancel() fails keeps no other from being cancelled', limit, async () => {
  const log: string[] = [];
  const group = new TaskGroup();
  const gate = deferred();
  void group.add(
    Object.assign(gate.promise, {
      cancel() {
        gate.resolve();
        throw new RangeError('cannot cancel');
      },
    }),
  );
  void group.add(untilAborted(log, 'a'));
  const error = new TypeError('failed');
  void group.add(Promise.reject(error));
  await assert.rejects(group.wait(), (thrown: AggregateError) => {
    assert.equal(thrown.errors[0], error);
    assert.equal((thrown.errors[1] as Error).message, 'cannot cancel');
    return true;
  });
  assert.deepEqual(log, ['a stopped']);
});

test('a group that has ended takes nothing any more', limit, async () => {
  const group = new TaskGroup();
  await group.wait();
  for (const start of [() => group.add(async () => 1), () => group.submit(() => 1)]) {
    assert.throws(start, (error: TaskGroupClosedError) => {
      assert.ok(error instanceof TaskGroupClosedError);
      return error.code === 'ERR_TUTTI_TASK_GROUP_CLOSED';
    });
  }
  assert.equal(group.cancel(), false);
  assert.equal(await group.wait(), undefined);
});

test('disposal waits, and does not repeat what wait() has told', limit, async () => {
  const log: string[] = [];
  const group = new TaskGroup();
  void group.add(async () => {
    await turn();
    log.push('task');
  });
  await group[Symbol.asyncDispose]();
  assert.deepEqual(log, ['task']);
  const failing = new TaskGroup();
  const error = new RangeError('failed');
  void failing.add(Promise.reject(error));
  await assert.rejects(failing[Symbol.asyncDispose](), is(error));
  const told = new TaskGroup();
  void told.add(Promise.reject(error));
  await assert.rejects(told.wait(), is(error));
  await told[Symbol.asyncDispose]();
});

test('groups in groups: a failure inside ends both, one outside cancels the inner', limit, async () => {
  const log: string[] = [];
  const error = new RangeError('inner');
  const nested = (fails: 'inner' | 'outer') =>
    TaskGroup.run(async (outer) => {
      void outer.add(untilAborted(log, 'outer task'));
      void outer.add((signal) =>
        TaskGroup.run(
          async (inner) => {
            void inner.add(untilAborted(log, 'inner task'));
            if (fails === 'inner') void inner.add(Promise.reject(error));
          },
          { signal },
        ),
      );
      if (fails === 'outer') void outer.add(Promise.reject(error));
    });
  await assert.rejects(nested('inner'), is(error));
  assert.deepEqual(log, ['inner task stopped', 'outer task stopped']);
  log.length = 0;
  await assert.rejects(nested('outer'), is(error));
  assert.deepEqual(log, ['outer task stopped', 'inner task stopped']);
});

test('the inner failure may be handled, and the outer group goes on', limit, async () => {
  const result = await TaskGroup.run(async (outer) => {
    const task = outer.add(async () => {
      await settle();
      return 'outer';
    });
    await TaskGroup.run((inner) => inner.add(Promise.reject(new RangeError('inner')))).catch(() => undefined);
    return await task;
  });
  assert.equal(result, 'outer');
});

test('wrong arguments are refused', limit, async () => {
  assert.throws(() => new TaskGroup(5 as never), /an executor, such as threads\(\)/);
  assert.throws(() => new TaskGroup(undefined, { sginal: 1 } as never), /signal/);
  assert.throws(() => new TaskGroup().add(5 as never), /a task, a promise or a function/);
  await assert.rejects(TaskGroup.run(5 as never), TypeError);
  await assert.rejects(
    TaskGroup.run(() => 1, { on: 5 } as never),
    TypeError,
  );
});

const places: Record<string, () => Executor> = {
  'serial()': () => serial(),
  'threads()': () => threads({ workers: 2, graceMs: 20 }),
  'processes()': () => processes({ workers: 2, graceMs: 20 }),
};

for (const [name, open] of Object.entries(places)) {
  void describe(`tasks on ${name}`, () => {
    test('have their results, and their failures are the group’s', limit, async () => {
      const pool = open();
      const sum = await TaskGroup.run(
        async (group) => {
          const a = group.submit((x: number) => x * 2, 4);
          const b = group.submit(async (x: number) => x + 1, 4);
          return (await a) + (await b);
        },
        { on: pool },
      );
      assert.equal(sum, 13);
      const failing = TaskGroup.run(
        (group) => {
          void group.submit(() => {
            throw new RangeError('on a worker');
          });
          return group.add(untilAborted([], 'here'));
        },
        { on: pool },
      );
      await assert.rejects(failing, { name: 'RangeError', message: 'on a worker' });
      await pool.close();
    });

    test('one that you cancel yourself is no failure', limit, async () => {
      const pool = open();
      const group = new TaskGroup(pool);
      const task = group.submit(() => new Promise(() => undefined));
      const other = group.submit(() => 5);
      task.cancel();
      await group.wait();
      assert.equal(await other, 5);
      await assert.rejects(task, { name: 'AbortError' });
      await pool.close();
    });
  });
}

test('a failure stops what runs on workers', limit, async () => {
  const pool = threads({ workers: 2, graceMs: 10 });
  const ticks = shared(Int32Array, 2);
  const failing = TaskGroup.run(
    async (group) => {
      void group.submit(() => {
        for (;;) Atomics.add(ticks, 0, 1);
      });
      while (Atomics.load(ticks, 0) === 0) await turn();
      void group.submit(() => {
        throw new RangeError('failed');
      });
    },
    { on: pool },
  );
  await assert.rejects(failing, /failed/);
  assert.equal(await pool.submit(() => 'free'), 'free');
  let before = -1;
  // The worker has been replaced, or is about to be.
  while (before !== Atomics.load(ticks, 0)) {
    before = Atomics.load(ticks, 0);
    await sleep(20);
  }
  await pool.close();
});
