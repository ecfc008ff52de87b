import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CaptureError, context, move, shared, TaskTimeoutError, threads } from 'tutti';
import { rejection, until, upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';

const timeout = 20_000;
after(assertNoLeaks);

const spin = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end;);
};
const spinFrom = (i: number, from: number, ms: number) => {
  if (i < from) return;
  for (const end = performance.now() + ms; performance.now() < end;);
};

test('a task that stops in time takes nothing along, though the caller looks late', { timeout }, async () => {
  const pool = threads({ workers: 1, graceMs: 20 });
  const hits = shared(Int32Array, 40);
  const runs = shared(Int32Array, 1);
  const polling = pool.submit(() => {
    const { signal } = context();
    runs[0] = 1;
    while (!signal.aborted);
  });
  const loop = pool.for(
    40,
    (i) => {
      for (const end = performance.now() + 4; performance.now() < end;);
      Atomics.add(hits, i, 1);
    },
    { grain: 40 },
  );
  const stopped = rejection(polling);
  await until('the first task runs', () => runs[0] === 1);
  // From here timers come before messages: the end of the grace is seen before the end of the task.
  await new Promise((resolve) => setImmediate(resolve));
  polling.cancel();
  spin(60);
  await loop;
  assert.ok(
    hits.every((count) => count === 1),
    hits.join(),
  );
  await stopped;
  await pool.close();
});

test('a more urgent task passes those that were sent ahead', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  // Short tasks: the pool sends many ahead.
  for (let n = 0; n < 200; n++) await pool.submit(spin, 0);
  const order: number[] = [];
  const tasks = upTo(60).map((k) => pool.submit(spin, 5).then(() => order.push(k)));
  await until('some have run', () => order.length > 2);
  const before = order.length;
  tasks.push(
    pool
      .with({ priority: 1 })
      .submit(spin, 0)
      .then(() => order.push(-1)),
  );
  await Promise.all(tasks);
  assert.ok(order.indexOf(-1) < before + 10, order.join());
  assert.deepEqual(
    order.filter((k) => k >= 0),
    upTo(60),
  );
  await pool.close();
});

test('moved memory is not lost with a worker that is no longer wanted', { timeout }, async () => {
  const pool = threads({ workers: 2 });
  await pool.broadcast(() => 0);
  const gate = shared(Int32Array, 1);
  const running = shared(Int32Array, 1);
  const wait = () => {
    Atomics.add(running, 0, 1);
    Atomics.wait(gate, 0, 0, 5000);
  };
  const first = [pool.submit(wait), pool.submit(wait)];
  await until('both workers are busy', () => running[0] === 2);
  const sizes = upTo(4).map(() => pool.submit((xs: Float64Array) => xs.length, move(new Float64Array(100))));
  await until('all are handed out', () => pool.stats().queued === 0);
  pool.resize(1);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  assert.deepEqual(await Promise.all(sizes), [100, 100, 100, 100]);
  await Promise.all(first);
  await pool.close();
});

test('memory that was moved before is refused when a retry sends it again', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const fail = (xs: Float64Array) => {
    throw new RangeError(`${xs.length}`);
  };
  const error = await rejection(pool.with({ retries: 1 }).submit(fail, move(new Float64Array(10))));
  assert.match(String(error), /moved to the worker with the first try/);
  assert.equal(pool.stats().crashed, 0);
  await pool.close();
});

test('what waits behind native code that cannot be stopped goes elsewhere', { timeout }, async () => {
  const pool = threads({ workers: 1, graceMs: 20 });
  const runs = shared(Int32Array, 1);
  const blocked = pool.submit(() => {
    runs[0] = 1;
    spawnSync(process.execPath, ['-e', 'setTimeout(() => {}, 3000)']);
  });
  const behind = pool.submit(() => 'ran');
  const stopped = rejection(blocked);
  await until('the first task runs', () => runs[0] === 1);
  blocked.cancel();
  assert.equal(await behind, 'ran');
  assert.equal(pool.stats().alive, 2, 'the thread in native code is still there');
  await stopped;
  await pool.close();
});

