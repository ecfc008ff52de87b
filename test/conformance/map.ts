/** `map`, `starmap`, `forEach`, `filter`, `flatMap`. */
import assert from 'node:assert/strict';
import { context } from 'tutti';
import { rejection, upTo, type Subject } from './subject.ts';

class ItemError extends Error {
  readonly item: number;
  constructor(item: number) {
    super(`item ${item}`);
    this.item = item;
  }
}

export function mapTests({ shared, test, pool, open }: Subject): void {
  test('map() with the help of the calling thread gives what it gives without', async () => {
    const items = upTo(500);
    const index = (x: number) => [x, context().index];
    assert.deepEqual(
      await pool().map(items, index, { help: true }),
      items.map((x) => [x, x]),
    );
    assert.deepEqual(
      await pool().filter(items, (x) => x % 7 === 0 && context().index === x, { help: true }),
      items.filter((x) => x % 7 === 0),
    );
  });

  test('map() of nothing is nothing, of one item one result', async () => {
    assert.deepEqual(await pool().map([] as number[], (x) => x), []);
    assert.deepEqual(await pool().map([7], (x) => x + 1), [8]);
  });

  test('map() keeps the order of many items, whatever their results', async () => {
    const items = upTo(20_000);
    assert.deepEqual(
      await pool().map(items, (x) => x * x),
      items.map((x) => x * x),
    );
    const mixed = await pool().map(upTo(300), (x) => (x % 3 === 0 ? x : x % 3 === 1 ? `${x}` : { x }));
    assert.deepEqual(
      mixed,
      upTo(300).map((x) => (x % 3 === 0 ? x : x % 3 === 1 ? `${x}` : { x })),
    );
    const late = await pool().map(upTo(200), (x) => (x < 150 ? x : Promise.resolve(-x)));
    assert.deepEqual(
      late,
      upTo(200).map((x) => (x < 150 ? x : -x)),
    );
  });

  test('map() loses nothing where the kind of results changes', async () => {
    const kinds = (x: number) =>
      x < 40 ? x : x < 80 ? `${x}` : x < 120 ? Promise.resolve(x) : x < 130 ? { x } : x;
    for (const chunk of [200, 64, 33]) {
      const results = await pool().map(upTo(200), kinds, { chunk });
      assert.deepEqual(results, await Promise.all(upTo(200).map(kinds)));
    }
  });

  test('map() awaits asynchronous functions', async () => {
    const results = await pool().map(upTo(40), async (x) => {
      await new Promise((resolve) => setTimeout(resolve, x % 3));
      return x + 0.5;
    });
    assert.deepEqual(
      results,
      upTo(40).map((x) => x + 0.5),
    );
  });

  test('map() reads arrays, typed arrays, strings, sets, maps, iterators, generators and array-likes', async () => {
    const twice = (x: number) => x * 2;
    assert.deepEqual(await pool().map(new Float32Array([1, 2]), twice), [2, 4]);
    assert.deepEqual(await pool().map(shared(Int16Array, [3, 4]), twice), [6, 8]);
    assert.deepEqual(await pool().map(new BigInt64Array([5n]), (x) => x + 1n), [6n]);
    assert.deepEqual(await pool().map('añ🎻', (c) => c + c), ['aa', 'ññ', '🎻🎻']);
    assert.deepEqual(await pool().map(new Set([1, 2]), twice), [2, 4]);
    assert.deepEqual(await pool().map(new Map([['a', 1]]), ([key, value]) => key + String(value)), ['a1']);
    assert.deepEqual(await pool().map([8, 9].values(), twice), [16, 18]);
    function* three(): Iterable<number> {
      yield* [1, 2, 3];
    }
    assert.deepEqual(await pool().map(three(), twice), [2, 4, 6]);
    assert.deepEqual(await pool().map({ length: 2, 0: 4, 1: 5 } as ArrayLike<number>, twice), [8, 10]);
    const views = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    assert.deepEqual(await pool().map(views, twice), [2, 4]);
  });

  test('map() reads async iterables', async () => {
    async function* slowly(): AsyncIterable<number> {
      for (const x of upTo(50)) {
        if (x % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
        yield x;
      }
    }
    assert.deepEqual(
      await pool().map(slowly(), (x) => x + 1),
      upTo(50).map((x) => x + 1),
    );
  });

  test('map() gives functions the item alone', async () => {
    const counts = await pool().map([1, 2], (...args: unknown[]) => args.length);
    assert.deepEqual(counts, [1, 1]);
  });

  test('map() keeps holes of sparse arrays as undefined items', async () => {
    // oxlint-disable-next-line no-sparse-arrays
    const sparse = [1, , 3] as unknown as number[];
    assert.deepEqual(await pool().map(sparse, (x: number | undefined) => x ?? 'hole'), [1, 'hole', 3]);
  });

  test('map() with a fixed chunk gives the same results and indices', async () => {
    for (const chunk of [1, 7, 100, 5000]) {
      const indices = await pool().map(upTo(100), (x) => [x, context().index], { chunk });
      assert.deepEqual(
        indices,
        upTo(100).map((x) => [x, x]),
      );
    }
  });

  test('map() over several inputs stops at the shortest', async () => {
    const sums = await pool().map([1, 2, 3], new Float64Array([10, 20]), (a, b) => a + b);
    assert.deepEqual(sums, [11, 22]);
    const three = await pool().map(['a', 'b'], [1, 2], new Set([true, false]), (a, b, c) => `${a}${b}${c}`);
    assert.deepEqual(three, ['a1true', 'b2false']);
    const four = await pool().map([1], [2], [3], [4], (a, b, c, d) => a + b + c + d, { chunk: 1 });
    assert.deepEqual(four, [10]);
  });

  test('map() rejects with the very error of the failing item and cancels the rest', async () => {
    const runs = shared(Int32Array, 1);
    const task = pool().map(upTo(5000), (x) => {
      Atomics.add(runs, 0, 1);
      if (x === 3) throw new ItemError(x);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      return x;
    });
    const error = await rejection(task);
    assert.ok(error instanceof ItemError);
    assert.equal(error.item, 3);
    assert.equal(task.status, 'failed');
    await pool().broadcast(() => 0);
    const ran = runs[0] as number;
    assert.ok(ran < 5000, `${ran} of 5000 items ran`);
    await pool().broadcast(() => 0);
    assert.equal(runs[0], ran, 'nothing runs on after the failure');
  });

  test('map() refuses what is no input and no function', async () => {
    assert.ok((await rejection(pool().map(5 as never, (x) => x))) instanceof TypeError);
    assert.ok((await rejection(pool().map([1], 'no' as never))) instanceof TypeError);
    const unknown = await rejection(pool().map([1], (x) => x, { chunks: 3 } as never));
    assert.ok(unknown instanceof TypeError);
    assert.match(unknown.message, /chunk/);
    assert.ok((await rejection(pool().map([1], (x) => x, { chunk: 0 }))) instanceof RangeError);
  });

  test('starmap() spreads argument lists', async () => {
    const lists: [number, string][] = [
      [1, 'a'],
      [2, 'b'],
    ];
    assert.deepEqual(await pool().starmap(lists, (n, s) => s.repeat(n)), ['a', 'bb']);
    assert.deepEqual(await pool().starmap(new Map([['k', 1]]), (key, value) => key + String(value)), ['k1']);
    assert.deepEqual(await pool().starmap([], () => 1), []);
  });

  test('forEach() runs every item once and gives nothing', async () => {
    const runs = shared(Int32Array, 3000);
    const result = await pool().forEach(upTo(3000), (x) => Atomics.add(runs, x, 1));
    assert.equal(result, undefined);
    assert.ok(runs.every((n) => n === 1));
    async function* some(): AsyncIterable<number> {
      yield* [0, 1, 2];
    }
    await pool().forEach(some(), (x) => Atomics.add(runs, x, 1));
    assert.deepEqual([...runs.subarray(0, 4)], [2, 2, 2, 1]);
    const error = await rejection(
      pool().forEach(upTo(10), (x) => {
        if (x === 9) throw new ItemError(x);
      }),
    );
    assert.ok(error instanceof ItemError);
  });

  test('filter() keeps the caller’s own items in their order', async () => {
    const items = upTo(50).map((x) => ({ x }));
    const kept = await pool().filter(items, ({ x }) => x % 5 === 0);
    assert.deepEqual(
      kept.map(({ x }) => x),
      [0, 5, 10, 15, 20, 25, 30, 35, 40, 45],
    );
    assert.ok(kept.every((item) => items.includes(item)));
    assert.deepEqual(await pool().filter([0, 1, 2], async (x) => await Promise.resolve(x)), [1, 2]);
    assert.deepEqual(await pool().filter([] as number[], () => true), []);
  });

  test('flatMap() joins iterable results and keeps others', async () => {
    const flat = await pool().flatMap(['a b', 'c', ''], (text) => text.split(' ').filter(Boolean));
    assert.deepEqual(flat, ['a', 'b', 'c']);
    assert.deepEqual(await pool().flatMap([1, 2], (x) => new Set([x, x + 10])), [1, 11, 2, 12]);
    assert.deepEqual(await pool().flatMap([1, 2], (x) => `no${x}`), ['no1', 'no2']);
    assert.deepEqual(await pool().flatMap([1, 2], (x) => new Float64Array([x])), [1, 2]);
  });

  test(
    'one slow item among many does not hold the others back',
    async () => {
      const gate = shared(Int32Array, 2);
      const two = open({ workers: 2 });
      const task = two.map(upTo(64), (x) => {
        if (x === 0) {
          const end = performance.now() + 20_000;
          while (Atomics.load(gate, 0) === 0 && performance.now() < end);
        } else if (Atomics.add(gate, 1, 1) === 62) {
          // The last of the others opens the gate: without it the first would wait in vain.
          Atomics.store(gate, 0, 1);
        }
        return x;
      });
      assert.deepEqual(await task, upTo(64));
      assert.equal(gate[0], 1);
    },
    'several',
  );

  test('concurrent calls do not mix', async () => {
    const calls = upTo(12).map((n) => pool().map(upTo(100 * n), (x) => x + n));
    const results = await Promise.all(calls);
    results.forEach((result, n) => {
      assert.deepEqual(
        result,
        upTo(100 * n).map((x) => x + n),
      );
    });
  });
}
