/** Semaphore, BoundedSemaphore, Event and Latch, seen from outside. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { context, shared } from 'tutti';
import { BoundedSemaphore, Event, Latch, NotHeldError, Semaphore } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

/** Somebody waits for permits. */
const sleepers = (semaphore: Semaphore): number => Atomics.load(semaphore.memory.words, 1);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;
  const array = (length: number): Int32Array =>
    shared(Int32Array, length, place.name === 'processes' ? { across: 'processes' } : {});

  test(on('never more than the permits are inside, in every form'), limits(place), async () => {
    const semaphore = new BoundedSemaphore(2, options());
    const counts = array(2);
    const pool = place.pool();
    await pool.forEach([...Array(30).keys()], async (k) => {
      if (k % 2 === 0) semaphore.acquire();
      else await semaphore.acquireAsync();
      const inside = Atomics.add(counts, 0, 1) + 1;
      if (inside > 2) Atomics.store(counts, 1, inside);
      if (k % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      Atomics.sub(counts, 0, 1);
      semaphore.release();
    });
    assert.deepEqual([counts[1], semaphore.value], [0, 2]);
  });

  test(
    on('several permits are taken at once or not at all; timeouts and aborts take none'),
    limits(place),
    async () => {
      const semaphore = new Semaphore(2, options());
      const pool = place.pool();
      assert.equal(semaphore.tryAcquire(3), false);
      const missed = await pool.submit(async () => [
        semaphore.acquire(3, { timeoutMs: 0 }),
        semaphore.acquire(3, { timeoutMs: 3 }),
        await semaphore.acquireAsync(3, { timeoutMs: 3 }),
        semaphore.value,
      ]);
      assert.deepEqual(missed, [false, false, false, 2]);
      const task = pool.submit(() => semaphore.acquire(3, { signal: context().signal }));
      const controller = new AbortController();
      const here = reasonOf(semaphore.acquireAsync(4, { signal: controller.signal }));
      const three = pool.submit(() => semaphore.acquire(3));
      await until('all wait', () => sleepers(semaphore) === 3);
      controller.abort('here');
      task.cancel('there');
      assert.deepEqual([await here, await reasonOf(task)], ['here', 'there']);
      // The task is over for us at once; its thread sees the signal a moment later.
      await until('the others have given up', () => pool.stats().busy === 1 && sleepers(semaphore) === 1);
      semaphore.release();
      assert.equal(await three, true);
      assert.deepEqual([semaphore.value, sleepers(semaphore)], [0, 0]);
    },
  );

  test(
    on('who wants one permit gets it, although one who wants many was woken first'),
    limits(place),
    async () => {
      const semaphore = new Semaphore(0, options());
      const pool = place.pool();
      const many = pool.submit(() => semaphore.acquire(5));
      await until('one waits', () => sleepers(semaphore) === 1);
      const one = pool.submit(() => semaphore.acquire());
      await until('both wait', () => sleepers(semaphore) === 2);
      semaphore.release();
      assert.equal(await one, true);
      semaphore.release(5);
      assert.equal(await many, true);
      assert.equal(semaphore.value, 0);
    },
  );

  test(on('an event lets all go who wait, also when it is cleared right after'), limits(place), async () => {
    const event = new Event(options());
    const ready = array(1);
    const pool = place.pool();
    for (let round = 0; round < 10; round++) {
      const waits = [1, 2].map((k) =>
        pool.submit((async_: boolean) => {
          Atomics.add(ready, 0, 1);
          return async_ ? event.waitAsync() : event.wait();
        }, k === 1),
      );
      const here = event.waitAsync();
      await until('all are about to wait', () => Atomics.load(ready, 0) === 2 * (round + 1));
      // Who is not asleep yet at the first pulse is at a later one.
      let done = false;
      const all = Promise.all([...waits, here]).finally(() => (done = true));
      while (!done) {
        event.set();
        event.clear();
        await turn();
      }
      assert.deepEqual(await all, [true, true, true]);
      assert.equal(event.isSet, false);
    }
    assert.deepEqual(await pool.submit(() => event.wait({ timeoutMs: 1 })), false);
    event.set();
    event.set();
    assert.deepEqual(await pool.submit(() => event.wait({ timeoutMs: 0 })), true);
    event.clear();
    const task = pool.submit(() => event.wait({ signal: context().signal }));
    task.cancel('enough');
    assert.equal(await reasonOf(task), 'enough');
  });

  test(on('a latch opens once and stays open'), limits(place), async () => {
    const latch = new Latch(3, options());
    const pool = place.pool();
    const waits = [pool.submit(() => latch.wait()), latch.waitAsync()];
    assert.equal(await latch.waitAsync({ timeoutMs: 1 }), false);
    assert.equal(latch.countDown(), 2);
    assert.equal(await pool.submit(() => latch.countDown(5)), 0);
    assert.deepEqual(await Promise.all(waits), [true, true]);
    assert.equal(latch.countDown(), 0);
    assert.deepEqual([latch.count, latch.wait(), await latch.waitAsync()], [0, true, true]);
  });
}

