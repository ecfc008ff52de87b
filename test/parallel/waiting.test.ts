/** `wait`, `asCompleted` and `race`; what Python's concurrent.futures promises is tested under its names there. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, describe, test } from 'node:test';
import {
  asCompleted,
  race,
  serial,
  shared,
  WaitTimeoutError,
  threads,
  wait,
  waitAll,
  waitAny,
  waitFirst,
} from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { deferred, settle } from './inputs.js';

const limit = { timeout: 20_000 };
const lost: unknown[] = [];
process.on('unhandledRejection', (reason) => lost.push(reason));
after(async () => {
  await settle();
  assert.deepEqual(lost, []);
  await assertNoLeaks();
});

const never = () => new Promise<never>(() => undefined);
const is = (wanted: unknown) => (error: unknown) => error === wanted;

void describe('wait()', () => {
  test('all: ALL_COMPLETED waits for every task, failed or not', limit, async () => {
    const [a, b] = [deferred(), deferred()];
    let over = false;
    const waiting = wait([a.promise, b.promise]).then((waited) => {
      over = true;
      return waited;
    });
    b.reject(new RangeError('b'));
    await settle();
    assert.equal(over, false);
    a.resolve();
    const { done, pending } = await waiting;
    assert.deepEqual([...done], [b.promise, a.promise], 'in the order in which they settled');
    assert.equal(pending.size, 0);
  });

  test('first: FIRST_COMPLETED comes back with the first, a failure included', limit, async () => {
    const [a, b, c] = [deferred(), deferred(), deferred()];
    const tasks = [a.promise, b.promise, c.promise];
    const waiting = wait(tasks, { until: 'first' });
    b.reject(new RangeError('b'));
    const { done, pending } = await waiting;
    assert.deepEqual([...done], [b.promise]);
    assert.deepEqual([...pending], [a.promise, c.promise]);
  });

  test('first: all that have settled at that time are done', limit, async () => {
    const tasks = [Promise.resolve(1), never(), Promise.reject(new RangeError('x')), Promise.resolve(2)];
    const { done, pending } = await wait(tasks, { until: 'first' });
    assert.deepEqual([...done], [tasks[0], tasks[2], tasks[3]]);
    assert.deepEqual([...pending], [tasks[1]]);
    // The same tasks again: they are known to have settled.
    const again = await wait(tasks, { until: 'first' });
    assert.deepEqual([...again.done], [...done]);
  });

  test('failure: FIRST_EXCEPTION comes back with a failure, or with everything', limit, async () => {
    const [a, b, c] = [deferred(), deferred(), deferred()];
    let over = false;
    const waiting = wait([a.promise, b.promise, c.promise], { until: 'failure' }).then((waited) => {
      over = true;
      return waited;
    });
    a.resolve();
    await settle();
    assert.equal(over, false);
    b.reject(new RangeError('b'));
    const { done, pending } = await waiting;
    assert.deepEqual([...done], [a.promise, b.promise]);
    assert.deepEqual([...pending], [c.promise]);
    const well = await wait([Promise.resolve(1), Promise.resolve(2)], { until: 'failure' });
    assert.equal(well.done.size, 2);
  });

  test('waitAny: a failure is not enough, but nothing else than failures is', limit, async () => {
    const [a, b, c] = [deferred(), deferred(), deferred()];
    let over = false;
    const waiting = waitAny([a.promise, b.promise, c.promise]).then((waited) => {
      over = true;
      return waited;
    });
    a.reject(new RangeError('a'));
    await settle();
    assert.equal(over, false);
    b.resolve();
    const { done, pending } = await waiting;
    assert.deepEqual([...done], [a.promise, b.promise]);
    assert.deepEqual([...pending], [c.promise]);
    const badly = await waitAny([Promise.reject(new RangeError('no'))]);
    assert.equal(badly.done.size, 1);
  });

  test('waitFirst and waitAll come back with a failure, and with everything', limit, async () => {
    const [a, b] = [deferred(), deferred()];
    a.reject(new RangeError('a'));
    const first = await waitFirst([a.promise, b.promise]);
    assert.deepEqual([...first.done], [a.promise]);
    const all = waitAll([a.promise, b.promise]);
    b.resolve();
    assert.equal((await all).done.size, 2);
  });

  test('comes back after timeoutMs with what there is', limit, async () => {
    const [quick, stuck] = [Promise.resolve(1), never()];
    const { done, pending } = await wait([quick, stuck], { timeoutMs: 5 });
    assert.deepEqual([...done], [quick]);
    assert.deepEqual([...pending], [stuck]);
    const none = await wait([stuck], { timeoutMs: 0 });
    assert.equal(none.done.size, 0);
    const settled = await wait([quick, stuck], { timeoutMs: 0 });
    assert.deepEqual([...settled.done], [quick]);
  });

  test('of nothing comes back at once; a task that is there twice counts once', limit, async () => {
    const { done, pending } = await wait([]);
    assert.equal(done.size + pending.size, 0);
    const task = Promise.resolve(1);
    assert.equal((await wait([task, task, task])).done.size, 1);
    assert.equal((await wait(new Set([task]))).done.size, 1);
  });

  test('rejects with the reason of its signal and leaves no listener', limit, async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new RangeError('aborted');
    await wait([Promise.resolve(1)], { signal });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const waiting = wait([never()], { signal, timeoutMs: 60_000 });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    controller.abort(reason);
    await assert.rejects(waiting, is(reason));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await assert.rejects(wait([never()], { signal }), is(reason));
  });

  test('adds one reaction to a promise, however often it waits for it', limit, async () => {
    let reactions = 0;
    const stuck = never();
    const then = stuck.then.bind(stuck) as (...args: unknown[]) => unknown;
    stuck.then = ((...args: unknown[]) => {
      reactions++;
      return then(...args);
    }) as typeof stuck.then;
    for (let n = 0; n < 100; n++) await wait([stuck, Promise.resolve(n)], { until: 'first' });
    assert.equal(reactions, 1);
  });

  test('cancels nothing', limit, async () => {
    const pool = threads({ workers: 2 });
    const gate = shared(Int32Array, 1);
    const slow = pool.submit(() => (Atomics.wait(gate, 0, 0), 'slow'));
    const quick = pool.submit(() => 'quick');
    const { done, pending } = await wait([slow, quick], { until: 'first' });
    assert.deepEqual([...done], [quick]);
    assert.deepEqual([...pending], [slow]);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    assert.equal(await slow, 'slow');
    await pool.close();
  });

  test('refuses what are no tasks', limit, () => {
    assert.throws(() => wait(5 as never), /an iterable of tasks or promises, but got 5/);
    assert.throws(() => wait([Promise.resolve(), 5 as never]), /number 1 is 5/);
    assert.throws(() => wait([], { until: 'any' as never }), /until/);
    assert.throws(() => wait([], { timeoutMs: -1 }), RangeError);
    assert.throws(() => wait([], { timeout: 5 } as never), /did you mean `timeoutMs`/);
  });
});

void describe('asCompleted()', () => {
  test('yields tasks in the order in which they settle, failed ones too', limit, async () => {
    const [a, b, c] = [deferred<string>(), deferred<string>(), deferred<string>()];
    const tasks = [a.promise, b.promise, c.promise];
    const seen: unknown[] = [];
    c.resolve('c');
    for await (const { task, ...outcome } of asCompleted(tasks)) {
      seen.push(tasks.indexOf(task), outcome);
      if (seen.length === 2) a.reject('failed');
      if (seen.length === 4) b.resolve('b');
    }
    assert.deepEqual(seen, [
      2,
      { status: 'fulfilled', value: 'c' },
      0,
      { status: 'rejected', reason: 'failed' },
      1,
      { status: 'fulfilled', value: 'b' },
    ]);
  });

  test('test_duplicate_futures: a task that is there twice comes once', limit, async () => {
    const task = Promise.resolve(1);
    let n = 0;
    for await (const each of asCompleted([task, task])) {
      assert.equal(each.task, task);
      n++;
    }
    assert.equal(n, 1);
    for await (const _ of asCompleted([])) assert.fail('of nothing');
  });

  test('test_future_times_out: throws after timeoutMs, having yielded what there was', limit, async () => {
    for (const timeoutMs of [0, 10]) {
      const seen: unknown[] = [];
      const quick = Promise.resolve(1);
      const reading = async () => {
        for await (const { task } of asCompleted([quick, never(), never()], { timeoutMs })) seen.push(task);
      };
      await assert.rejects(reading, (error: WaitTimeoutError) => {
        assert.ok(error instanceof WaitTimeoutError);
        assert.equal(error.code, 'ERR_TUTTI_WAIT_TIMEOUT');
        assert.match(error.message, new RegExp(`2 of 3 tasks had not settled after ${timeoutMs} ms`));
        return true;
      });
      assert.deepEqual(seen, [quick]);
    }
  });

  test('leaving early cancels nothing and leaves nothing', limit, async () => {
    const pool = serial();
    const { signal } = new AbortController();
    const gate = deferred();
    const slow = pool.submit(() => gate.promise.then(() => 'slow'));
    for await (const _ of asCompleted([slow, Promise.resolve()], { signal, timeoutMs: 60_000 })) break;
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    gate.resolve();
    assert.equal(await slow, 'slow');
    await pool.close();
  });

  test('rejects with the reason of its signal, and is over then', limit, async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new RangeError('aborted');
    const reader = asCompleted([never()], { signal });
    const next = reader.next();
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    controller.abort(reason);
    await assert.rejects(next, is(reason));
    assert.equal((await reader.next()).done, true);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await assert.rejects(asCompleted([never()], { signal }).next(), is(reason));
  });

  test('pulls that do not wait for each other are served in order', limit, async () => {
    const [a, b] = [deferred(), deferred()];
    const reader = asCompleted([a.promise, b.promise]);
    const pulls = Promise.all([reader.next(), reader.next(), reader.next()]);
    b.resolve();
    await settle();
    a.resolve();
    assert.deepEqual(
      (await pulls).map((step) => step.value?.task),
      [b.promise, a.promise, undefined],
    );
    const left = asCompleted([never()]);
    const pending = left.next();
    await left.return?.();
    assert.equal((await pending).done, true);
  });
});

void describe('race()', () => {
  test('gives what the first settles with, and cancels the others', limit, async () => {
    const pool = threads({ workers: 2, graceMs: 10 });
    const log: string[] = [];
    const endless = pool.submit(() => {
      for (;;);
    });
    const local = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => {
          log.push('stopped');
          reject(signal.reason as Error);
        });
      });
    const quick = pool.submit(() => 'quick');
    assert.equal(await race<string | undefined>([endless, local, quick, never()]), 'quick');
    assert.equal(endless.status, 'cancelled');
    assert.equal(quick.status, 'done');
    assert.deepEqual(log, ['stopped']);
    assert.equal(await pool.submit(() => 'free'), 'free');
    await pool.close();
  });

  test('a failure wins, too', limit, async () => {
    const error = new RangeError('first');
    let aborted = false;
    const loser = (signal: AbortSignal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return never();
    };
    await assert.rejects(race([never(), Promise.reject(error), loser]), is(error));
    assert.equal(aborted, true);
    await assert.rejects(
      race([
        () => {
          throw error;
        },
        loser,
      ]),
      is(error),
    );
    await assert.rejects(race([Promise.reject(error), Promise.reject(new RangeError('second'))]), is(error));
  });

  test('of nobody does not hang', limit, async () => {
    await assert.rejects(race([]), RangeError);
    await assert.rejects(race(5 as never), TypeError);
    let called = false;
    await assert.rejects(race([() => (called = true), 5 as never]), TypeError);
    assert.equal(called, false, 'nothing is started when something is wrong');
  });

  test('an abort and the end of the time cancel everybody', limit, async () => {
    const pool = serial();
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new RangeError('aborted');
    const stuck = pool.submit(never);
    const racing = race([stuck], { signal });
    await settle();
    controller.abort(reason);
    await assert.rejects(racing, is(reason));
    await assert.rejects(stuck, is(reason));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const other = pool.submit(never);
    await assert.rejects(race([other], { timeoutMs: 5 }), WaitTimeoutError);
    assert.equal(other.status, 'cancelled');
    const late = pool.submit(never);
    await assert.rejects(
      race([late, () => assert.fail('called'), Promise.reject(new RangeError('lost'))], { signal }),
      is(reason),
    );
    assert.equal(late.status, 'cancelled');
    await pool.close();
  });

  test('leaves no listener behind', limit, async () => {
    const { signal } = new AbortController();
    assert.equal(await race([Promise.resolve(1), never()], { signal, timeoutMs: 60_000 }), 1);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
