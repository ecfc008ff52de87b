/** Mutex, ReentrantMutex, Once and the guards, seen from outside; in the spirit of CPython's lock_tests.py. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { context, shared } from 'tutti';
import { DeadlockError, Mutex, NotHeldError, Once, ReentrantMutex, WaitTimeoutError } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, isContended, limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;
  const array = (length: number): Int32Array =>
    shared(Int32Array, length, place.name === 'processes' ? { across: 'processes' } : {});

  test(on('a mutex keeps others out in every form: nothing is lost'), limits(place), async () => {
    for (const mutex of [new Mutex(options()), new ReentrantMutex(options())]) {
      const cell = array(1);
      const pool = place.pool();
      const add = (): void => {
        const before = cell[0]!;
        for (let k = 0; k < 20; k++) void Math.sqrt(k);
        cell[0] = before + 1;
      };
      const blocking = pool.forEach(Array.from({ length: 2 }), () => {
        for (let k = 0; k < 1500; k++)
          mutex.run(() => {
            const before = cell[0]!;
            for (let j = 0; j < 20; j++) void Math.sqrt(j);
            cell[0] = before + 1;
          });
      });
      let here = 0;
      for (; here < 100; here++) {
        const guard = await mutex.guardAsync();
        add();
        guard.release();
        await turn();
      }
      await blocking;
      const inTasks = await pool.map([1, 2], async () => {
        for (let k = 0; k < 50; k++) {
          await mutex.lockAsync();
          cell[0] = cell[0]! + 1;
          mutex.unlock();
        }
        return mutex.held;
      });
      assert.deepEqual(inTasks, [false, false]);
      assert.equal(cell[0], 3000 + 100 + 100);
    }
  });

  test(on('a timed-out lock() returns false, and the mutex stays usable'), limits(place), async () => {
    for (const mutex of [new Mutex(options()), new ReentrantMutex(options())]) {
      const pool = place.pool();
      assert.equal(mutex.tryLock(), true);
      const missed = await pool.submit(async () => [
        mutex.tryLock(),
        mutex.lock({ timeoutMs: 0 }),
        mutex.lock({ timeoutMs: 5 }),
        await mutex.lockAsync({ timeoutMs: 0 }),
        await mutex.lockAsync({ timeoutMs: 5 }),
      ]);
      assert.deepEqual(missed, [false, false, false, false, false]);
      mutex.unlock();
      const taken = await pool.submit(() => {
        const got = mutex.lock({ timeoutMs: 0 });
        mutex.unlock();
        return got;
      });
      assert.equal(taken, true);
      assert.equal(mutex.lock(), true);
      mutex.unlock();
    }
  });

  test(on('who holds a mutex: locked, held, foreign and repeated release'), limits(place), async () => {
    for (const mutex of [new Mutex(options('books')), new ReentrantMutex(options('books'))]) {
      const pool = place.pool();
      assert.throws(() => mutex.unlock(), NotHeldError);
      mutex.lock();
      assert.equal(mutex.held, true);
      assert.equal(await pool.submit(() => mutex.held), false);
      const foreign = await reasonOf(pool.submit(() => mutex.unlock()));
      assert.ok(foreign instanceof NotHeldError, String(foreign));
      assert.match(foreign.message, /Mutex "books".*the main thread.* holds it/);
      assert.equal(mutex.held, true);
      mutex.unlock();
      assert.throws(() => mutex.unlock(), { name: 'NotHeldError', message: /nobody holds it/ });
    }
  });

  test(
    on('an abort ends a wait with its reason, and another waiter gets the mutex'),
    limits(place),
    async () => {
      const mutex = new Mutex(options());
      const pool = place.pool();
      mutex.lock();
      const controller = new AbortController();
      const mine = reasonOf(mutex.lockAsync({ signal: controller.signal }));
      const over = array(2);
      const task = pool.submit(() => {
        Atomics.store(over, 1, 1);
        try {
          mutex.lock({ signal: context().signal });
        } finally {
          Atomics.store(over, 0, mutex.held ? 2 : 1);
        }
      });
      const other = pool.submit(() => {
        mutex.lock();
        mutex.unlock();
        return 'got it';
      });
      await until('it waits', () => Atomics.load(over, 1) === 1 && isContended(mutex));
      controller.abort('enough');
      assert.equal(await mine, 'enough');
      const reason = new RangeError('stop');
      task.cancel(reason);
      assert.equal(await reasonOf(task), reason);
      // The task is over for us at once; its thread sees the signal a moment later.
      await until('it does not wait any more', () => Atomics.load(over, 0) > 0);
      assert.equal(over[0], 1);
      mutex.unlock();
      assert.equal(await other, 'got it');
      assert.equal(mutex.tryLock(), true);
      mutex.unlock();
    },
  );

  test(on('a wake-up that reaches an aborted waiter is passed on'), limits(place), async () => {
    const mutex = new Mutex(options());
    mutex.lock();
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const first = mutex.lockAsync({ signal: controller.signal }).catch(() => 'aborted');
      const second = mutex.lockAsync();
      await turn();
      controller.abort();
      mutex.unlock();
      const how = await first;
      if (how === true) mutex.unlock();
      assert.equal(await second, true); // and holds it in the next round
    }
    mutex.unlock();
    assert.equal(mutex.locked, false);
  });

  test(on('run() lets go whatever happens, a guard once'), limits(place), async () => {
    for (const mutex of [new Mutex(options()), new ReentrantMutex(options())]) {
      assert.throws(
        () =>
          mutex.run(() => {
            throw new SyntaxError('inside');
          }),
        SyntaxError,
      );
      assert.equal(mutex.held, false);
      const guard = mutex.guard();
      guard.release();
      assert.equal(mutex.tryLock(), true);
      guard.release(); // must not let go of what was taken since
      guard[Symbol.dispose]();
      assert.equal(mutex.held, true);
      const pool = place.pool();
      const late = await reasonOf(pool.submit(() => mutex.run(() => 1, { timeoutMs: 1 })));
      assert.ok(late instanceof WaitTimeoutError, String(late));
      mutex.unlock();
    }
    const mutex = new Mutex(options());
    const inside = mutex.runAsync(async () => {
      await turn();
      throw new SyntaxError('awaited');
    });
    assert.equal(mutex.locked, true);
    await assert.rejects(inside, SyntaxError);
    assert.equal(mutex.locked, false);
  });

  test(
    on('a thread that locks its own mutex again is told; a reentrant one counts'),
    limits(place),
    async () => {
      const plain = new Mutex(options('once'));
      const again = new ReentrantMutex(options());
      const pool = place.pool();
      const error = await reasonOf(pool.submit(() => plain.run(() => plain.lock())));
      assert.ok(error instanceof DeadlockError, String(error));
      assert.match(error.message, /cannot lock Mutex "once".*use a ReentrantMutex/);
      plain.lock();
      assert.throws(() => plain.lock(), DeadlockError);
      plain.unlock();
      const depths = await pool.submit(async () => {
        const found: unknown[] = [again.depth];
        again.lock();
        again.tryLock();
        await again.lockAsync();
        found.push(again.depth);
        again.unlock();
        again.unlock();
        found.push(again.depth, again.held);
        return found;
      });
      assert.deepEqual(depths, [0, 3, 1, true]);
      // The task has left it locked: one more unlock, by the same thread alone.
      assert.equal(again.tryLock(), false);
      assert.equal(again.depth, 0);
    },
  );

  test(
    on('Once runs once, in whichever form; when it throws the next one tries'),
    limits(place),
    async () => {
      const once = new Once(options());
      const cell = array(2);
      const pool = place.pool();
      await assert.rejects(
        pool.submit(() =>
          once.run(() => {
            throw new SyntaxError('first');
          }),
        ),
        SyntaxError,
      );
      await assert.rejects(
        once.runAsync(async () => {
          await turn();
          throw new SyntaxError('second');
        }),
        SyntaxError,
      );
      assert.equal(once.done, false);
      const ran = await pool.map([...Array(20).keys()], (k) => {
        const act = (): void => {
          Atomics.add(cell, 0, 1);
          Atomics.store(cell, 1, 7);
        };
        const mine = k % 2 === 0 ? once.run(act) : once.runAsync(act);
        if (k % 2 === 0 && Atomics.load(cell, 1) !== 7) throw new RangeError('returned before it was done');
        return mine;
      });
      assert.equal(ran.filter(Boolean).length, 1);
      assert.deepEqual([cell[0], once.done, once.run(() => assert.fail('again'))], [1, true, false]);
      assert.equal(once.retry(), false);
    },
  );
}

test(
  'lockAsync() keeps two functions of one thread apart, in the order that the mutex gives',
  limits(),
  async () => {
    const mutex = new Mutex();
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, () =>
        mutex.runAsync(async () => {
          most = Math.max(most, ++inside);
          await turn();
          inside--;
        }),
      ),
    );
    assert.equal(most, 1);
  },
);

test('an aborted signal and a wrong limit count before a free lock is taken', limits(), async () => {
  for (const mutex of [new Mutex({ name: 'm' }), new ReentrantMutex({ name: 'm' })]) {
    assert.throws(
      () => mutex.lock({ signal: aborted(new SyntaxError('before')) }),
      new SyntaxError('before'),
    );
    assert.equal(await reasonOf(mutex.lockAsync({ signal: aborted('before') })), 'before');
    assert.throws(() => mutex.lock({ timeoutMs: -1 }), {
      name: 'RangeError',
      message: /Mutex "m".*timeoutMs/,
    });
    assert.throws(() => mutex.lock({ timeoutMs: NaN }), RangeError);
    assert.throws(() => mutex.lock({ timeoutMs: '1' as never }), TypeError);
    assert.throws(() => mutex.lock({ signal: {} as never }), { name: 'TypeError', message: /AbortSignal/ });
    assert.throws(() => mutex.lock(5 as never), TypeError);
    assert.ok((await reasonOf(mutex.lockAsync({ timeoutMs: -1 }))) instanceof RangeError);
    assert.equal(mutex.held, false);
    assert.equal(mutex.lock({ timeoutMs: Infinity }), true);
    mutex.unlock();
  }
  assert.throws(() => new Mutex({ across: 'machines' as never }), RangeError);
  assert.throws(() => new Mutex({ nmae: 'm' } as never), TypeError);
});
