/** What the executor's methods infer: compiled, never run. */
import type { Executor, ExecutorStats } from '#src/executor/executor.js';
import type { Task } from '#src/executor/task.js';
import type { Same } from './expect.js';

/** Compiles only when the type of `value` is exactly `Expected`. */
function is<Expected>() {
  return <Actual>(_value: Actual, ..._same: Same<Actual, Expected> extends true ? [] : [never]): void => {};
}

export async function submit(pool: Executor): Promise<void> {
  is<Task<number>>()(pool.submit((x: number) => x + 1, 1));
  is<Task<string>>()(pool.submit(async (x: string) => x, 'a'));
  is<Task<number>>()(pool.submit((a: number, b: number = 2) => a * b, 1));
  is<number>()(pool.submitSync((x: number) => x, 1));
  is<number>()(await pool.submit(() => Promise.resolve(1)));
  is<Task<void>>()(pool.submit(() => {}));
  is<Task<number>>()(pool.submit(Math.hypot, 3, 4));
  // @ts-expect-error: the argument is missing
  void pool.submit((x: number) => x);
  // @ts-expect-error: an argument of the wrong type
  void pool.submit((x: number) => x, 'a');
  // @ts-expect-error: an argument too many
  void pool.submit((x: number) => x, 1, 2);
  // @ts-expect-error: not a function
  void pool.submit(5);
  is<Task<number[]>>()(pool.broadcast((x: number) => x, 1));
}

export async function map(pool: Executor): Promise<void> {
  is<Task<string[]>>()(pool.map([1, 2], (x) => x.toFixed()));
  is<Task<number[]>>()(pool.map(new Float64Array(3), (x) => x + 1));
  is<Task<bigint[]>>()(pool.map(new BigInt64Array(3), (x) => x + 1n));
  is<Task<number[]>>()(pool.map('abc', (letter) => letter.charCodeAt(0)));
  is<Task<number[]>>()(pool.map(new Set(['a']), async (text) => text.length));
  is<Task<[string, number][]>>()(pool.map(new Map([['a', 1]]), (entry) => entry));
  is<Task<number[]>>()(pool.map({ length: 2, 0: 1, 1: 2 }, (x) => x));
  async function* later() {
    yield 1;
  }
  is<Task<number[]>>()(pool.map(later(), (x) => x));
  is<Task<string[]>>()(pool.map([1, 2], ['a', 'b'], (n, text) => text.repeat(n)));
  is<Task<boolean[]>>()(
    pool.map([1], ['a'], [true], (n, text, flag) => flag && text.length === n, { chunk: 2 }),
  );
  is<Task<number[]>>()(pool.map([1], [2], [3], new Set([4]), (a, b, c, d) => a + b + c + d));
  is<number[]>()(pool.mapSync([1, 2], async (x) => x));
  is<string[]>()(pool.mapSync([1, 2], ['a', 'b'], (n, text) => text.repeat(n)));
  is<Task<number[]>>()(pool.map([1, 2] as const, (x): number => x));
  is<Task<number[]>>()(pool.map([4, 9], Math.sqrt));
  // @ts-expect-error: the function wants strings
  void pool.map([1, 2], (x: string) => x);
  // @ts-expect-error: functions get the item only; the index is context().index
  void pool.map([1, 2], (x: number, index: number) => x + index);
  // @ts-expect-error: no such option
  void pool.map([1, 2], (x) => x, { window: 3 });
  is<Task<number[]>>()(pool.map([1, 2], (x) => x, { help: true }));
  is<Task<void>>()(pool.for(3, (i) => void i, { help: true }));
  // @ts-expect-error: a stream is read by the calling thread, which has no time to help
  void pool.stream([1, 2], (x) => x, { help: true });
  // @ts-expect-error: numbers are not items
  void pool.map(5, (x) => x);
  is<Task<number[]>>()(pool.starmap([[1, 'a'] as const], (n, text) => n + text.length));
  is<Task<number[]>>()(pool.starmap([[1, 2]] as [number, number][], (a, b) => a + b));
  // @ts-expect-error: the lists are too short
  void pool.starmap([[1]] as [number][], (a: number, b: number) => a + b);
}

export async function others(pool: Executor): Promise<void> {
  for await (const text of pool.stream([1, 2], (x) => String(x), { ordered: false, window: 10 })) {
    is<string>()(text);
  }
  await using stream = pool.stream(new Set([1]), async (x) => x > 0);
  is<IteratorResult<boolean, undefined>>()(await stream.next());
  is<Task<void>>()(pool.forEach([1, 2], (x) => x));
  is<Task<number[]>>()(pool.filter([1, 2], (x) => x > 1));
  is<Task<number[]>>()(pool.flatMap([1, 2], (x) => [x, x]));
  is<Task<string[]>>()(pool.flatMap([1, 2], async (x) => new Set([String(x)])));
  is<Task<string[]>>()(pool.flatMap([1, 2], (x) => String(x)));
  is<Task<number>>()(pool.reduce([1, 2], (a, b) => a + b));
  is<Task<number>>()(pool.reduce([1, 2], (a, b) => a + b, 0));
  is<Task<string>>()(pool.reduce(['a'], async (a, b) => a + b, '', { retries: 2 }));
  // @ts-expect-error: the fold changes the type
  void pool.reduce([1, 2], (a, b) => `${a}${b}`);
  is<Task<Map<string, number>>>()(
    pool.mapReduce(
      ['a b'],
      (line) => line.split(' ').map((word) => [word, 1] as const),
      (a, b) => a + b,
    ),
  );
  is<Task<Map<string, number>>>()(
    pool.mapReduce(
      ['a b'],
      function* (line) {
        for (const word of line.split(' ')) yield [word, 1] as const;
      },
      (a, b) => a + b,
    ),
  );
  is<Task<Map<number, string[]>>>()(
    pool.mapReduce(
      ['a'],
      (word) => new Map([[word.length, [word]]]),
      (a, b) => [...a, ...b],
    ),
  );
  is<Task<number | undefined>>()(pool.find([1, 2], (x) => x > 1, { ordered: false }));
  is<Task<number>>()(pool.findIndex(['a'], (text) => text === 'a'));
  is<Task<boolean>>()(pool.some([1], (x) => x > 0));
  is<Task<boolean>>()(pool.every([1], async (x) => x > 0));
  is<Task<void>>()(pool.for(10, (i) => i.toFixed(), { grain: 5 }));
  is<Task<void>>()(pool.for({ start: 1, end: 10, step: 2 }, async () => {}));
  // @ts-expect-error: a range needs its end
  void pool.for({ start: 1 }, () => {});
  is<Executor>()(
    pool.with({ timeoutMs: 5, retries: { limit: 2, on: (error) => error instanceof TypeError } }),
  );
  // @ts-expect-error: the unit is part of the name
  pool.with({ timeout: 5 });
  is<ExecutorStats>()(pool.stats());

  // Tuples of mixed types infer each parameter; readonly tuples do, too.
  is<Task<string[]>>()(
    pool.starmap(
      [
        [1, 'a'],
        [2, 'b'],
      ],
      (n, s) => s.repeat(n),
    ),
  );
  const grid = [1, 2].flatMap((b) => ['x', 'y'].map((g) => [b, g] as const));
  is<Task<string[]>>()(pool.starmap(grid, (b, g) => g + b.toFixed(1)));

  // A type predicate narrows.
  const mixed: (string | number)[] = ['a', 1];
  is<Task<string[]>>()(pool.filter(mixed, (x): x is string => typeof x === 'string'));
  is<Task<number | undefined>>()(pool.find(mixed, (x): x is number => typeof x === 'number'));
}
