import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, shared, threads, WorkerCrashedError } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';

const limit = { timeout: 60_000 };
const help = true;
after(assertNoLeaks);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('the calling thread takes part as worker 0, and results are in order', limit, async () => {
  await using pool = threads({ workers: 2 });
  const seen = await pool.map(
    upTo(300),
    (k) => {
      spin(0.3);
      return [k, context().index, context().workerId] as const;
    },
    { help },
  );
  assert.ok(seen.every(([k, index], at) => k === at && index === at));
  assert.ok(seen.some(([, , worker]) => worker === 0));
  assert.equal(pool.stats().completed, 300);
});

test('random numbers are the same with help and without', limit, async () => {
  await using pool = threads({ workers: 2 });
  const draw = () => (spin(0.1), context().random());
  const alone = await pool.map(upTo(200), draw, { seed: 5 });
  assert.deepEqual(await pool.map(upTo(200), draw, { seed: 5, help }), alone);
});

test('variables and items are copies here too', limit, async () => {
  await using pool = threads({ workers: 1 });
  const state = { calls: 0, at: new Date(0) };
  const items = upTo(200).map((k) => ({ k, list: [k] }));
  const results = await pool.map(
    items,
    (item) => {
      spin(0.1);
      state.calls++;
      item.list.push(-1);
      return { ...item, here: context().workerId === 0, calls: state.calls, state };
    },
    { help },
  );
  assert.equal(state.calls, 0);
  assert.ok(items.every(({ list }) => list.length === 1));
  assert.ok(results.every(({ k, list }, at) => k === at && list.length === 2));
  const here = results.filter((result) => result.here);
  assert.ok(here.length > 1);
  // What the function gave away does not change behind it.
  assert.ok(results.every((result) => result.state !== state && result.state.calls <= result.calls + 200));
  assert.ok(new Set(here.map((result) => result.state)).size > 1 || here.length === 1);
});

test('classes of the program stay with the workers', limit, async () => {
  await using pool = threads({ workers: 1 });
  class Point {
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }
  const made = await pool.map(upTo(50), (k) => [new Point(k), context().workerId] as const, { help });
  assert.ok(made.every(([point, worker], k) => point instanceof Point && point.x === k && worker !== 0));
  const read = await pool.map(
    made.map(([point]) => point),
    (point) => point.x,
    { help },
  );
  assert.deepEqual(read, upTo(50));
});

test('an error in the calling thread rejects with itself and names the caller', limit, async () => {
  await using pool = threads({ workers: 1 });
  const failing = pool.map(
    upTo(1000),
    (k) => {
      spin(0.1);
      if (context().workerId === 0) throw Object.assign(new RangeError('here'), { k });
    },
    { help },
  );
  await assert.rejects(failing, (error: RangeError & { k: number }) => {
    assert.ok(error instanceof RangeError);
    assert.match(error.stack as string, new RegExp(`item ${error.k}\\)`));
    return true;
  });
  const unsendable = pool.map(upTo(500), () => (spin(0.1), context().workerId === 0 ? new WeakMap() : 1), {
    help,
  });
  await assert.rejects(unsendable, { name: 'CaptureError' });
});

test('failed items are tried again, whoever ran them', limit, async () => {
  await using pool = threads({ workers: 2 });
  const tries = shared(Int32Array, 300);
  const results = await pool.map(
    upTo(300),
    (k) => {
      spin(0.1);
      if (Atomics.add(tries, k, 1) === 0 && k % 7 === 0) throw new RangeError('once');
      return k;
    },
    { help, retries: 1 },
  );
  assert.deepEqual(results, upTo(300));
});

test('a cancelled call stops here too', limit, async () => {
  await using pool = threads({ workers: 1, graceMs: 20 });
  const ran = shared(Int32Array, 1);
  const controller = new AbortController();
  const task = pool.forEach(
    upTo(100_000),
    () => {
      spin(1);
      Atomics.add(ran, 0, 1);
    },
    { help, signal: controller.signal },
  );
  setTimeout(() => controller.abort('enough'), 100);
  await assert.rejects(task, (reason) => reason === 'enough');
  assert.ok((ran[0] as number) < 50_000);
});

