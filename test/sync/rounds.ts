/** What the stress of `stress.ts` is made of: a round of each primitive. */
import assert from 'node:assert/strict';
import type { Executor } from 'tutti';
import {
  AtomicFloat64,
  AtomicInt64,
  Barrier,
  Channel,
  Condition,
  Event,
  Latch,
  Mutex,
  PriorityQueue,
  Queue,
  RecordChannel,
  ReentrantMutex,
  RwLock,
  select,
  Semaphore,
  SeqLock,
  type SyncOptions,
} from 'tutti/sync';
import { Dice } from '../soak/dice.ts';

export const workers = 3;

export interface Load {
  readonly pool: Executor;
  readonly dice: Dice;
  readonly sync: SyncOptions;
  /** How many operations each worker does, about. */
  readonly n: number;
  readonly numbers: (length: number) => Int32Array;
}

/** Runs a round; returns how many operations it was. */
export type Round = (load: Load) => Promise<number>;

/** `run` in each worker at once, with a number of its own and a seed. */
function inAll<A extends unknown[], R>(
  { pool, dice }: Load,
  run: (who: number, seed: number, ...args: A) => R,
  ...args: A
): Promise<Awaited<R>[]> {
  const tasks = [0, 1, 2].map((who) => pool.submit(run, who, dice.from(0, 2 ** 30), ...args));
  return Promise.all(tasks) as Promise<Awaited<R>[]>;
}

