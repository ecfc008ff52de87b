/** `reduce` and `mapReduce`. */
import assert from 'node:assert/strict';
import { rejection, upTo, type Subject } from './subject.ts';

/** Numbers of very different size: their sum depends on the order of additions. */
function awkward(n: number): Float64Array {
  let state = 12345;
  return Float64Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 10 ** ((state >>> 8) % 17);
  });
}

export function foldTests({ test, pool, open }: Subject): void {
  test('reduce() folds neighbours in order', async () => {
    assert.equal(await pool().reduce(upTo(1001), (a, b) => a + b), 500_500);
    const letters = upTo(3000).map((x) => String.fromCharCode(97 + (x % 26)));
    assert.equal(await pool().reduce(letters, (a, b) => a + b), letters.join(''));
    assert.equal(await pool().reduce(letters, (a, b) => a + b, '>'), `>${letters.join('')}`);
    assert.equal(await pool().reduce(new Set([3, 9, 4]), (a, b) => Math.max(a, b)), 9);
  });

  test('reduce() of few items', async () => {
    const add = (a: number, b: number) => a + b;
    assert.equal(await pool().reduce([], add, 5), 5);
    assert.equal(await pool().reduce([4], add), 4);
    assert.equal(await pool().reduce([4], add, 5), 9);
    assert.equal(await pool().reduce([1, 2], add), 3);
    const error = await rejection(pool().reduce([], add));
    assert.ok(error instanceof TypeError);
  });

  test('reduce() awaits asynchronous functions', async () => {
    const sum = await pool().reduce(upTo(100), async (a, b) => {
      await Promise.resolve();
      return a + b;
    });
    assert.equal(sum, 4950);
    const now = await pool().reduce(upTo(50_000), (a, b) =>
      b % 100 === 99 ? Promise.resolve(a + b) : a + b,
    );
    assert.equal(now, 1_249_975_000);
  });

  test('reduce() gives the same bits for any number of workers', async () => {
    const items = awkward(10_007);
    const sums: number[] = [];
    for (const workers of [1, 2, 3]) {
      const one = open({ workers });
      for (let n = 0; n < 2; n++) sums.push(await one.reduce(items, (a, b) => a + b));
    }
    for (const sum of sums) assert.ok(Object.is(sum, sums[0]), sums.join(' '));
    // The tree is part of the contract: every backend gives these bits.
    assert.equal(sums[0], await pool().reduce(Array.from(items), (a, b) => a + b));
  });

  test('reduce() rejects with the error of its function', async () => {
    const error = await rejection(
      pool().reduce(upTo(500), (a, b) => {
        if (a === 250 || b === 250) throw new RangeError('middle');
        return a + b;
      }),
    );
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'middle');
  });

  test('mapReduce() combines the values of each key', async () => {
    const docs = upTo(200).map((x) => `a ${x % 3 === 0 ? 'b' : 'c'} a`);
    const words = (doc: string) => doc.split(' ').map((word) => [word, 1] as const);
    const counts = await pool().mapReduce(docs, words, (a, b) => a + b);
    assert.deepEqual(
      counts,
      new Map([
        ['a', 400],
        ['b', 67],
        ['c', 133],
      ]),
    );
    assert.deepEqual(await pool().mapReduce([] as string[], words, (a, b) => a + b), new Map());
  });

  test('mapReduce() takes pairs from maps, generators, async generators and promises', async () => {
    const add = (a: number, b: number) => a + b;
    const expected = new Map([
      [0, 20],
      [1, 25],
    ]);
    const map = await pool().mapReduce(upTo(10), (x) => new Map([[x % 2, x]]), add);
    assert.deepEqual(map, expected);
    const generator = await pool().mapReduce(
      upTo(10),
      function* pairs(x) {
        yield [x % 2, x] as const;
      },
      add,
    );
    assert.deepEqual(generator, expected);
    const late = await pool().mapReduce(
      upTo(10),
      async function* pairs(x) {
        await Promise.resolve();
        yield [x % 2, x] as const;
      },
      add,
    );
    assert.deepEqual(late, expected);
    const promised = await pool().mapReduce(
      upTo(10),
      async (x) => await Promise.resolve([[x % 2, x] as const]),
      async (a, b) => await Promise.resolve(a + b),
    );
    assert.deepEqual(promised, expected);
  });

  test('mapReduce() folds values in the order of the input and keeps keys in first-seen order', async () => {
    const joined = await pool().mapReduce(
      upTo(300),
      (x) => [[`key ${x % 7}`, String(x)] as const],
      (a, b) => `${a} ${b}`,
    );
    const expected = new Map<string, string>();
    for (const x of upTo(300)) {
      const before = expected.get(`key ${x % 7}`);
      expected.set(`key ${x % 7}`, before === undefined ? String(x) : `${before} ${x}`);
    }
    assert.deepEqual([...joined], [...expected]);
  });

  test('mapReduce() rejects with the error of its functions, and names what a mapper must give', async () => {
    const mapper = (x: number) => [[0, x] as const];
    const error = await rejection(
      pool().mapReduce(upTo(50), mapper, () => {
        throw new RangeError('reducer');
      }),
    );
    assert.ok(error instanceof RangeError);
    const wrong = await rejection(pool().mapReduce([1], ((x: number) => x) as never, (a: number) => a));
    assert.ok(wrong instanceof TypeError);
    assert.match(wrong.message, /key, value/);
  });
}