test('asynchronous functions run here too, one item after the other', limit, async () => {
  await using pool = threads({ workers: 1 });
  const results = await pool.map(
    upTo(60),
    async (k) => {
      const before = context().index;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return [k, before, context().index, context().workerId] as const;
    },
    { help },
  );
  assert.ok(results.every(([k, before, behind], at) => k === at && before === at && behind === at));
  assert.ok(results.some(([, , , worker]) => worker === 0));
});

test('a worker that dies while the calling thread helps fails its item alone', limit, async () => {
  await using pool = threads({ workers: 2 });
  const died = shared(Int32Array, 1);
  // Workers that are up get their share, however busy the machine is.
  await pool.broadcast(() => 0);
  const crash = (k: number): number => {
    // However busy the machine is: the calling thread takes long enough for workers to get their share.
    spin(context().workerId === 0 ? 2 : 0.2);
    if (context().workerId !== 0 && k > 50 && Atomics.exchange(died, 0, 1) === 0) process.exit(3);
    return k;
  };
  await assert.rejects(pool.map(upTo(1000), crash, { help }), WorkerCrashedError);
  died[0] = 0;
  assert.deepEqual(await pool.map(upTo(1000), crash, { help, retries: 1 }), upTo(1000));
});

test('for() is shared out between workers and the calling thread', limit, async () => {
  await using pool = threads({ workers: 2 });
  const runs = shared(Int32Array, 5000);
  const workers = shared(Int32Array, 5000);
  const indices = shared(Int32Array, 5000);
  await pool.for(
    { start: 4999, end: -1, step: -1 },
    (i) => {
      spin(0.01);
      Atomics.add(runs, i, 1);
      workers[i] = context().workerId + 1;
      indices[i] = context().index;
    },
    { help, grain: 50 },
  );
  assert.ok(runs.every((count) => count === 1));
  assert.ok(workers.includes(1), 'the calling thread ran some');
  assert.ok(indices.every((k, i) => workers[i] !== 1 || k === 4999 - i));
  const failing = pool.for(
    100_000,
    () => {
      if (context().workerId === 0) throw new RangeError('here');
      spin(0.01);
    },
    { help },
  );
  await assert.rejects(failing, { name: 'RangeError', message: 'here' });
});

test('searches, filters and reductions of all kinds give the same with help', limit, async () => {
  await using pool = threads({ workers: 2 });
  const items = upTo(2000);
  const slow = (x: number): number => (spin(0.02), x);
  assert.equal(await pool.find(items, (x) => slow(x) >= 1234, { help }), 1234);
  assert.equal(await pool.findIndex(items, (x) => slow(x) >= 777, { help }), 777);
  assert.equal(await pool.some(items, (x) => slow(x) === 1999, { help }), true);
  assert.equal(await pool.every(items, (x) => slow(x) < 2000, { help }), true);
  assert.deepEqual(
    await pool.filter(items, (x) => slow(x) % 100 === 0, { help }),
    items.filter((x) => x % 100 === 0),
  );
  assert.deepEqual(
    await pool.flatMap(
      [1, 2, 3],
      function* (x) {
        yield x;
        yield -x;
      },
      { help },
    ),
    [1, -1, 2, -2, 3, -3],
  );
  assert.deepEqual(
    await pool.starmap(
      [
        [1, 2],
        [3, 4],
      ] as const,
      (a, b) => a + b,
      { help },
    ),
    [3, 7],
  );
});

test('reports come from the calling thread too, and timers go on meanwhile', limit, async () => {
  await using pool = threads({ workers: 1 });
  const heard: number[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await pool.forEach(upTo(500), (k) => (spin(0.2), context().report(k)), {
    help,
    onProgress: ({ data }) => void (data !== undefined && heard.push(data as number)),
  });
  clearInterval(timer);
  assert.deepEqual(
    heard.toSorted((a, b) => a - b),
    upTo(500),
  );
  assert.ok(ticks > 2);
});