export const rounds: Record<string, Round> = {
  async mutex(load) {
    const { sync, n, numbers } = load;
    const mutex = load.dice.chance(0.5) ? new Mutex(sync) : new ReentrantMutex(sync);
    const cells = numbers(2);
    const run = async (_: number, seed: number): Promise<number> => {
      const dice = new Dice(seed);
      let done = 0;
      const once = (): void => {
        cells[0] = cells[0]! + 1;
        cells[1] = cells[0]!;
        done++;
      };
      for (let k = 0; k < n; k++) {
        const form = dice.from(0, 6);
        if (form === 0) {
          if (!mutex.tryLock()) continue;
        } else if (form === 1) {
          if (!mutex.lock({ timeoutMs: 0 })) continue;
        } else if (form === 2 && k % 16 === 0) {
          if (!(await mutex.lockAsync(dice.chance(0.5) ? { timeoutMs: 1 } : undefined))) continue;
        } else if (form === 3 && mutex instanceof ReentrantMutex) {
          mutex.run(() => mutex.run(once));
          continue;
        } else mutex.lock();
        once();
        mutex.unlock();
      }
      return done;
    };
    let here = 0;
    const work = inAll(load, run);
    for (; here < 50; here++) {
      const guard = await mutex.guardAsync();
      cells[0] = cells[0]! + 1;
      guard.release();
    }
    const counts = await work;
    const sum = counts.reduce((a, b) => a + b, here);
    assert.equal(cells[0], sum);
    assert.equal(mutex.tryLock(), true);
    mutex.unlock();
    return sum;
  },

  async semaphore(load) {
    const { sync, n, numbers, dice } = load;
    const permits = dice.from(2, 4);
    const semaphore = new Semaphore(permits, sync);
    const cells = numbers(2);
    const run = (_: number, seed: number): number => {
      const own = new Dice(seed);
      let done = 0;
      for (let k = 0; k < n; k++) {
        const many = own.from(1, 2);
        if (
          own.chance(0.3) ? !semaphore.acquire(many, { timeoutMs: own.from(0, 1) }) : !semaphore.acquire(many)
        )
          continue;
        if (Atomics.add(cells, 0, many) + many > permits) Atomics.add(cells, 1, 1);
        Atomics.sub(cells, 0, many);
        semaphore.release(many);
        done++;
      }
      return done;
    };
    const counts = await inAll(load, run);
    assert.deepEqual([...cells, semaphore.value], [0, 0, permits]);
    return counts.reduce((a, b) => a + b);
  },

  async rwLock(load) {
    const { sync, n, numbers } = load;
    const lock = new RwLock(sync);
    const sequence = new SeqLock(sync);
    const cells = numbers(4);
    const run = (_: number, seed: number): number[] => {
      const own = new Dice(seed);
      let [writes, torn] = [0, 0];
      for (let k = 0; k < n; k++) {
        if (own.chance(0.2)) {
          if (own.chance(0.3) ? !lock.lockWrite({ timeoutMs: 0 }) : !lock.lockWrite()) continue;
          cells[0] = cells[0]! + 1;
          cells[1] = cells[1]! + 1;
          lock.unlockWrite();
          sequence.write(() => {
            cells[2] = cells[2]! + 1;
            cells[3] = cells[3]! + 1;
          });
          writes++;
        } else {
          if (own.chance(0.3) ? !lock.lockRead({ timeoutMs: 0 }) : !lock.lockRead()) continue;
          if (cells[0] !== cells[1]) torn++;
          lock.unlockRead();
          const [a, b] = sequence.read(() => [cells[2], cells[3]]);
          if (a !== b) torn++;
        }
      }
      return [writes, torn];
    };
    const counts = await inAll(load, run);
    const writes = counts.reduce((sum, [one]) => sum + one!, 0);
    assert.deepEqual([...cells], [writes, writes, writes, writes]);
    assert.deepEqual(
      counts.map(([, torn]) => torn),
      [0, 0, 0],
    );
    assert.deepEqual([lock.readers, lock.writing], [0, false]);
    return 2 * workers * n;
  },

  async barrier(load) {
    const { sync, numbers } = load;
    const meetings = Math.ceil(load.n / 40);
    const cells = numbers(2);
    const barrier = new Barrier(workers, { ...sync, action: () => void (cells[1] = cells[1]! + 1) });
    const run = (): number => {
      let last = 0;
      for (let k = 0; k < meetings; k++) {
        Atomics.add(cells, 0, 1);
        if (barrier.wait() === workers - 1) last++;
        const seen = Atomics.load(cells, 0);
        if (seen < workers * (k + 1) || seen > workers * (k + 2)) throw new RangeError(`let go at ${seen}`);
      }
      return last;
    };
    const last = await inAll(load, run);
    assert.equal(
      last.reduce((a, b) => a + b),
      meetings,
    );
    assert.deepEqual([...cells], [workers * meetings, meetings]);
    return workers * meetings;
  },

  async condition(load) {
    const { sync, numbers, dice } = load;
    const items = Math.ceil(load.n / 10);
    const room = dice.from(1, 5);
    const mutex = dice.chance(0.5) ? new Mutex(sync) : new ReentrantMutex(sync);
    const [filled, freed] = [new Condition(mutex), new Condition(mutex)];
    // How many are in; the sum of what was taken; how many were taken.
    const cells = numbers(3);
    const run = (who: number, seed: number): void => {
      const own = new Dice(seed);
      if (who === 0) {
        for (let k = 0; k < items; k++)
          mutex.run(() => {
            freed.waitFor(() => cells[0]! < room);
            cells[0] = cells[0]! + 1;
            filled.notify();
          });
        return;
      }
      for (;;) {
        const over = mutex.run(() => {
          while (cells[0] === 0 && cells[2]! < items) {
            if (!filled.wait(own.chance(0.3) ? { timeoutMs: own.from(0, 2) } : {}) && cells[2]! >= items)
              break;
          }
          if (cells[0] === 0) return true;
          cells[0] = cells[0]! - 1;
          cells[2] = cells[2]! + 1;
          freed.notify();
          if (cells[2] === items) filled.notifyAll();
          return false;
        });
        if (over) return;
      }
    };
    await inAll(load, run);
    assert.deepEqual([cells[0], cells[2]], [0, items]);
    return 2 * items;
  },

  async event(load) {
    const { sync } = load;
    const turns = Math.ceil(load.n / 60);
    const [ping, pong, end] = [new Event(sync), new Event(sync), new Latch(2, sync)];
    const run = (who: number): number => {
      if (who === 2) {
        end.wait();
        return 0;
      }
      for (let k = 0; k < turns; k++) {
        const [mine, other] = who === 0 ? [ping, pong] : [pong, ping];
        if (who === 0) other.set();
        mine.wait();
        mine.clear();
        if (who === 1) other.set();
      }
      end.countDown();
      return turns;
    };
    const counts = await inAll(load, run);
    assert.equal(end.count, 0);
    return 4 * counts[0]!;
  },

  async channel(load) {
    const { sync, dice } = load;
    const items = Math.ceil(load.n / 3);
    const channel = new Channel<number | string>(dice.from(1, 40), { ...sync, bytes: 8192 });
    const run = (who: number, seed: number): { got: number; sum: number; disorder: number } => {
      const own = new Dice(seed);
      if (who < 2) {
        for (let k = 0; k < items; k++) {
          const value = own.chance(0.2) ? `${who}.${k}.${'x'.repeat(own.from(0, 600))}` : 2 * k + who;
          while (!channel.send(value, own.chance(0.2) ? { timeoutMs: own.from(0, 1) } : undefined));
        }
        return { got: 0, sum: 0, disorder: 0 };
      }
      const last = [-1, -1];
      const result = { got: 0, sum: 0, disorder: 0 };
      for (const value of channel) {
        const parts =
          typeof value === 'number' ? [value % 2, (value - (value % 2)) / 2] : value.split('.').map(Number);
        const [from, k] = parts as [number, number];
        if (k <= last[from]!) result.disorder++;
        last[from] = k;
        result.got++;
        result.sum += k;
        if (result.got === 2 * items) break;
      }
      return result;
    };
    const results = await inAll(load, run);
    assert.deepEqual(results[2], { got: 2 * items, sum: items * (items - 1), disorder: 0 });
    assert.equal(channel.size, 0);
    return 4 * items;
  },

  async queue(load) {
    const { sync, dice, pool } = load;
    const items = Math.ceil(load.n / 3);
    const capacity = dice.from(1, 30);
    const jobs = dice.chance(0.5)
      ? new Queue<number>(capacity, sync)
      : new PriorityQueue<number>(capacity, sync);
    const consumers = [1, 2].map(() =>
      pool.submit(() => {
        let sum = 0;
        for (const job of jobs) {
          sum += job;
          jobs.taskDone();
        }
        return sum;
      }),
    );
    const producer = pool.submit(() => {
      for (let k = 1; k <= items; k++) {
        if (jobs instanceof PriorityQueue) jobs.put(k, k % 3);
        else jobs.put(k);
      }
      return jobs.join();
    });
    for (let k = 1; k <= 20; k++)
      await (jobs instanceof PriorityQueue ? jobs.putAsync(k, 0) : jobs.putAsync(k));
    assert.equal(await producer, true);
    assert.equal(await jobs.joinAsync(), true);
    assert.deepEqual([jobs.unfinished, jobs.size, jobs.shutdown()], [0, 0, true]);
    const [a, b] = await Promise.all(consumers);
    assert.equal(a! + b!, (items * (items + 1)) / 2 + 210);
    return 3 * (items + 20);
  },

  async records(load) {
    const { sync, n, dice } = load;
    const width = dice.from(1, 4);
    const records = new RecordChannel(Float64Array, { ...sync, width, capacity: dice.from(1, 64) });
    const run = (who: number, seed: number): number[] => {
      const own = new Dice(seed);
      let [count, sum] = [0, 0];
      if (who === 0) {
        while (count < n) {
          const many = Math.min(n - count, own.from(1, 100));
          const piece = new Float64Array(many * width);
          for (let k = 0; k < many; k++) piece.fill(count + k, k * width, (k + 1) * width);
          let sent = 0;
          while (sent < many)
            sent += records.send(
              piece.subarray(sent * width),
              own.chance(0.3) ? { timeoutMs: 0 } : undefined,
            );
          count += many;
        }
        records.close();
        return [0, 0];
      }
      const into = new Float64Array(width * own.from(1, 50));
      for (let got = records.receive(into); got > 0; got = records.receive(into))
        for (let k = 0; k < got; k++) {
          const record = into.subarray(k * width, (k + 1) * width);
          if (record.some((one) => one !== record[0])) throw new RangeError('a record was torn');
          sum += record[0]!;
          count++;
        }
      return [count, sum];
    };
    const results = await inAll(load, run);
    assert.equal(results[1]![0]! + results[2]![0]!, n);
    assert.equal(results[1]![1]! + results[2]![1]!, (n * (n - 1)) / 2);
    return 2 * n;
  },

  async select(load) {
    const { sync, dice } = load;
    const items = Math.ceil(load.n / 6);
    const channels = [1, 2, 3].map(() => new Channel<number>(dice.from(1, 8), sync));
    const run = (who: number, seed: number): number => {
      const own = new Dice(seed);
      let sum = 0;
      if (who === 0) {
        for (let k = 1; k <= items; k++) own.pick(channels).send(k);
        for (const one of channels) one.close();
        return 0;
      }
      const open = [...channels];
      while (open.length > 0) {
        const { index, value, done } = select(open);
        if (done) open.splice(index, 1);
        else sum += value!;
      }
      return sum;
    };
    const sums = await inAll(load, run);
    assert.equal(sums[1]! + sums[2]!, (items * (items + 1)) / 2);
    return 2 * items;
  },

  async atomics(load) {
    const { sync, n } = load;
    const [float, long] = [new AtomicFloat64(0, sync), new AtomicInt64(0n, sync)];
    await inAll(load, () => {
      for (let k = 0; k < n; k++) {
        float.add(0.5);
        long.add(1n);
      }
    });
    assert.deepEqual([float.value, long.value], [(workers * n) / 2, BigInt(workers * n)]);
    return 2 * workers * n;
  },
};
