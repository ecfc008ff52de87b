import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Executor } from '#src/executor/executor.js';
import { executorOptions } from '#src/executor/options.js';
import { SerialBackend } from '#src/executor/serial-backend.js';
import { FakeBackend } from './fake-backend.js';

const limit = { timeout: 10_000 };

for (const auto of ['fifo', 'lifo', 'random', 'serial'] as const) {
  describe(`operations with chunks ending ${auto}`, () => {
    const open = (workers = 3) => {
      const backend = auto === 'serial' ? new SerialBackend() : new FakeBackend({ auto, workers });
      return {
        backend,
        pool: new Executor(
          backend,
          executorOptions('fake', { seed: 1 }, () => workers),
        ),
      };
    };
    const numbers = Array.from({ length: 500 }, (_, i) => i);

    test('map keeps the order of the input', limit, async () => {
      const { pool } = open();
      assert.deepEqual(
        await pool.map(numbers, (x) => x * 2),
        numbers.map((x) => x * 2),
      );
      assert.deepEqual(await pool.map(new Float64Array([1, 2, 3]), (x) => x + 1), [2, 3, 4]);
      assert.deepEqual(await pool.map(new Set('abc'), (x) => x + x), ['aa', 'bb', 'cc']);
      assert.deepEqual(await pool.map([], (x) => x), []);
    });

    test('map over several inputs stops at the shortest', limit, async () => {
      const { pool } = open();
      assert.deepEqual(await pool.map([1, 2, 3], new Set([10, 20]), (a, b) => a + b), [11, 22]);
      assert.deepEqual(
        await pool.map([1, 2], ['a', 'b'], [true, false], (a, b, c) => [a, b, c], { chunk: 1 }),
        [
          [1, 'a', true],
          [2, 'b', false],
        ],
      );
    });

    test('starmap spreads argument lists', limit, async () => {
      const { pool } = open();
      assert.deepEqual(
        await pool.starmap(
          [
            [2, 3],
            [4, 5],
          ] as [number, number][],
          (a, b) => a * b,
        ),
        [6, 20],
      );
    });

    test('stream yields in order, or everything in any order', limit, async () => {
      const { pool } = open();
      const ordered: number[] = [];
      for await (const y of pool.stream(numbers, (x) => x + 1)) ordered.push(y);
      assert.deepEqual(
        ordered,
        numbers.map((x) => x + 1),
      );
      const any: number[] = [];
      for await (const y of pool.stream(numbers, (x) => x + 1, { ordered: false })) any.push(y);
      assert.deepEqual(
        any.sort((a, b) => a - b),
        numbers.map((x) => x + 1),
      );
    });

    test('stream and map read async iterables', limit, async () => {
      const { pool } = open();
      async function* input() {
        for (const x of numbers) yield x;
      }
      const got: number[] = [];
      for await (const y of pool.stream(input(), (x) => x + 1)) got.push(y);
      assert.deepEqual(
        got,
        numbers.map((x) => x + 1),
      );
      assert.deepEqual(await pool.map(input(), (x) => x + 1), got);
      let sum = 0;
      await pool.forEach(input(), (x) => {
        sum += x;
      });
      assert.equal(sum, 124750);
    });

    test('forEach, filter and flatMap do as the array methods', limit, async () => {
      const { pool } = open();
      const seen: number[] = [];
      assert.equal(await pool.forEach(numbers, (x) => seen.push(x)), undefined);
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        numbers,
      );
      assert.deepEqual(
        await pool.filter(numbers, (x) => x % 7 === 0),
        numbers.filter((x) => x % 7 === 0),
      );
      assert.deepEqual(await pool.flatMap([1, 2, 3], (x) => Array(x).fill(x)), [1, 2, 2, 3, 3, 3]);
      assert.deepEqual(await pool.flatMap(['ab', 'c'], (x) => x), ['ab', 'c']);
    });

    test('reduce folds neighbours in order', limit, async () => {
      const { pool } = open();
      const letters = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(97 + (i % 26)));
      assert.equal(await pool.reduce(letters, (a, b) => a + b), letters.join(''));
      assert.equal(await pool.reduce(letters, (a, b) => a + b, '>'), '>' + letters.join(''));
      assert.equal(await pool.reduce([] as number[], (a, b) => a + b, 7), 7);
      assert.equal(await pool.reduce([5], (a, b) => a + b), 5);
      assert.equal(await pool.reduce([5], (a, b) => a + b, 2), 7);
      await assert.rejects(
        pool.reduce([] as number[], (a, b) => a + b),
        TypeError,
      );
    });

    test('mapReduce combines by key, keys in the order of first sight', limit, async () => {
      const { pool } = open();
      const words = Array.from({ length: 3000 }, (_, i) => `w${(i * 7) % 11}`);
      const counts = await pool.mapReduce(
        words,
        (word) => [[word, 1] as const],
        (a, b) => a + b,
      );
      const expected = new Map<string, number>();
      for (const word of words) expected.set(word, (expected.get(word) ?? 0) + 1);
      assert.deepEqual([...counts], [...expected]);
    });

    test('find, findIndex, some and every decide as the array methods', limit, async () => {
      const { pool } = open();
      assert.equal(await pool.find(numbers, (x) => x > 300), 301);
      assert.equal(await pool.findIndex(numbers, (x) => x > 300), 301);
      assert.equal(await pool.find(numbers, (x) => x > 1000), undefined);
      assert.equal(await pool.findIndex(numbers, (x) => x > 1000), -1);
      assert.ok(((await pool.find(numbers, (x) => x > 300, { ordered: false })) ?? 0) > 300);
      assert.equal(await pool.some(numbers, (x) => x === 499), true);
      assert.equal(await pool.some(numbers, (x) => x === 500), false);
      assert.equal(await pool.every(numbers, (x) => x < 500), true);
      assert.equal(await pool.every(numbers, (x) => x < 499), false);
    });

    test('for visits every index once', limit, async () => {
      const { pool } = open();
      const visit = async (range: Parameters<typeof pool.for>[0]) => {
        const seen: number[] = [];
        await pool.for(range, (i) => seen.push(i));
        return seen.sort((a, b) => a - b);
      };
      assert.deepEqual(
        await visit(1000),
        Array.from({ length: 1000 }, (_, i) => i),
      );
      assert.deepEqual(await visit({ start: 10, end: -1, step: -3 }), [1, 4, 7, 10]);
      assert.deepEqual(await visit(0), []);
      assert.deepEqual(await visit(-5), []);
    });

    test('broadcast calls once per worker', limit, async () => {
      const { pool, backend } = open();
      let n = 0;
      const results = await pool.broadcast((add: number) => ++n + add, 10);
      assert.deepEqual(
        results.sort((a, b) => a - b),
        [11, 12, 13].slice(0, backend.workers),
      );
    });

    test('submit passes arguments and settles', limit, async () => {
      const { pool } = open();
      const task = pool.submit((a: number, b: string) => `${a}${b}`, 1, 'x');
      assert.equal(task.status, 'queued');
      assert.equal(await task, '1x');
      assert.equal(task.status, 'done');
      await pool.close();
      assert.equal(pool.closed, true);
    });
  });
}
