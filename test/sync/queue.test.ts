/** Queue, LifoQueue and PriorityQueue, seen from outside; in the spirit of CPython's test_queue.py. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { shared } from 'tutti';
import { ChannelClosedError, LifoQueue, NotHeldError, PriorityQueue, Queue } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { Dice } from '../soak/dice.ts';
import { limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;

  test(on('every item is got once, and join() waits until all are done'), limits(place), async () => {
    for (const jobs of [new Queue<number>(4, options()), new LifoQueue<number>(4, options())]) {
      const sum = shared(Int32Array, 1, place.name === 'processes' ? { across: 'processes' } : {});
      const pool = place.pool();
      const consumers = [1, 2].map(() =>
        pool.submit(async () => {
          let count = 0;
          for await (const job of jobs) {
            Atomics.add(sum, 0, job);
            jobs.taskDone();
            count++;
          }
          return count;
        }),
      );
      for (let round = 1; round <= 3; round++) {
        for (let k = 1; k <= 60; k++) await jobs.putAsync(k);
        assert.equal(await jobs.joinAsync(), true);
        assert.equal(sum[0], round * 1830);
        assert.equal(jobs.unfinished, 0);
      }
      jobs.shutdown();
      const counts = await Promise.all(consumers);
      assert.equal(counts[0]! + counts[1]!, 180);
    }
  });

  test(on('items are counted exactly while they are put and done at once'), limits(place), async () => {
    const jobs = new Queue<number>(16, options());
    const pool = place.pool();
    const producer = pool.submit(() => {
      for (let k = 0; k < 4000; k++) jobs.put(k);
    });
    const consumers = [1, 2].map(() =>
      pool.submit(() => {
        let got = 0;
        for (const job of jobs) {
          got += job >= 0 ? 1 : 0;
          jobs.taskDone();
        }
        return got;
      }),
    );
    await producer;
    assert.equal(await jobs.joinAsync(), true);
    assert.equal(jobs.unfinished, 0);
    assert.throws(() => jobs.taskDone(), NotHeldError);
    jobs.shutdown();
    const [a, b] = await Promise.all(consumers);
    assert.equal(a! + b!, 4000);
  });

  test(
    on('shutdown() lets what is in it be got; immediate, it drops that and ends join()'),
    limits(place),
    async () => {
      const pool = place.pool();
      const kept = new Queue<string>(4, options('kept'));
      for (const text of ['a', 'b']) kept.put(text);
      assert.equal(await pool.submit(() => kept.shutdown()), true);
      assert.equal(kept.shutdown(), false);
      assert.throws(() => kept.put('c'), { name: 'ChannelClosedError', message: /Queue "kept"/ });
      assert.deepEqual(await pool.submit(() => [...kept]), ['a', 'b']);
      assert.deepEqual([kept.unfinished, kept.closed], [2, true]);

      const dropped = new PriorityQueue<number>(4, options());
      for (const k of [3, 1, 2]) dropped.put(k, k);
      assert.equal(dropped.get(), 1);
      const waits = [
        pool.submit(() => dropped.join()),
        pool.submit(() => {
          dropped.put(4, 4);
          dropped.put(5, 5);
          return dropped.put(6, 6);
        }),
      ];
      const full = reasonOf(waits[1]!);
      await until('the producer waits', () => Atomics.load(dropped.memory.words, 5) === 1);
      assert.equal(dropped.shutdown(true), true);
      assert.ok((await full) instanceof ChannelClosedError);
      assert.deepEqual([dropped.size, dropped.unfinished, dropped.tryGet()], [0, 1, undefined]);
      assert.throws(() => dropped.get(), ChannelClosedError);
      dropped.taskDone(); // of the one that was got
      assert.equal(await waits[0], true);
    },
  );
}

test('priorities: the smallest first, equal ones in the order in which they came', limits(), (t) => {
  const seed = Date.now() % 2 ** 32;
  t.diagnostic(`seed ${seed}`);
  const dice = new Dice(seed);
  const queue = new PriorityQueue<number>(128);
  const model: { priority: number; k: number }[] = [];
  for (let k = 0; k < 2000; k++) {
    if (model.length < 128 && dice.chance(0.52)) {
      const priority = dice.pick([-Infinity, -1, -0, 0, 0.5, 3, Infinity]);
      assert.equal(queue.tryPut(k, priority), true);
      model.push({ priority, k });
    } else if (model.length > 0) {
      let least = 0;
      model.forEach((one, at) => {
        if (one.priority < model[least]!.priority) least = at;
      });
      const [first] = model.splice(least, 1);
      assert.equal(queue.tryGet()?.value, first!.k, `seed ${seed}, step ${k}`);
    } else assert.equal(queue.tryGet(), undefined);
  }
  assert.equal(queue.size, model.length);
});

test('orders, sizes and time limits of queues', limits(), async () => {
  const fifo = new Queue<number>(2);
  const lifo = new LifoQueue<number>(2);
  for (const queue of [fifo, lifo]) {
    assert.deepEqual([queue.isEmpty, queue.isFull, queue.capacity], [true, false, 2]);
    assert.equal(queue.tryPut(1) && queue.tryPut(2), true);
    assert.deepEqual([queue.isEmpty, queue.isFull, queue.size], [false, true, 2]);
    assert.equal(queue.tryPut(3), false);
    assert.equal(queue.put(3, { timeoutMs: 0 }), false);
    assert.equal(await queue.putAsync(3, { timeoutMs: 2 }), false);
    assert.throws(() => queue.put(3), { name: 'WouldBlockError' });
  }
  assert.deepEqual([fifo.get(), fifo.get(), lifo.get(), lifo.get()], [1, 2, 2, 1]);
  for (const queue of [fifo, lifo]) {
    assert.equal(queue.tryGet(), undefined);
    assert.throws(() => queue.get({ timeoutMs: 0 }), { name: 'WaitTimeoutError' });
    await assert.rejects(queue.getAsync({ timeoutMs: 2 }), { name: 'WaitTimeoutError' });
    assert.throws(() => queue.get(), { name: 'WouldBlockError' });
    assert.equal(queue.join({ timeoutMs: 0 }), false);
    assert.equal(await queue.joinAsync({ timeoutMs: 2 }), false);
    queue.taskDone();
    queue.taskDone();
    assert.equal(queue.join(), true);
    assert.throws(() => queue.taskDone(), NotHeldError);
  }
  fifo.put(undefined as never);
  assert.deepEqual(fifo.tryGet(), { value: undefined });
  for (const wrong of [NaN, '1', undefined])
    assert.throws(() => new PriorityQueue<number>().put(1, wrong as never), TypeError);
  assert.throws(() => new Queue(0), RangeError);
});
