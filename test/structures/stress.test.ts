/** Many operations from several threads and processes at once: what must hold in whatever order they happen. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { processes, threads, type Executor } from 'tutti';
import {
  atomicFloat64,
  counter,
  counters,
  histogram,
  i32,
  i64,
  sharedMap,
  struct,
  text,
  u32,
  type AcrossOptions,
} from 'tutti/structures';
import { nativeProblem } from '#src/memory/native.js';
import { assertNoLeaks } from '../leaks.ts';
import { fromRoot } from '../root.ts';
import { dice, seedOf } from './dice.ts';

after(assertNoLeaks);
const timeout = 120_000;
const missing = nativeProblem('segment()')?.message ?? false;
const WORKERS = 3;
const seeds = (seed: number): number[] => Array.from({ length: WORKERS }, (_, i) => seed + i);

const PLACES: readonly [string, () => Executor, AcrossOptions, string | false][] = [
  ['threads()', () => threads({ workers: WORKERS }), {}, false],
  ['processes()', () => processes({ workers: WORKERS }), { across: 'processes' }, missing],
];

for (const [name, open, options, skip] of PLACES) {
  test(`sums are conserved, ${name}`, { timeout, skip }, async (t) => {
    const seed = seedOf(t);
    const steps = 30_000;
    const hits = counter(0, options);
    const many = counters(5, options);
    const sum = atomicFloat64(0, options);
    const Cell = struct({ n: i32, wide: i64, small: u32 });
    const cells = Cell.array(3, options);
    const h = histogram({ from: 0, to: 1, bins: 8, ...options });
    const work = (start: number): number[] => {
      const random = dice(start);
      const n = cells.atomic('n');
      const wide = cells.atomic('wide');
      const counted = [0, 0, 0, 0, 0];
      for (let i = 0; i < steps; i++) {
        hits.add();
        const value = random();
        const k = Math.floor(value * 5);
        many.add(k, i);
        counted[k]! += i;
        sum.add(k);
        h.add(value);
        n.add(k % 3, 1);
        wide.add(k % 3, BigInt(k));
      }
      h.addAll([0.1, 0.2, 7]);
      return counted;
    };
    const pool = open();
    try {
      const parts = await pool.map(seeds(seed), work, { chunk: 1 });
      const total = parts.reduce((a, b) => a.map((x, i) => x + b[i]!));
      assert.equal(hits.get(), WORKERS * steps);
      assert.deepEqual(many.toArray(), total);
      const serial = histogram({ from: 0, to: 1, bins: 8 });
      let floats = 0;
      for (const start of seeds(seed)) {
        const random = dice(start);
        for (let i = 0; i < steps; i++) {
          const value = random();
          serial.add(value);
          floats += Math.floor(value * 5);
        }
        serial.addAll([0.1, 0.2, 7]);
      }
      assert.equal(sum.get(), floats);
      assert.equal(
        cells.toArray().reduce((all, one) => all + one.n, 0),
        WORKERS * steps,
      );
      assert.equal(
        cells.toArray().reduce((all, one) => all + one.wide, 0n),
        BigInt(floats),
      );
      assert.deepEqual(h.counts(), serial.counts());
      assert.equal(h.overflow, WORKERS);
    } finally {
      await pool.close();
    }
  });

  test(`a map counts as a serial one does, ${name}`, { timeout, skip }, async (t) => {
    const seed = seedOf(t);
    const steps = 60_000;
    const map = sharedMap({ keys: text(12), values: i32, capacity: 3000, ...options });
    const work = (start: number): void => {
      const random = dice(start);
      for (let i = 0; i < steps; i++) map.add(`word ${Math.floor(random() ** 3 * 2500)}`, 1 + (i % 3));
    };
    const pool = open();
    try {
      await pool.map(seeds(seed), work, { chunk: 1 });
    } finally {
      await pool.close();
    }
    const serial = new Map<string, number>();
    for (const start of seeds(seed)) {
      const random = dice(start);
      for (let i = 0; i < steps; i++) {
        const word = `word ${Math.floor(random() ** 3 * 2500)}`;
        serial.set(word, (serial.get(word) ?? 0) + 1 + (i % 3));
      }
    }
    assert.deepEqual(map.toMap(), serial);
    assert.equal(map.size, serial.size);
  });

  test(`keys come and go one by one, and values are never torn, ${name}`, { timeout, skip }, async (t) => {
    const seed = seedOf(t);
    const steps = 60_000;
    const KEYS = 24;
    const Value = struct({ a: i32, b: i64, v: [i32, 5], c: u32 });
    const map = sharedMap({ keys: i32, values: Value, capacity: KEYS, ...options });
    /** Insertions without deletions of each key, as this worker saw them. */
    const work = (start: number): number[] => {
      const random = dice(start);
      const balance = Array.from({ length: KEYS }, () => 0);
      const make = (key: number, a: number) => ({
        a,
        b: BigInt(a) * 3n,
        v: [a, a + 1, a + 2, a + 3, a + key],
        c: a,
      });
      const look = (key: number, value: ReturnType<typeof map.get>): void => {
        if (value === undefined) return;
        const { a, b, c, v } = value;
        const expected = make(key, a);
        if (b !== expected.b || c !== a || String([...v]) !== String(expected.v))
          throw new RangeError(`torn: ${key} ${a} ${b} ${c} ${v}`);
      };
      for (let i = 0; i < steps; i++) {
        const key = Math.floor(random() * KEYS);
        const a = Math.floor(random() * 1e6);
        switch (Math.floor(random() * 5)) {
          case 0: {
            if (map.delete(key)) balance[key]!--;
            break;
          }
          case 1:
          case 2: {
            let before: unknown;
            map.update(key, (old) => {
              before = old;
              look(key, old);
              return make(key, a);
            });
            if (before === undefined) balance[key]!++;
            break;
          }
          case 3: {
            let before: unknown;
            map.update(key, (old) => {
              before = old;
              return undefined;
            });
            if (before !== undefined) balance[key]!--;
            break;
          }
          default:
            look(key, map.get(key));
            if (i % 500 === 0) for (const [one, value] of map) look(one, value);
        }
      }
      return balance;
    };
    const pool = open();
    try {
      const parts = await pool.map(seeds(seed), work, { chunk: 1 });
      const keys = [...map.keys()];
      assert.equal(new Set(keys).size, keys.length, 'no key is there twice');
      assert.equal(map.size, keys.length);
      for (let key = 0; key < KEYS; key++) {
        const there = parts.reduce((all, part) => all + part[key]!, 0);
        assert.equal(there, map.has(key) ? 1 : 0, `key ${key}`);
      }
    } finally {
      await pool.close();
    }
  });

  test(`what is moved from key to key is neither lost nor made, ${name}`, { timeout, skip }, async (t) => {
    const seed = seedOf(t);
    const map = sharedMap({ keys: i32, values: i32, capacity: 10, ...options });
    for (let key = 0; key < 10; key++) map.set(key, 1000);
    const work = (start: number): void => {
      const random = dice(start);
      for (let i = 0; i < 30_000; i++) {
        const amount = Math.floor(random() * 10);
        map.update(Math.floor(random() * 10), (n) => n! - amount);
        map.add(Math.floor(random() * 10), amount);
      }
    };
    const pool = open();
    try {
      await pool.map(seeds(seed), work, { chunk: 1 });
    } finally {
      await pool.close();
    }
    assert.equal(
      [...map.values()].reduce((a, b) => a + b),
      10_000,
    );
  });
}

