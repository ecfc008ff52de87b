/** How the primitives travel: they arrive as what they were, wherever they are in a value. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { threads } from 'tutti';
import {
  AtomicFloat64,
  AtomicInt32,
  AtomicInt64,
  Barrier,
  BoundedSemaphore,
  Channel,
  Condition,
  Event,
  Latch,
  LifoQueue,
  Mutex,
  Once,
  pipe,
  PriorityQueue,
  Queue,
  RecordChannel,
  ReentrantMutex,
  RwLock,
  Semaphore,
  SeqLock,
} from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { limits, places } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;

  test(
    on('all are the same primitive in a task, as arguments, in objects and in results'),
    limits(place),
    async () => {
      const mutex = new Mutex(options('m'));
      const [here, there] = pipe<number>(4, options('p'));
      const all = {
        mutex,
        again: new ReentrantMutex(options('r')),
        semaphore: new Semaphore(5, options('s')),
        bounded: new BoundedSemaphore(2, options('b')),
        lock: new RwLock(options('rw')),
        changed: new Condition(mutex, { name: 'c' }),
        event: new Event(options('e')),
        latch: new Latch(2, options('l')),
        barrier: new Barrier(1, { ...options('g'), action: () => undefined }),
        once: new Once(options('o')),
        sequence: new SeqLock(options('q')),
        int: new AtomicInt32(7, options('i')),
        long: new AtomicInt64(7n, options('j')),
        float: new AtomicFloat64(0.5, options('f')),
        channel: new Channel<number>(3, options('ch')),
        queue: new Queue<number>(3, options('fifo')),
        stack: new LifoQueue<number>(3, options('lifo')),
        urgent: new PriorityQueue<number>(3, options('prio')),
        records: new RecordChannel(Int16Array, { ...options('rec'), width: 2, capacity: 5 }),
        there,
      };
      const back = await place.pool().submit(
        (one: typeof all, list: (typeof all)[]) => {
          if (list[0] !== one || one.changed.mutex !== one.mutex)
            throw new TypeError('they are not the same');
          one.mutex.lock();
          one.mutex.unlock();
          one.again.run(() => one.again.depth);
          one.semaphore.release();
          one.bounded.acquire();
          one.lock.write(() => undefined);
          one.mutex.run(() => one.changed.notifyAll());
          one.event.set();
          one.latch.countDown();
          one.barrier.wait();
          one.once.run(() => undefined);
          one.sequence.write(() => undefined);
          one.int.add(1);
          one.long.add(1n);
          one.float.add(0.25);
          one.channel.send(1);
          one.queue.put(2);
          one.stack.put(3);
          one.urgent.put(4, 1);
          one.records.send([5, 6]);
          one.there.send(7);
          return { one, names: Object.values(one).map((each) => ('name' in each ? each.name : 'pipe')) };
        },
        all,
        [all],
      );
      assert.equal(back.names.join(' '), 'm r s b rw c e l g o q i j f ch fifo lifo prio rec pipe');
      // What has come back is the same once more.
      const { one } = back;
      for (const each of [all, one]) {
        assert.deepEqual([each.semaphore.value, each.bounded.value], [6, 1]);
        assert.deepEqual([each.event.isSet, each.latch.count, each.once.done], [true, 1, true]);
        assert.deepEqual([each.int.value, each.long.value, each.float.value], [8, 8n, 0.75]);
        assert.deepEqual(
          [each.channel.size, each.queue.size, each.stack.size, each.urgent.size],
          [1, 1, 1, 1],
        );
      }
      assert.ok(one.mutex instanceof Mutex && one.records instanceof RecordChannel);
      assert.deepEqual([one.records.width, one.records.capacity, one.barrier.parties], [2, 5, 1]);
      const into = new Int16Array(2);
      assert.equal(one.records.tryReceive(into), 1);
      assert.deepEqual([...into], [5, 6]);
      assert.deepEqual(
        [one.channel.receive(), one.queue.get(), one.stack.get(), one.urgent.get()],
        [1, 2, 3, 4],
      );
      assert.equal(here.receive(), 7);
      mutex.lock();
      assert.equal(one.mutex.held, true);
      one.mutex.unlock();
      assert.equal(mutex.held, false);
      assert.throws(() => one.bounded.release(2), { name: 'NotHeldError' });
    },
  );

  test(
    on('a channel carries other primitives, and pools in pools have the same'),
    limits(place),
    async () => {
      const count = new AtomicInt32(0, options('count'));
      const channel = new Channel<any>(4, options());
      const inner = new Mutex(options('inner'));
      if (place.name === 'processes') {
        await channel.sendAsync({ inner, count });
        const found = await place.pool().submit(() => {
          const { inner: mutex, count: atomic } = channel.receive();
          return [mutex.run(() => atomic.add(1)), mutex.name];
        });
        assert.deepEqual(found, [0, 'inner']);
      }
      await place.pool().submit(async () => {
        const { threads: nested } = await import('tutti');
        const pool = nested({ workers: 2 });
        await pool.forEach([1, 2, 3, 4], () => {
          inner.run(() => count.add(1));
        });
        await pool.close();
      });
      assert.equal(count.value, place.name === 'processes' ? 5 : 4);
    },
  );
}

test(
  'memory of threads does not leave its process, and the error says what to do',
  limits(places[1]),
  async () => {
    const mutex = new Mutex({ name: 'here' });
    await assert.rejects(
      places[1]!.pool().submit(() => mutex.run(() => 1)),
      { message: /across: 'processes'/ },
    );
  },
);

test('serial pools and captured primitives are the very objects', limits(), async () => {
  const latch = new Latch(3);
  const pool = threads({ workers: 1 });
  await pool.submit((one: Latch) => {
    one.countDown();
    latch.countDown();
  }, latch);
  await pool.close();
  assert.equal(latch.count, 1);
});
