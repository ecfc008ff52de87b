/** Workers die while they hold something: whoever waits is told, or goes on. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { shared, WorkerCrashedError, type Task } from 'tutti';
import {
  AbandonedError,
  AtomicInt32,
  Channel,
  Condition,
  Mutex,
  Once,
  Queue,
  ReentrantMutex,
  RwLock,
  select,
  SeqLock,
} from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { isContended, limits, places, reasonOf, seated, until, type Place } from './places.ts';

after(assertNoLeaks);

type Way = 'exits' | 'is terminated' | 'is killed';

/** Where it has come to: 1, it holds what it was to take; 2, it may die. */
class Victim {
  readonly #state: Int32Array;
  readonly #task: Task<void>;
  readonly #way: Way;

  constructor(place: Place, way: Way, take: () => void) {
    const state = shared(Int32Array, 1, place.name === 'processes' ? { across: 'processes' } : {});
    this.#state = state;
    this.#way = way;
    this.#task = place
      .pool()
      .with({ graceMs: 0 })
      .submit((how: Way) => {
        take();
        Atomics.store(state, 0, 1);
        const nobody = new Int32Array(new SharedArrayBuffer(4));
        while (Atomics.load(state, 0) !== 2) Atomics.wait(nobody, 0, 0, 1);
        if (how === 'exits') process.exit(3);
        if (how === 'is killed') process.kill(process.pid, 'SIGKILL');
        for (;;);
      }, way);
    this.#task.catch(() => undefined); // looked at in die()
  }