const onLinux = process.platform === 'linux' ? false : 'needs the thread ids of Linux';

test('threads that are terminated anywhere leave a map that works', { timeout, skip: onLinux }, async (t) => {
  const seed = seedOf(t);
  const random = dice(seed);
  const Pair = struct({ a: i32, b: i32, c: i32, d: i32 });
  const map = sharedMap({ keys: i32, values: Pair, capacity: 50 });
  const data = map as unknown as Record<symbol, () => { values: StructData }>;
  interface StructData {
    [key: symbol]: () => unknown;
  }
  const message = data[Symbol.for('tutti.serialize')]!();
  const type = message.values[Symbol.for('tutti.serialize')]!();
  const from = (file: string): string => JSON.stringify(new URL(`file://${fromRoot('dist', file)}`).href);
  const program = `
    const { workerData, parentPort } = require('node:worker_threads');
    (async () => {
      const { SharedMap } = await import(${from('structures/shared-map.js')});
      const { StructType } = await import(${from('structures/struct-type.js')});
      const values = StructType[Symbol.for('tutti.deserialize')](workerData.type);
      const map = SharedMap[Symbol.for('tutti.deserialize')]({ ...workerData.message, values });
      parentPort.postMessage('up');
      for (let i = 0; ; i++) {
        const key = (i * 7) % 40;
        if (i % 3 === 0) map.delete(key);
        else map.set(key, { a: i, b: i, c: i, d: i });
        const at = map.get(key);
        if (at !== undefined && (at.a !== at.b || at.b !== at.c || at.c !== at.d)) throw new RangeError('torn');
      }
    })();`;
  for (let round = 0; round < 12; round++) {
    const workers = [0, 1].map(
      () =>
        new Worker(program, { eval: true, workerData: { message: { ...message, values: undefined }, type } }),
    );
    const failures: unknown[] = [];
    for (const worker of workers) worker.on('error', (error) => failures.push(error));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    await new Promise((resolve) => setTimeout(resolve, 5 + random() * 10));
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.deepEqual(failures, []);
    for (let key = 0; key < 50; key++) {
      map.set(key, { a: key, b: key, c: key, d: key });
      assert.deepEqual(map.get(key), { a: key, b: key, c: key, d: key });
    }
    const keys = [...map.keys()];
    assert.equal(keys.length, 50);
    assert.equal(new Set(keys).size, 50);
    for (let key = 40; key < 50; key++) map.delete(key);
    for (let key = 0; key < 20; key++) map.delete(key);
  }
});