test('a broadcast finds all workers, however soon idle ones end', { timeout }, async () => {
  const started = shared(Int32Array, 1);
  const init = () => {
    const before = Atomics.add(started, 0, 1);
    return new Promise((resolve) => setTimeout(resolve, 50 * before));
  };
  const pool = threads({ workers: 3, idleTimeoutMs: 0, init });
  assert.deepEqual(await pool.broadcast(() => 1), [1, 1, 1]);
  await until('the idle workers end', () => pool.stats().alive === 0);
  await pool.close();
});

test('timeoutMs is for each iteration, also when many fast ones came before', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const options = { timeoutMs: 1000, grain: 6000 };
  await pool.for(5300, (i) => spinFrom(i, 5000, 5), options);
  const add = (a: number, b: number) => {
    if (b < 0) spin(5);
    return a + b;
  };
  // Blocks of 6000 items, the first of which has slow ones at its end.
  const items = upTo(256 * 6000).map((k) => (k < 5700 || k >= 6000 ? 1 : -1));
  assert.equal(await pool.with({ timeoutMs: 1000 }).reduce(items, add), 256 * 6000 - 600);
  await pool.close();
});

test('timeoutMs does not depend on the time of day', { timeout }, async () => {
  const own = Object.getOwnPropertyDescriptor(performance, 'timeOrigin');
  // As if the clock had been set forward by an hour since this thread started.
  Object.defineProperty(performance, 'timeOrigin', {
    value: performance.timeOrigin - 3_600_000,
    configurable: true,
  });
  const pool = threads({ workers: 1, graceMs: 10 });
  try {
    const endless = () => {
      for (;;);
    };
    const error = await rejection(pool.with({ timeoutMs: 50 }).submit(endless));
    assert.ok(error instanceof TaskTimeoutError);
  } finally {
    if (own) Object.defineProperty(performance, 'timeOrigin', own);
    else Reflect.deleteProperty(performance, 'timeOrigin');
  }
  await pool.close();
});

test('items that cannot travel any more fail their call and leave the worker free', { timeout }, async () => {
  class Box {
    value: unknown;
    constructor(value: unknown) {
      this.value = value;
    }
  }
  const pool = threads({ workers: 1, maxTasksPerWorker: 1 });
  const items = [new Box(1), new Box(2)];
  const task = pool.map(items, (box) => box.value, { chunk: 2 });
  (items[0] as Box).value = new WeakMap();
  assert.ok((await rejection(task)) instanceof CaptureError);
  assert.equal(await pool.submit(() => 1), 1);
  await pool.close();
});

test('a task that has ended is not kept by its time limit', { timeout }, async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const pool = threads({ workers: 1 });
  const run = async () => {
    const argument = { text: 'x' };
    await pool.with({ timeoutMs: 3_600_000 }).submit((value: { text: string }) => value.text, argument);
    return new WeakRef(argument);
  };
  const argument = await run();
  await until('it is collected', () => {
    gc();
    return argument.deref() === undefined;
  });
  await pool.close();
});

test('a result that throws when it is looked at fails its task, not the worker', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const odd = [
    () => ({
      get then() {
        throw new RangeError('odd');
      },
    }),
    () =>
      new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new RangeError('odd');
          },
        },
      ),
  ];
  for (const make of odd) assert.match(String(await rejection(pool.submit(make))), /odd|proxy/i);
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  assert.match(String(await rejection(pool.submit(revoked))), /revoked|proxy/i);
  assert.equal(pool.stats().crashed, 0);
  await pool.close();
});

test('a report that comes after the end of its task reaches no other task', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  await pool.submit(() => {
    const own = context();
    setInterval(() => own.report('late'), 2);
  });
  const seen: unknown[] = [];
  const listening = pool.with({ onProgress: ({ data }) => void seen.push(data) });
  await Promise.all(
    upTo(4).map(() =>
      listening.submit(() => {
        context().report('own');
        return new Promise<void>((resolve) => setTimeout(resolve, 30));
      }),
    ),
  );
  assert.deepEqual(
    seen.filter((data) => data !== undefined),
    ['own', 'own', 'own', 'own'],
  );
  await pool.close();
});
