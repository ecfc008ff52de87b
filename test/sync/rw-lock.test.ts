/** RwLock and SeqLock, seen from outside. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { context, shared } from 'tutti';
import { DeadlockError, NotHeldError, RwLock, SeqLock } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

/** Writers that wait. */
const wanted = (lock: RwLock): number => Atomics.load(lock.memory.words, 1);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;
  const array = (length: number): Int32Array =>
    shared(Int32Array, length, place.name === 'processes' ? { across: 'processes' } : {});

  test(on('readers are in together, writers alone'), limits(place), async () => {
    const lock = new RwLock(options());
    const gate = array(1);
    const pool = place.pool();
    const readers = [1, 2].map(() =>
      pool.submit(() =>
        lock.read(() => {
          // Neither would get here if the other kept it out.
          Atomics.add(gate, 0, 1);
          while (Atomics.load(gate, 0) < 2);
          return lock.tryLockWrite();
        }),
      ),
    );
    assert.deepEqual(await Promise.all(readers), [false, false]);
    assert.equal(lock.readers, 0);
    assert.equal(lock.tryLockWrite(), true);
    assert.equal(lock.writing, true);
    const refused = await pool.submit(async () => [
      lock.tryLockRead(),
      lock.tryLockWrite(),
      lock.lockRead({ timeoutMs: 1 }),
      lock.lockWrite({ timeoutMs: 1 }),
      await lock.lockReadAsync({ timeoutMs: 1 }),
      await lock.lockWriteAsync({ timeoutMs: 0 }),
    ]);
    assert.ok(refused.every((one) => one === false));
    lock.unlockWrite();
    assert.equal(await pool.submit(() => lock.read(() => true)), true);
  });

  test(on('nobody sees a pair half-written'), limits(place), async () => {
    const lock = new RwLock(options());
    const sequence = new SeqLock(options());
    const pair = array(4);
    const pool = place.pool();
    const torn = await pool.map([0, 1, 2], async (who) => {
      let bad = 0;
      for (let k = 0; k < 400; k++) {
        if (who === 0 || k % 8 === 0) {
          const write = (): void => {
            pair[0] = pair[0]! + 1;
            for (let j = 0; j < 10; j++) void Math.sqrt(j);
            pair[1] = pair[1]! + 1;
          };
          if (k % 16 === 0) {
            const guard = await lock.writeGuardAsync();
            write();
            guard.release();
          } else lock.write(write);
          sequence.write(() => {
            pair[2] = pair[2]! + 1;
            for (let j = 0; j < 10; j++) void Math.sqrt(j);
            pair[3] = pair[3]! + 1;
          });
        } else {
          if (lock.read(() => pair[0] !== pair[1])) bad++;
          const [a, b] =
            k % 3 === 0
              ? await sequence.readAsync(() => [pair[2], pair[3]])
              : sequence.read(() => [pair[2], pair[3]]);
          if (a !== b) bad++;
        }
      }
      return bad;
    });
    assert.deepEqual(torn, [0, 0, 0]);
    assert.deepEqual([...pair], [500, 500, 500, 500]);
  });

  test(
    on('a writer that waits keeps new readers out; when it gives up they get in'),
    limits(place),
    async () => {
      const lock = new RwLock(options());
      const pool = place.pool();
      lock.lockRead();
      const writer = pool.submit(() => lock.lockWrite({ signal: context().signal }));
      await until('a writer waits', () => wanted(lock) === 1);
      assert.equal(await pool.submit(() => lock.tryLockRead()), false);
      assert.equal(await pool.submit(() => lock.lockRead({ timeoutMs: 1 })), false);
      const reader = pool.submit(() => lock.read(() => 'in'));
      writer.cancel('no more');
      assert.equal(await reasonOf(writer), 'no more');
      assert.equal(await reader, 'in');
      assert.equal(wanted(lock), 0);
      const other = pool.submit(() => lock.write(() => 'wrote'));
      lock.unlockRead();
      assert.equal(await other, 'wrote');
      assert.deepEqual([lock.readers, lock.writing, wanted(lock)], [0, false, 0]);
    },
  );

  test(on('who waits for itself is told, who does not hold it, too'), limits(place), async () => {
    const lock = new RwLock(options('catalogue'));
    const pool = place.pool();
    const errors = await pool.submit(() => {
      const found: unknown[] = [];
      const attempt = (act: () => unknown): void => {
        try {
          found.push(act());
        } catch (error) {
          found.push(error);
        }
      };
      attempt(() => lock.unlockRead());
      attempt(() => lock.unlockWrite());
      lock.lockWrite();
      attempt(() => lock.lockWrite());
      attempt(() => lock.lockRead());
      attempt(() => lock.lockRead({ timeoutMs: 1 }));
      lock.unlockWrite();
      lock.lockRead();
      attempt(() => lock.lockWrite());
      attempt(() => lock.lockWrite({ timeoutMs: 1 }));
      lock.unlockRead();
      return found;
    });
    const kinds = errors.map((one) => (one instanceof Error ? one.name : one));
    const twice = ['DeadlockError', 'DeadlockError', false, 'DeadlockError', false];
    assert.deepEqual(kinds, ['NotHeldError', 'NotHeldError', ...twice]);
    assert.match(String(errors[2]), /RwLock "catalogue"/);
    assert.ok(errors[2] instanceof DeadlockError && errors[0] instanceof NotHeldError);
    lock.lockRead();
    const foreign = await reasonOf(pool.submit(() => lock.unlockRead()));
    assert.ok(foreign instanceof NotHeldError, String(foreign));
    assert.equal(lock.readers, 1);
    lock.unlockRead();
  });
}

