/** Condition, seen from outside; in the spirit of CPython's ConditionTests. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { context, shared } from 'tutti';
import { Condition, Mutex, NotHeldError, ReentrantMutex } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, limits, places, reasonOf, seated, until } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;
  const array = (length: number): Int32Array =>
    shared(Int32Array, length, place.name === 'processes' ? { across: 'processes' } : {});

  test(
    on('notify(n) calls exactly n of those who wait, those first who came first'),
    limits(place),
    async () => {
      const mutex = new Mutex(options());
      const changed = new Condition(mutex);
      const order = array(8);
      const woken = array(1);
      const pool = place.pool();
      const waits: PromiseLike<boolean>[] = [];
      for (const k of [0, 1, 2]) {
        const wait = (mine: number): boolean => {
          mutex.lock();
          const got = changed.wait();
          order[Atomics.add(woken, 0, 1)] = mine + 10;
          mutex.unlock();
          return got;
        };
        waits.push(pool.submit(wait, k));
        // One after the other, in a known order.
        await until('it waits, too', () => seated(changed) === k + 1);
      }
      const call = async (n: number): Promise<number> => await mutex.runAsync(() => changed.notify(n));
      assert.equal(await call(1), 1);
      await until('one has woken', () => Atomics.load(woken, 0) === 1);
      assert.equal(seated(changed), 2);
      assert.equal(await call(5), 2);
      assert.deepEqual(await Promise.all(waits), [true, true, true]);
      assert.equal(order[0], 10);
      assert.deepEqual([order[1], order[2]].sort(), [11, 12]);
      assert.equal(await call(1), 0);
    },
  );

  test(on('wait() lets go of a ReentrantMutex however often it is held'), limits(place), async () => {
    const mutex = new ReentrantMutex(options());
    const changed = new Condition(mutex);
    const pool = place.pool();
    const depths = pool.submit(() => {
      mutex.lock();
      mutex.lock();
      mutex.lock();
      const called = changed.wait();
      const after = mutex.depth;
      const late = changed.wait({ timeoutMs: 1 });
      const afterLate = mutex.depth;
      for (let k = 0; k < 3; k++) mutex.unlock();
      return [called, after, late, afterLate, mutex.held];
    });
    await until('it waits', () => seated(changed) === 1);
    await mutex.lockAsync();
    assert.equal(changed.notifyAll(), 1);
    mutex.unlock();
    assert.deepEqual(await depths, [true, 3, false, 3, false]);
  });

  test(on('no call is lost when time limits race with it'), limits(place), async () => {
    const mutex = new Mutex(options());
    const changed = new Condition(mutex);
    const counts = array(2);
    const pool = place.pool();
    const waiting = pool.map([1, 2], () => {
      let called = 0;
      for (let k = 0; Atomics.load(counts, 1) === 0; k++)
        mutex.run(() => {
          if (changed.wait({ timeoutMs: k % 3 })) called++;
        });
      return called;
    });
    let notified = 0;
    for (let k = 0; k < 300; k++) {
      notified += await mutex.runAsync(() => changed.notify());
      if (k % 10 === 0) await turn();
    }
    Atomics.store(counts, 1, 1);
    const called = await waiting;
    assert.equal(called[0]! + called[1]!, notified);
  });

  test(
    on('an abort gives the reason, and the mutex back; the next waiter is called instead'),
    limits(place),
    async () => {
      const mutex = new Mutex(options());
      const changed = new Condition(mutex);
      const pool = place.pool();
      const held = array(1);
      const first = pool.submit(() => {
        mutex.lock();
        try {
          return changed.wait({ signal: context().signal });
        } finally {
          held[0] = mutex.held ? 1 : 2;
          mutex.unlock();
        }
      });
      await until('the first waits', () => seated(changed) === 1);
      const second = pool.submit(() => mutex.run(() => changed.wait()));
      await until('both wait', () => seated(changed) === 2);
      first.cancel('away');
      assert.equal(await reasonOf(first), 'away');
      await until('its seat is free', () => seated(changed) === 1);
      await until('it has the mutex back', () => Atomics.load(held, 0) > 0);
      assert.equal(held[0], 1);
      assert.equal(await mutex.runAsync(() => changed.notify()), 1);
      assert.equal(await second, true);
    },
  );

  test(
    on('waits whose time is up take no room: any number may follow each other'),
    limits(place),
    async () => {
      const mutex = new Mutex(options());
      const changed = new Condition(mutex, { maxWaiters: 2 });
      const pool = place.pool();
      const lasting = pool.submit(() => mutex.run(() => changed.wait()));
      await until('one waits', () => seated(changed) === 1);
      await mutex.lockAsync();
      for (let k = 0; k < 10; k++) assert.equal(await changed.waitAsync({ timeoutMs: 0 }), false);
      const other = changed.waitAsync();
      await mutex.lockAsync();
      const full = await reasonOf(changed.waitAsync());
      assert.ok(full instanceof RangeError, String(full));
      assert.match(full.message, /maxWaiters/);
      assert.equal(mutex.held, true);
      assert.equal(changed.notifyAll(), 2);
      mutex.unlock();
      assert.equal(await other, true);
      mutex.unlock();
      assert.equal(await lasting, true);
    },
  );
}

test('wait() and notify() need the mutex', limits(), async () => {
  const changed = new Condition(undefined, { name: 'news' });
  assert.throws(() => changed.notify(), { name: 'NotHeldError', message: /cannot notify Condition "news"/ });
  assert.throws(() => changed.wait(), NotHeldError);
  assert.ok((await reasonOf(changed.waitAsync())) instanceof NotHeldError);
  assert.throws(() => new Condition({} as never), TypeError);
});

test('a wait that was refused leaves no waiter behind, and the mutex held', limits(), async () => {
  const mutex = new Mutex();
  const changed = new Condition(mutex);
  await mutex.lockAsync();
  assert.equal(await reasonOf(changed.waitAsync({ signal: aborted('before') })), 'before');
  assert.ok((await reasonOf(changed.waitAsync({ timeoutMs: -1 }))) instanceof RangeError);
  assert.ok((await reasonOf(changed.waitForAsync(() => true, { timeoutMs: -1 }))) instanceof RangeError);
  assert.throws(() => changed.wait(), { name: 'WouldBlockError' });
  assert.equal(mutex.held, true);
  assert.equal(changed.notifyAll(), 0);
  // What comes then is for who waits.
  const waiting = changed.waitAsync();
  await mutex.lockAsync();
  assert.equal(changed.notify(), 1);
  mutex.unlock();
  assert.equal(await waiting, true);
  mutex.unlock();
});

test('waitForAsync() looks again, and once more when the time is up', limits(), async () => {
  const mutex = new Mutex();
  const changed = new Condition(mutex);
  let value = 0;
  const waiting = mutex.runAsync(() => changed.waitForAsync(() => value >= 3));
  for (let k = 0; k < 3; k++) {
    await until('it waits', () => seated(changed) === 1);
    await mutex.runAsync(() => {
      value++;
      changed.notify();
    });
  }
  assert.equal(await waiting, true);
  assert.equal(await mutex.runAsync(() => changed.waitForAsync(() => false, { timeoutMs: 3 })), false);
  let looks = 0;
  const last = await mutex.runAsync(() => changed.waitForAsync(() => ++looks === 2, { timeoutMs: 0 }));
  assert.equal(last, true);
});

test('waiters of one thread are called in the order in which they came', limits(), async () => {
  const mutex = new Mutex();
  const changed = new Condition(mutex);
  const order: number[] = [];
  const waits = Array.from({ length: 6 }, async (_, k) => {
    await mutex.lockAsync();
    await changed.waitAsync();
    order.push(k);
    mutex.unlock();
  });
  await until('all wait', () => seated(changed) === 6);
  for (let k = 0; k < 6; k++) {
    await mutex.runAsync(() => changed.notify());
    await until('it went on', () => order.length === k + 1);
  }
  await Promise.all(waits);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
});
