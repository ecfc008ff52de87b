/** Waits that fail or would never end, and what is left of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { shared } from 'tutti';
import {
  AbandonedError,
  Barrier,
  Channel,
  Condition,
  DeadlockError,
  Event,
  Latch,
  Mutex,
  Once,
  Queue,
  RwLock,
  selectAsync,
  Semaphore,
  SeqLock,
  WaitTimeoutError,
} from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);
const [{ pool }] = places as [(typeof places)[0]];

test(
  'a wait inside run() that has lost the mutex says so, and not that nothing is held',
  limits(),
  async () => {
    const mutex = new Mutex();
    const condition = new Condition(mutex);
    const state = shared(Int32Array, 1);
    const waiting = mutex.runAsync(() => condition.waitAsync());
    const victim = pool()
      .with({ graceMs: 0 })
      .submit(() => {
        mutex.lock();
        condition.notify();
        Atomics.store(state, 0, 1);
        for (;;);
      });
    await until('the mutex is held elsewhere', () => Atomics.load(state, 0) === 1);
    victim.cancel('terminated');
    assert.equal(await reasonOf(victim), 'terminated');
    const reason = await reasonOf(waiting);
    assert.ok(reason instanceof AbandonedError, String(reason));
    assert.equal(mutex.takeOver(), true);
    mutex.unlock();
  },
);

test('run() lets go of what it holds when its function throws, whatever that throws', limits(), () => {
  const mutex = new Mutex();
  const refuse = (): never => {
    throw new RangeError('no');
  };
  assert.throws(() => mutex.run(refuse), RangeError);
  assert.equal(mutex.locked, false);
  // Let go of inside: nothing is left to let go of, and the error of the function is what counts.
  assert.throws(
    () =>
      mutex.run(() => {
        mutex.unlock();
        refuse();
      }),
    RangeError,
  );
  assert.throws(() => mutex.run(() => mutex.unlock()), { name: 'NotHeldError' });
});

test(
  'Once: who has not waited long enough is told, and does not go on as if it were done',
  limits(),
  async () => {
    const once = new Once();
    const go = new Latch(1);
    const first = once.runAsync(() => go.waitAsync());
    const late = await reasonOf(once.runAsync(() => undefined, { timeoutMs: 5 }));
    assert.ok(late instanceof WaitTimeoutError, String(late));
    assert.equal(once.done, false);
    go.countDown();
    assert.equal(await first, true);
    assert.equal(await once.runAsync(() => undefined), false);
  },
);

test('a lock is free for who tries when those who waited for it or read have died', limits(), async () => {
  for (const how of ['reads', 'waits to write'] as const) {
    const lock = new RwLock();
    const state = shared(Int32Array, 1);
    if (how === 'waits to write') lock.lockRead();
    const victim = pool()
      .with({ graceMs: 0 })
      .submit((what: string) => {
        if (what === 'reads') lock.lockRead();
        Atomics.store(state, 0, 1);
        if (what === 'reads') for (;;);
        lock.lockWrite();
      }, how);
    await until('it is there', () => Atomics.load(state, 0) === 1);
    if (how === 'waits to write')
      await until('it waits', () => !lock.tryLockRead() || (lock.unlockRead(), false));
    victim.cancel('terminated');
    assert.equal(await reasonOf(victim), 'terminated');
    if (how === 'reads') {
      await until('the dead has let go', () => lock.tryLockWrite());
      lock.unlockWrite();
    } else {
      await until('the dead does not wait', () => lock.tryLockRead());
      lock.unlockRead();
      lock.unlockRead();
    }
  }
});

test('to read again while a writer waits is a deadlock, and an error', limits(), async () => {
  const lock = new RwLock({ name: 'catalogue' });
  const reading = new Latch(1);
  const reader = pool().submit(() => {
    lock.lockRead();
    reading.countDown();
    try {
      // Until the writer waits.
      while (lock.tryLockRead()) lock.unlockRead();
      lock.lockRead();
      return 'read';
    } finally {
      lock.unlockRead();
    }
  });
  const writer = pool().submit(() => {
    reading.wait();
    return lock.write(() => 'written');
  });
  const reason = await reasonOf(reader);
  assert.ok(reason instanceof DeadlockError, String(reason));
  assert.match(reason.message, /RwLock "catalogue" to read: this thread reads already/);
  assert.equal(await writer, 'written');
});

test('a freed place goes to a sender that fits, also when another one does not', limits(), async () => {
  const channel = new Channel<string>(64, { bytes: 1024 });
  for (let k = 0; k < 4; k++) assert.equal(channel.trySend(`${k}${'x'.repeat(200)}`), true);
  const large = channel.sendAsync('y'.repeat(800));
  const small = channel.sendAsync('z'.repeat(150));
  assert.equal((await channel.receiveAsync())[0], '0');
  assert.equal(await small, true);
  assert.deepEqual(
    [await channel.receiveAsync(), await channel.receiveAsync(), await channel.receiveAsync()].map(
      (one) => one[0],
    ),
    ['1', '2', '3'],
  );
  assert.equal((await channel.receiveAsync())[0], 'z');
  assert.equal(await large, true);
});

test('an action that throws after a reset breaks no other round than its own', limits(), async () => {
  const inAction = new Latch(1);
  const go = new Latch(1);
  const barrier = new Barrier(1, {
    action: () => {
      inAction.countDown();
      go.wait();
      throw new RangeError('action');
    },
  });
  const party = pool().submit(() => barrier.wait());
  await inAction.waitAsync();
  barrier.reset();
  go.countDown();
  const reason = await reasonOf(party);
  assert.ok(reason instanceof RangeError, String(reason));
  assert.equal(barrier.broken, false);
});

test('SeqLock and RwLock are written and read without blocking, too', limits(), async () => {
  const seq = new SeqLock();
  const pair = shared(Float64Array, 2);
  const writers = pool().submit(() => {
    for (let k = 0; k < 2000; k++) seq.write(() => pair.fill(k));
  });
  for (let k = 0; k < 200; k++) {
    const torn = await seq.readAsync(() => pair[0] !== pair[1]);
    assert.equal(torn, false);
    await seq.writeAsync(() => pair.fill(-k));
  }
  await writers;
  const lock = new RwLock();
  const order: string[] = [];
  await Promise.all([
    lock.writeAsync(async () => {
      await null;
      order.push('written');
    }),
    lock.readAsync(() => order.push('read')),
  ]);
  assert.deepEqual(order, ['written', 'read']);
  assert.equal(lock.readers, 0);
});

test(
  'a wait whose limit is misspelt is refused, whether or not it would have to wait',
  limits(),
  async () => {
    const wrong = { timeout: 20 } as object;
    const mutex = new Mutex({ name: 'm' });
    const message = /^Mutex "m": unknown option `timeout`, did you mean `timeoutMs`\?$/;
    const complains = (error: unknown): boolean => error instanceof TypeError && message.test(error.message);
    assert.throws(() => mutex.lock(wrong), complains);
    await assert.rejects(mutex.lockAsync(wrong), complains);
    assert.equal(mutex.locked, false);
    const misspelt = /unknown option `timeout`, did you mean `timeoutMs`/;
    const channel = new Channel<number>(1);
    const waits: Record<string, () => unknown> = {
      receive: () => channel.receiveAsync(wrong),
      send: () => channel.sendAsync(1, wrong),
      acquire: () => new Semaphore(1).acquireAsync(1, wrong),
      event: () => new Event().waitAsync(wrong),
      latch: () => new Latch(1).waitAsync(wrong),
      barrier: () => new Barrier(1).waitAsync(wrong),
      get: () => new Queue<number>().getAsync(wrong),
      read: () => new RwLock().readAsync(() => undefined, wrong),
      once: () => new Once().runAsync(() => undefined, wrong),
      select: () => selectAsync([channel], wrong),
    };
    for (const [name, wait] of Object.entries(waits))
      await assert.rejects(async () => await wait(), misspelt, name);
  },
);

test('a function that is not awaited must not be asynchronous', limits(), () => {
  const returned = /returned a promise, which is not waited for.*runAsync/;
  const mutex = new Mutex();
  const lock = new RwLock();
  const once = new Once();
  const later = async (): Promise<void> => undefined;
  assert.throws(() => mutex.run(later), returned);
  assert.throws(() => lock.read(later), returned);
  assert.throws(() => lock.write(later), returned);
  assert.throws(() => new Semaphore(1).run(later), returned);
  assert.throws(() => new SeqLock().write(later), /write it at once/);
  assert.throws(() => once.run(later as () => void), returned);
  assert.equal(mutex.locked, false);
  assert.equal(once.done, false, 'it is done when somebody has waited for it');
  mutex.lock();
  const condition = new Condition(mutex);
  assert.throws(() => condition.waitFor((async () => false) as never), /give its answer at once/);
  mutex.unlock();
});
