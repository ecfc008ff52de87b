/** Random calls against what a loop from left to right does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { openFake, settle } from './fake-backend.js';

const limit = { timeout: 60_000 };
const seed = Number(process.env['TUTTI_TEST_SEED'] ?? Date.now() % 2 ** 32);

function generator(start: number): (n: number) => number {
  let state = start >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Outcome of a promise as something to compare. */
async function outcome(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function open(random: (n: number) => number) {
  const fake = openFake({
    workers: 1 + random(4),
    auto: 'random',
    seed: random(1e6),
    shared: random(2) === 0,
  });
  fake.backend.msPerItem = [0, 0.001, 0.3, 30][random(4)] as number;
  return fake;
}

test('find decides as a loop does, whatever order chunks end in and whatever fails', limit, async () => {
  const random = generator(seed);
  for (let round = 0; round < 300; round++) {
    const { pool, backend } = open(random);
    const items = Array.from({ length: random(300) }, () => random(60));
    const throwing = random(3) === 0;
    const predicate = (x: number) => {
      if (throwing && x === 13) throw new RangeError('thirteen');
      return x === 7;
    };
    const expected = await outcome((async () => items.find((x) => predicate(x)))());
    const options = random(2) === 0 ? { chunk: 1 + random(30) } : {};
    assert.deepEqual(
      await outcome(pool.find(items, predicate, options)),
      expected,
      `seed ${seed}, round ${round}`,
    );
    assert.equal(backend.held.length, 0);
    assert.equal(pool.stats().tasks.pending, 0);
  }
});

test('map gives every result once, or rejects; afterwards nothing is under way', limit, async () => {
  const random = generator(seed + 1);
  for (let round = 0; round < 200; round++) {
    const what = `seed ${seed}, round ${round}`;
    const { pool, backend } = open(random);
    const items = Array.from({ length: random(500) }, (_, k) => k);
    const failuresOf = new Map<number, number>();
    const failing = new Map(items.filter(() => random(40) === 0).map((k) => [k, 1 + random(3)]));
    const retries = random(2) === 0 ? random(4) : 0;
    const fn = (k: number) => {
      const failures = failuresOf.get(k) ?? 0;
      if (failures >= (failing.get(k) ?? 0)) return k * 2;
      failuresOf.set(k, failures + 1);
      throw new RangeError('flaky');
    };
    const hopeless = [...failing.values()].some((count) => count > retries);
    const options = { retries, ...(random(2) === 0 ? { chunk: 1 + random(50) } : {}) };
    const task = pool.map(items, fn, options);
    const cancelled = random(10) === 0;
    if (cancelled) setTimeout(() => task.cancel(new RangeError('cancelled')), random(5));
    const got = await outcome(task);
    const good = { value: items.map((k) => k * 2) };
    const allowed: unknown[] = [hopeless ? { error: 'flaky' } : good];
    if (cancelled) allowed.push({ error: 'cancelled' });
    assert.ok(
      allowed.some((each) => isDeepStrictEqual(each, got)),
      what,
    );
    await settle();
    assert.equal(backend.held.length, 0, what);
    await pool.close();
  }
});

test('reduce, mapReduce and for agree with a loop, also when parts run again', limit, async () => {
  const random = generator(seed + 2);
  for (let round = 0; round < 100; round++) {
    const what = `seed ${seed}, round ${round}`;
    const { pool, backend } = open(random);
    const items = Array.from({ length: 1 + random(2000) }, () => random(1000));
    let failures = random(4);
    const fail = () => {
      if (failures > 0 && random(50) === 0) {
        failures--;
        throw new RangeError('flaky');
      }
    };
    const options = { retries: 20 };
    const joined = await pool.reduce(
      items.map(String),
      (a, b) => {
        fail();
        return `${a} ${b}`;
      },
      undefined,
      options,
    );
    assert.equal(joined, items.join(' '), what);
    const groups = await pool.mapReduce(
      items,
      (x) => {
        fail();
        return [[x % 7, String(x)]] as [number, string][];
      },
      (a, b) => `${a} ${b}`,
      options,
    );
    const expected = new Map<number, string[]>();
    for (const x of items) expected.set(x % 7, [...(expected.get(x % 7) ?? []), String(x)]);
    assert.deepEqual(
      [...groups],
      [...expected].map(([key, values]) => [key, values.join(' ')]),
      what,
    );
    const visited = new Uint8Array(items.length);
    await pool.for(
      items.length,
      (i) => {
        fail();
        visited[i] = 1;
      },
      random(2) === 0 || failures > 0 ? options : {},
    );
    assert.ok(
      visited.every((count) => count === 1),
      what,
    );
    assert.equal(backend.held.length, 0, what);
  }
});
