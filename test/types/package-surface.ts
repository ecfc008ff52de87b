/** What a TypeScript user of the root entry gets inferred, and what the compiler refuses. Compiled, never run. */
import {
  map,
  mapReduce,
  mapSync,
  move,
  serial,
  serialize,
  shared,
  stream,
  submit,
  task,
  threads,
  context,
  type CallOptions,
  type Executor,
  type ExecutorOptions,
  type Task,
} from 'tutti';
import { check, type Same } from './expect.ts';

declare const words: readonly string[];
declare const numbers: Float64Array;
declare const lines: AsyncIterable<string>;

export async function inference(): Promise<void> {
  await using pool = threads();
  check<Same<typeof pool, Executor>>();

  // submit: parameters from the function, the result without its promise.
  const sum = pool.submit((a: number, b: number) => a + b, 1, 2);
  check<Same<typeof sum, Task<number>>>();
  const text = await pool.submit(async () => 'text');
  check<Same<typeof text, string>>();
  check<Same<ReturnType<typeof pool.submitSync<[], Promise<bigint>>>, bigint>>();

  // map: the item's type reaches the function, the function's result comes back.
  const lengths = await map(words, (word) => {
    check<Same<typeof word, string>>();
    return word.length;
  });
  check<Same<typeof lengths, number[]>>();
  const later = await pool.map(new Set([1n]), async (x) => [x] as const);
  check<Same<typeof later, (readonly [bigint])[]>>();
  const doubled = mapSync(numbers, (x) => x * 2);
  check<Same<typeof doubled, number[]>>();
  const read = await pool.map(lines, (line) => line.trim());
  check<Same<typeof read, string[]>>();

  // Several inputs.
  const pairs = await pool.map(words, numbers, (word, x) => {
    check<Same<typeof word, string>>();
    check<Same<typeof x, number>>();
    return { word, x };
  });
  check<Same<typeof pairs, { word: string; x: number }[]>>();
  const triples = await pool.map([1], ['a'], [true], (a, b, c) => [a, b, c] as const);
  check<Same<typeof triples, (readonly [number, string, boolean])[]>>();

  // Results without items, with fewer, with more.
  check<Same<Awaited<ReturnType<typeof pool.forEach>>, void>>();
  const long = await pool.filter(words, (word) => word.length > 3);
  check<Same<typeof long, string[]>>();
  const letters = await pool.flatMap(words, (word) => word.split(''));
  check<Same<typeof letters, string[]>>();

  const total = await pool.reduce(numbers, (a, b) => a + b, 0);
  check<Same<typeof total, number>>();
  const counts = await mapReduce(
    words,
    (word) => [[word, 1] as const],
    (a, b) => a + b,
  );
  check<Same<typeof counts, Map<string, number>>>();

  const hit = await pool.find(words, (word) => word.length > 1);
  check<Same<typeof hit, string | undefined>>();
  // As with arrays, a comparison is a type predicate.
  const same = await pool.find(words, (word) => word === 'x');
  check<Same<typeof same, 'x' | undefined>>();
  const at = await pool.findIndex(words, (word) => word === 'x');
  check<Same<typeof at, number>>();
  const any = await pool.some(words, (word) => word === 'x');
  check<Same<typeof any, boolean>>();

  for await (const result of stream(lines, async (line) => line.length, { ordered: false, window: 8 })) {
    check<Same<typeof result, number>>();
  }

  const ids = await pool.broadcast((suffix: string) => `${context().workerId}${suffix}`, '!');
  check<Same<typeof ids, string[]>>();
  await pool.for({ start: 0, end: 10, step: 2 }, (i) => {
    check<Same<typeof i, number>>();
  });

  // Functions captured once keep their type.
  const score = task((word: string, weight: number) => word.length * weight);
  const scored = await pool.submit(score, 'a', 2);
  check<Same<typeof scored, number>>();

  // Shared and moved memory.
  const cells = shared(Float64Array, 8);
  check<Same<typeof cells, Float64Array<SharedArrayBuffer>>>();
  const flags = shared(Int32Array, [1, 2, 3]);
  check<Same<typeof flags, Int32Array<SharedArrayBuffer>>>();
  const bytes = move(new Uint8Array(4));
  check<Same<typeof bytes, Uint8Array<ArrayBuffer>>>();
}

/** An executor is a value like any other: a function can take one of any kind. */
export async function generic(pool: Executor = serial()): Promise<string[]> {
  return await pool.with({ retries: 2 }).map([1, 2], (x) => String(x));
}

export function refusals(pool: Executor): void {
  // @ts-expect-error the second argument is missing
  void pool.submit((a: number, b: number) => a + b, 1);
  // @ts-expect-error an argument of another type
  void pool.submit((a: number) => a, 'one');
  // @ts-expect-error items are strings
  void map(words, (x: number) => x);
  // @ts-expect-error a number is not a set of items
  void map(3, (x) => x);
  // @ts-expect-error no such option
  void map(words, (word) => word, { chunks: 3 });
  // @ts-expect-error an option of another type
  void map(words, (word) => word, { signal: 'now' });
  // @ts-expect-error streams have a window, maps have not
  void map(words, (word) => word, { window: 3 });
  // @ts-expect-error the reducer combines two values of one type
  void pool.reduce(numbers, (a, b) => `${a}${b}`);
  // @ts-expect-error no such executor option
  void threads({ worker: 3 });
  // @ts-expect-error shared memory holds numbers
  void shared(Array, 3);
  // @ts-expect-error a string cannot be moved
  void move('text');
  // @ts-expect-error an option that is given has a value
  void submit.call(undefined, undefined);
}

export const options: ExecutorOptions = {
  workers: 2,
  name: 'pool',
  resourceLimits: { maxOldGenerationSizeMb: 64 },
};
export const call: CallOptions = { retries: { limit: 3, backoffMs: 10 }, priority: 1 };
// @ts-expect-error an option that is given has a value
export const unset: CallOptions = { signal: undefined };
void serialize;