test('a pulse reaches exactly those who wait', limits(), async () => {
  const event = new Event();
  const waits = [event.waitAsync(), event.waitAsync(), event.waitAsync({ timeoutMs: 60_000 })];
  event.set();
  event.clear();
  const late = event.waitAsync({ timeoutMs: 5 });
  assert.deepEqual(await Promise.all([...waits, late]), [true, true, true, false]);
});

test('a bounded semaphore refuses a release too many, a plain one an overflow', limits(), () => {
  const bounded = new BoundedSemaphore(2, { name: 'room' });
  assert.throws(() => bounded.release(), {
    name: 'NotHeldError',
    message: /cannot release 1 of BoundedSemaphore "room": it has 2 of at most 2 permits/,
  });
  assert.equal(bounded.tryAcquire(), true);
  assert.throws(() => bounded.release(2), NotHeldError);
  bounded.release();
  assert.equal(bounded.value, 2);
  const plain = new Semaphore(2 ** 31 - 1);
  assert.throws(() => plain.release(), RangeError);
  assert.equal(plain.value, 2 ** 31 - 1);
  plain.acquire(2 ** 31 - 1);
  assert.equal(plain.value, 0);
});

test('run(), runAsync() and guards give the permit back, once', limits(), async () => {
  const semaphore = new Semaphore(1);
  assert.throws(
    () =>
      semaphore.run(() => {
        throw new SyntaxError('inside');
      }),
    SyntaxError,
  );
  await assert.rejects(
    semaphore.runAsync(() => Promise.reject(new SyntaxError('inside'))),
    SyntaxError,
  );
  const guard = await semaphore.guardAsync();
  assert.equal(semaphore.value, 0);
  await assert.rejects(semaphore.guardAsync({ timeoutMs: 0 }), { name: 'WaitTimeoutError' });
  guard.release();
  guard.release();
  assert.equal(semaphore.value, 1);
});

test('wrong numbers and limits are refused, also where nobody had to wait', limits(), async () => {
  for (const wrong of [-1, 1.5, 2 ** 31, NaN]) assert.throws(() => new Semaphore(wrong), RangeError);
  assert.throws(() => new Semaphore('1' as never), TypeError);
  const semaphore = new Semaphore(3);
  for (const wrong of [0, -1, 0.5]) {
    assert.throws(() => semaphore.acquire(wrong), RangeError);
    assert.throws(() => semaphore.release(wrong), RangeError);
    assert.throws(() => new Latch(3).countDown(wrong), RangeError);
  }
  assert.throws(() => new Latch(-1), RangeError);
  assert.throws(() => new Latch(undefined as never), TypeError);
  const event = new Event();
  event.set();
  for (const wait of [
    (limit: object) => semaphore.acquireAsync(1, limit),
    (limit: object) => event.waitAsync(limit),
    (limit: object) => new Latch(0).waitAsync(limit),
  ]) {
    assert.equal(await reasonOf(wait({ signal: aborted('before') })), 'before');
    assert.ok((await reasonOf(wait({ timeoutMs: -1 }))) instanceof RangeError);
  }
  assert.throws(() => event.wait({ signal: aborted(new SyntaxError('before')) }), SyntaxError);
  assert.equal(semaphore.value, 3);
});