test('guards of a read-write lock let go once, also when the function throws', limits(), async () => {
  const lock = new RwLock();
  for (const act of ['read', 'write'] as const)
    assert.throws(
      () =>
        lock[act](() => {
          throw new SyntaxError(act);
        }),
      SyntaxError,
    );
  const guards = [lock.readGuard(), await lock.readGuardAsync()];
  assert.equal(lock.readers, 2);
  for (const guard of [...guards, ...guards]) guard.release();
  assert.equal(lock.readers, 0);
  lock.lockWrite();
  const late = { name: 'WaitTimeoutError', message: /RwLock could not be taken within [01] ms/ };
  await assert.rejects(lock.writeGuardAsync({ timeoutMs: 1 }), late);
  await assert.rejects(lock.readGuardAsync({ timeoutMs: 0 }), late);
  lock.unlockWrite();
});

test('a wrong limit or an aborted signal counts although the lock is free', limits(), async () => {
  const lock = new RwLock();
  for (const wait of [lock.lockReadAsync.bind(lock), lock.lockWriteAsync.bind(lock)]) {
    assert.equal(await reasonOf(wait({ signal: aborted('before') })), 'before');
    assert.ok((await reasonOf(wait({ timeoutMs: -1 }))) instanceof RangeError);
  }
  assert.deepEqual([lock.readers, lock.writing], [0, false]);
});

test(
  'two hundred readers of one thread are counted, and a writer comes after all of them',
  limits(),
  async () => {
    const lock = new RwLock();
    for (let k = 0; k < 200; k++) lock.lockRead();
    const writer = lock.lockWriteAsync();
    const late = lock.lockReadAsync();
    await turn();
    assert.equal(lock.readers, 200);
    for (let k = 0; k < 200; k++) lock.unlockRead();
    assert.throws(() => lock.unlockRead(), NotHeldError);
    assert.equal(await writer, true);
    lock.unlockWrite();
    assert.equal(await late, true);
    lock.unlockRead();
  },
);

test('what is thrown while a SeqLock is written leaves it usable', limits(), async () => {
  const lock = new SeqLock();
  const cell = new Int32Array(1);
  assert.throws(
    () =>
      lock.write(() => {
        throw new SyntaxError('half');
      }),
    SyntaxError,
  );
  assert.equal(
    lock.read(() => cell[0]),
    0,
  );
  assert.equal(await lock.readAsync(() => cell[0]), 0);
  assert.equal(
    lock.write(() => (cell[0] = 5)),
    5,
  );
  assert.throws(() => lock.write(() => lock.read(() => 1)), DeadlockError);
  assert.equal(lock.takeOver(), false);
});