  async holds(): Promise<void> {
    await until('it holds what it was to take', () => Atomics.load(this.#state, 0) === 1);
  }

  async die(): Promise<void> {
    Atomics.store(this.#state, 0, 2);
    if (this.#way === 'is terminated') this.#task.cancel('terminated');
    const reason = await reasonOf(this.#task);
    assert.ok(reason === 'terminated' || reason instanceof WorkerCrashedError, String(reason));
  }
}

for (const place of places) {
  const { options } = place;
  const ways: readonly Way[] =
    place.name === 'processes' ? ['exits', 'is killed'] : ['exits', 'is terminated'];
  test(
    `a worker is terminated in a Once and a SeqLock: others are told until it is repaired (${place.name})`,
    limits(place),
    async () => {
      const pool = place.pool();
      const once = new Once(options());
      const sequence = new SeqLock(options());
      const never = new AtomicInt32(0, options());
      const loop = (): void => {
        never.value = 1;
        for (;;);
      };
      for (const [start, use] of [
        [() => once.run(loop), () => once.runAsync(() => undefined)],
        [() => sequence.write(loop), () => sequence.readAsync(() => undefined)],
      ] as const) {
        never.value = 0;
        const task = pool.with({ graceMs: 0 }).submit(() => void start());
        await until('it is in', () => never.value === 1);
        const waiting = reasonOf(use());
        task.cancel('terminated');
        assert.equal(await reasonOf(task), 'terminated');
        assert.ok((await waiting) instanceof AbandonedError);
      }
      assert.deepEqual([once.retry(), once.retry()], [true, false]);
      assert.equal(await pool.submit(() => once.run(() => undefined)), true);
      assert.deepEqual([sequence.takeOver(), sequence.takeOver()], [true, false]);
      assert.equal(await pool.submit(() => sequence.read(() => 5)), 5);
    },
  );

  for (const way of ways) {
    const on = (what: string): string => `a worker ${way} ${what} (${place.name})`;

    test(on('while it holds a mutex: waiters are told until it is taken over'), limits(place), async () => {
      const pool = place.pool();
      for (const mutex of [new Mutex(options('ledger')), new ReentrantMutex(options('ledger'))]) {
        const victim = new Victim(place, way, () => {
          mutex.lock();
        });
        await victim.holds();
        assert.equal(mutex.takeOver(), false);
        const waits = [reasonOf(pool.submit(() => mutex.lock())), reasonOf(mutex.lockAsync())];
        await until('somebody waits', () => isContended(mutex));
        await victim.die();
        for (const error of await Promise.all(waits)) {
          assert.ok(error instanceof AbandonedError, String(error));
          assert.match(error.message, /Mutex "ledger".* died while it held it.*takeOver\(\)/);
        }
        assert.throws(() => mutex.lock({ timeoutMs: 0 }), AbandonedError);
        assert.deepEqual([mutex.abandoned, mutex.held, mutex.tryLock()], [true, false, false]);
        assert.equal(await pool.submit(() => mutex.takeOver() && mutex.held), true);
        // The worker that took it over lives, and has not let go.
        assert.equal(await mutex.lockAsync({ timeoutMs: 0 }), false);
        assert.deepEqual([mutex.abandoned, mutex.takeOver()], [false, false]);
      }
    });

    test(
      on('while it has a read-write lock: readers let go, writers leave it to be repaired'),
      limits(place),
      async () => {
        const pool = place.pool();
        const lock = new RwLock(options('index'));
        const reader = new Victim(place, way, () => {
          lock.lockRead();
        });
        await reader.holds();
        const writing = pool.submit(() => lock.write(() => 'wrote'));
        await until('a writer waits', () => Atomics.load(lock.memory.words, 1) === 1);
        await reader.die();
        assert.equal(await writing, 'wrote');

        lock.lockRead();
        const queued = pool.with({ graceMs: 0 }).submit((how: Way) => {
          // Dies as one that waits to write.
          if (how === 'is terminated') return lock.lockWrite();
          setTimeout(() => process.exit(3), 0);
          return lock.lockWriteAsync();
        }, way);
        const gone = reasonOf(queued);
        if (way === 'is terminated') {
          await until('a writer waits', () => Atomics.load(lock.memory.words, 1) === 1);
          queued.cancel('terminated');
        }
        await gone;
        assert.equal(await pool.submit(() => lock.read(() => 'read')), 'read');
        lock.unlockRead();

        const writer = new Victim(place, way, () => {
          lock.lockWrite();
        });
        await writer.holds();
        const waits = [pool.submit(() => lock.lockRead()), lock.lockReadAsync(), lock.lockWriteAsync()].map(
          reasonOf,
        );
        await writer.die();
        for (const error of await Promise.all(waits)) {
          assert.ok(error instanceof AbandonedError, String(error));
          assert.match(error.message, /RwLock "index"/);
        }
        assert.equal(lock.takeOver(), true);
        lock.unlockWrite();
        assert.equal(await pool.submit(() => lock.read(() => 'read')), 'read');
      },
    );

    test(on('while it waits at a condition: the call goes to the next'), limits(place), async () => {
      const pool = place.pool();
      const mutex = new Mutex(options());
      const changed = new Condition(mutex, { maxWaiters: 2 });
      for (let round = 0; round < 2; round++) {
        const task = pool.with({ graceMs: 0 }).submit((how: Way) => {
          mutex.lock();
          if (how === 'is terminated') return changed.wait();
          const end = (): void => {
            if (how === 'is killed') process.kill(process.pid, 'SIGKILL');
            process.exit(3);
          };
          // When this thread has let go of the mutex, and waits.
          setTimeout(end, 1);
          return changed.waitAsync();
        }, way);
        const gone = reasonOf(task);
        if (way === 'is terminated') {
          await until('it waits', () => seated(changed) === 1);
          // First it takes its seat, then it lets go.
          await mutex.runAsync(() => undefined);
          task.cancel('terminated');
        }
        await gone;
        const next = pool.submit(() => mutex.run(() => changed.wait()));
        await until('the next waits', () => seated(changed) === 2);
        assert.equal(await mutex.runAsync(() => changed.notify()), 1);
        assert.equal(await next, true);
      }
    });

    test(on('with the inner lock of a channel: nobody hangs'), limits(place), async () => {
      const pool = place.pool();
      for (const channel of [
        new Channel<number>(2, options('wire')),
        new Queue<number>(2, options('wire')),
      ]) {
        const receive = (): unknown => ('get' in channel ? channel.get() : channel.receive());
        const waiting = reasonOf(pool.submit(() => receive()));
        await until('it waits', () => Atomics.load(channel.words, 4) === 1);
        const victim = new Victim(place, way, () => {
          while (Atomics.compareExchange(channel.words, 0, 0, channel.agents.me) !== 0);
        });
        await victim.holds();
        await victim.die();
        for (const error of [
          await waiting,
          await reasonOf('get' in channel ? channel.getAsync() : channel.receiveAsync()),
        ]) {
          assert.ok(error instanceof AbandonedError, String(error));
          assert.match(error.message, /"wire".*make a new one/);
        }
        assert.throws(() => ('tryPut' in channel ? channel.tryPut(1) : channel.trySend(1)), AbandonedError);
      }
    });
  }
}

test('workers die in select(), and the next is told all the same', limits(), async () => {
  const place = places[0]!;
  const channel = new Channel<number>(2);
  for (let k = 0; k < 3; k++) {
    const task = place
      .pool()
      .with({ graceMs: 0 })
      .submit(() => select([channel]));
    await until('it listens', () => Atomics.load(channel.words, 6) === k + 1);
    // Not while it has the lock inside: that would be another story.
    await until(
      'nobody has the lock',
      () => Atomics.compareExchange(channel.words, 0, 0, channel.agents.me) === 0,
    );
    task.cancel('terminated');
    await reasonOf(task);
    const listeners = channel.words.subarray(16, 48).filter((id) => id !== 0);
    await until('its worker is gone', () => listeners.every((id) => channel.agents.isDead(id)));
    Atomics.store(channel.words, 0, 0);
    channel.memory.notify(0, Infinity);
  }
  const next = place.pool().submit(() => select([channel]).value);
  await channel.sendAsync(5);
  assert.equal(await next, 5);
});

test('threads that a terminated worker has started are known to be dead, too', limits(), async () => {
  const mutex = new Mutex();
  const held = new AtomicInt32();
  const task = places[0]!
    .pool()
    .with({ graceMs: 0 })
    .submit(async () => {
      const { threads } = await import('tutti');
      const inner = threads({ workers: 1 });
      await inner.submit(() => {
        mutex.lock();
        held.value = 1;
        for (;;);
      });
    });
  await until('the inner worker holds it', () => held.value === 1);
  const waiting = reasonOf(mutex.lockAsync());
  task.cancel('terminated');
  assert.equal(await reasonOf(task), 'terminated');
  assert.ok((await waiting) instanceof AbandonedError);
  assert.equal(mutex.takeOver(), true);
  mutex.unlock();
});
