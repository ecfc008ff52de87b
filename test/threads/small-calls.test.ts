/** Small calls on real threads: what the rings carry, mixed with all that travels by message. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { context, shared, task, threads, TaskTimeoutError, WorkerCrashedError, type Task } from 'tutti';
import { rejection, until, upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { root } from '../root.ts';
import { Dice } from '../soak/dice.ts';

const timeout = 60_000;
after(assertNoLeaks);

const twice = (x: number) => x * 2;

test('each call is told of its own task, also after others and while others wait', { timeout }, async () => {
  const pool = threads({ workers: 2 });
  const sync = () => [context().taskId, context().index, context().signal.aborted, context().random()];
  const asynchronous = async (ms: number) => {
    const before = context().taskId;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return [before, context().taskId, context().index, context().signal.aborted, context().random()];
  };
  const without = (x: number) => x;
  const seeded = pool.with({ seed: 7 });
  for (let round = 0; round < 20; round++) {
    const tasks: { task: Task<unknown>; expected: (id: number) => unknown }[] = [];
    for (let k = 0; k < 60; k++) {
      if (k % 3 === 0) tasks.push({ task: pool.submit(without, k), expected: () => k });
      else if (k % 10 === 1)
        tasks.push({ task: seeded.submit(asynchronous, k % 4), expected: (id) => [id, id, 0, false] });
      else tasks.push({ task: seeded.submit(sync), expected: (id) => [id, 0, false] });
    }
    const draws = new Set<unknown>();
    for (const one of tasks) {
      const value = await one.task;
      if (Array.isArray(value)) draws.add(value.pop());
      assert.deepEqual(value, one.expected(one.task.id));
    }
    assert.equal(draws.size, 1, 'a seed gives one sequence');
  }
  await pool.close();
});

test('what a call leaves behind belongs to no task', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const seen = shared(Int32Array, 2);
  await pool.submit(
    (words) => void Object.assign(globalThis, { seen: words, ask: () => context().taskId }),
    seen,
  );
  const leave = () => {
    const scope = globalThis as unknown as { seen: Int32Array; ask: () => number };
    setTimeout(() => {
      try {
        Atomics.store(scope.seen, 0, scope.ask());
      } catch {
        // It is nobody's.
        Atomics.store(scope.seen, 0, -1);
      }
    }, 5);
    return 0;
  };
  await pool.submit(leave);
  await until('the timer has run', () => Atomics.load(seen, 0) !== 0);
  Atomics.store(seen, 0, 0);
  await pool.submit(leave);
  await until('the timer has run again', () => Atomics.load(seen, 0) !== 0);
  assert.equal(Atomics.load(seen, 0), -1);
  // Nor to the call that follows it and is still going on.
  const linger = async () =>
    await new Promise<number>((resolve) => setTimeout(resolve, 40, context().taskId));
  await pool.submit(linger);
  Atomics.store(seen, 0, 0);
  const left = pool.submit(leave);
  const lingering = pool.submit(linger);
  await left;
  await until('the timer has run beside it', () => Atomics.load(seen, 0) !== 0);
  assert.equal(Atomics.load(seen, 0), -1);
  assert.equal(await lingering, lingering.id);
  await pool.close();
});

test('a small call that polls its signal sees that it was cancelled', { timeout }, async () => {
  const pool = threads({ workers: 1, graceMs: 60_000 });
  const poll = () => {
    const { signal } = context();
    for (const end = performance.now() + 20_000; performance.now() < end;)
      if (signal.aborted) return 'aborted';
    return 'too late';
  };
  await pool.submit(twice, 1);
  for (let round = 0; round < 20; round++) {
    const running = pool.submit(poll);
    const outcome = rejection(running);
    const behind = pool.submit(twice, round);
    await sleep(round % 5);
    running.cancel(new RangeError('enough'));
    assert.ok((await outcome) instanceof RangeError);
    assert.equal(await behind, round * 2);
  }
  assert.equal(pool.stats().crashed, 0);
  await pool.close();
});

test('timers of a worker go on between small calls and while it rests', { timeout }, async () => {
  const ticks = shared(Int32Array, 1);
  const pool = threads({ workers: 1, init: () => void setInterval(() => Atomics.add(ticks, 0, 1), 2) });
  for (let k = 0; k < 30; k++) {
    assert.equal(await pool.submit(twice, k), k * 2);
    if (k % 3 > 0) continue;
    const before = Atomics.load(ticks, 0);
    await until('the timer has run while the worker rested', () => Atomics.load(ticks, 0) > before + 1);
  }
  const before = Atomics.load(ticks, 0);
  const until20 = performance.now() + 200;
  while (performance.now() < until20) await Promise.all(upTo(200).map((k) => pool.submit(twice, k)));
  assert.ok(Atomics.load(ticks, 0) > before, 'the timer has run while small calls came');
  await pool.close();
});

test('a promise that a call leaves behind goes on', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const words = shared(Int32Array, 1);
  await pool.submit((own) => void Object.assign(globalThis, { words: own }), words);
  const leave = (ms: number) => {
    const own = (globalThis as unknown as { words: Int32Array }).words;
    void new Promise((resolve) => setTimeout(resolve, ms)).then(() => Atomics.add(own, 0, 1));
    return ms;
  };
  for (let k = 1; k <= 20; k++) {
    assert.equal(await pool.submit(leave, k % 4), k % 4);
    await until('what it left has run', () => Atomics.load(words, 0) === k);
  }
  await pool.close();
});

test('everything at once, on several pools: nothing is lost, doubled or mixed up', { timeout }, async (t) => {
  const seed = Date.now() % 2 ** 32;
  t.diagnostic(`seed ${seed}`);
  console.error(`small calls: seed ${seed}`);
  const dice = new Dice(seed);
  const pools = [1, 2, 3].map((workers) => threads({ workers, graceMs: 60_000 }));
  const fail = (x: number) => {
    throw new RangeError(String(x));
  };
  const nested = async (x: number) => {
    const { threads: inner } = await import('tutti');
    const pool = inner({ workers: 1 });
    const values = await Promise.all([1, 2, 3].map((k) => pool.submit((y: number) => y + 1, x + k)));
    await pool.close();
    return values;
  };
  const caller = async (own: Dice): Promise<void> => {
    for (let round = 0; round < 25; round++) {
      const base = own.pick(pools);
      const pool = own.chance(0.3) ? base.with({ priority: own.from(-2, 2), timeoutMs: 30_000 }) : base;
      const n = own.from(1, 120);
      const counts = shared(Int32Array, n);
      const counted = task({ counts }, (x: number) => Atomics.add(counts, x, 1));
      const reports: unknown[] = [];
      const jobs: Promise<void>[] = [];
      for (let x = 0; x < n; x++) {
        const is = async (promise: PromiseLike<unknown>, value: unknown): Promise<void> =>
          assert.deepEqual(await promise, value);
        jobs.push(is(pool.submit(counted, x), 0));
        const kind = own.from(0, 60);
        if (kind < 20) jobs.push(is(pool.submit(twice, x), x * 2));
        else if (kind < 25)
          jobs.push(
            is(
              pool.submit((y: number) => ({ y }), x),
              { y: x },
            ),
          );
        else if (kind < 30)
          jobs.push(
            is(
              pool.submit((list: number[]) => list.length, Array(2000).fill(x)),
              2000,
            ),
          );
        else if (kind < 33)
          jobs.push(
            rejection(pool.submit(fail, x)).then((error) =>
              assert.equal((error as Error).message, String(x)),
            ),
          );
        else if (kind < 36)
          jobs.push(
            is(
              pool.submit(async (y: number) => (await new Promise((ok) => setTimeout(ok, 1)), y), x),
              x,
            ),
          );
        else if (kind < 38) {
          const text = 'é'.repeat(own.from(0, 200));
          jobs.push(
            is(
              pool.submit((back: string) => back, text),
              text,
            ),
          );
        } else if (kind < 40)
          jobs.push(
            is(
              pool.map([x, x + 1, x + 2], (y) => ({ y })),
              [{ y: x }, { y: x + 1 }, { y: x + 2 }],
            ),
          );
        else if (kind < 42) assert.equal(pool.submitSync(twice, x), x * 2);
        else if (kind < 44) {
          const view = base.with({ onProgress: ({ data }) => data !== undefined && reports.push(data) });
          jobs.push(
            view
              .submit((y: number) => (context().report(y), y), x)
              .then((y) => assert.ok(y === x && reports.includes(x))),
          );
        } else if (kind < 46) {
          const doomed = pool.submit(twice, x);
          const outcome = rejection(doomed).then(
            (error) => error,
            () => undefined,
          );
          jobs.push(outcome.then(() => undefined));
          doomed.cancel();
        } else if (kind === 46) base.resize(own.from(1, 3));
        else if (kind === 47 && x === 0) jobs.push(is(pool.submit(nested, x), [2, 3, 4]));
      }
      await Promise.all(jobs);
      counts.forEach((count, x) => assert.equal(count, 1, `call ${x} ran ${count} times`));
      if (own.chance(0.3)) await sleep(own.from(0, 20));
    }
  };
  await Promise.all(upTo(4).map(() => caller(new Dice(dice.from(0, 2 ** 32 - 1)))));
  for (const pool of pools) {
    const { crashed, running, queued } = pool.stats();
    assert.deepEqual({ crashed, running, queued }, { crashed: 0, running: 0, queued: 0 });
    await pool.close();
  }
});

test('small calls beside crashes and time limits have their values, each once', { timeout }, async () => {
  const pool = threads({ workers: 2, graceMs: 5 });
  const forever = () => {
    for (;;);
  };
  for (let round = 0; round < 12; round++) {
    const calls = upTo(400).map((k) => pool.submit(twice, k));
    const bad =
      round % 2 === 0
        ? rejection(pool.submit((code: number) => process.exit(code), 3))
        : rejection(pool.with({ timeoutMs: 10 }).submit(forever));
    const more = upTo(400).map((k) => pool.submit(twice, k));
    assert.deepEqual(await Promise.all(calls), upTo(400).map(twice));
    assert.deepEqual(await Promise.all(more), upTo(400).map(twice));
    const error = await bad;
    assert.ok(round % 2 === 0 ? error instanceof WorkerCrashedError : error instanceof TaskTimeoutError);
  }
  await pool.close();
});

test('an idle pool lets the process end, a busy one keeps it', { timeout }, async () => {
  const source = `
    import { threads } from 'tutti';
    const pool = threads({ workers: 2 });
    const wait = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); return ms; };
    for (let k = 0; k < 300; k++) await pool.submit(wait, 0);
    pool.submitSync(wait, 0);
    pool.submit(wait, 60).then((ms) => console.log('busy', ms));
    await new Promise((resolve) => setTimeout(resolve, 300));
    pool.submit(wait, 60).then((ms) => console.log('again', ms));
  `;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source], {
    cwd: root,
    timeout: 30_000,
  });
  assert.equal(stdout, 'busy 60\nagain 60\n');
});
