/** Bursts of thousands of small calls, which travel through shared memory where they fit; every value is checked. */
import assert from 'node:assert/strict';
import { context, shared, task, type Executor, type Task } from 'tutti';
import type { Dice } from './dice.ts';

/** A function without captures, and what it returns for `x`; undefined where it throws a `RangeError` with `x`. */
interface Small {
  readonly run: (x: number, ...more: (string | number | boolean | null | undefined)[]) => unknown;
  readonly expected: (x: number) => unknown;
  /** More arguments, which must not change the result. */
  readonly more?: readonly (string | number | boolean | null | undefined)[];
}

const small: readonly Small[] = [
  { run: (x) => x + 0.5, expected: (x) => x + 0.5 },
  { run: (x) => (x % 2 === 0 ? -0 : `ä${x}`), expected: (x) => (x % 2 === 0 ? -0 : `ä${x}`) },
  { run: (x) => 'long '.repeat(x % 40) + x, expected: (x) => 'long '.repeat(x % 40) + x },
  {
    run: (x) => (x % 64 === 1 ? { x } : x % 3 === 1 ? null : undefined),
    expected: (x) => (x % 64 === 1 ? { x } : x % 3 === 1 ? null : undefined),
  },
  {
    run: (x, ...more) => `${x} ${more.join()}`,
    expected: (x) => `${x} one,2,true,,,六`,
    more: ['one', 2, true, null, undefined, '六'],
  },
  {
    run: (x, text) => x + String(text).length,
    expected: (x) => x + 900,
    more: ['t'.repeat(900)],
  },
  {
    run: (x) => {
      if (x % 50 === 7) throw new RangeError(String(x));
      return x;
    },
    expected: (x) => (x % 50 === 7 ? undefined : x),
  },
  {
    run: async (x) => {
      if (x % 40 === 3) await new Promise((resolve) => setTimeout(resolve, 1));
      return x;
    },
    expected: (x) => x,
  },
  {
    run: (x) => {
      if (x % 200 === 9) for (const end = performance.now() + 3; performance.now() < end;);
      return x % 4 === 0;
    },
    expected: (x) => x % 4 === 0,
  },
  {
    run: (x) => {
      const { taskId, index, signal } = context();
      return typeof taskId === 'number' && index === 0 && !signal.aborted ? x : 'wrong context';
    },
    expected: (x) => x,
  },
];

/** A burst of one small function; some of its calls are cancelled at once or later. Returns how many calls it made. */
export async function burst(pool: Executor, dice: Dice): Promise<number> {
  const { run, expected, more = [] } = dice.pick(small);
  const n = dice.from(1, dice.chance(0.3) ? 4000 : 400);
  const view = dice.chance(0.3) ? pool.with({ priority: dice.from(-1, 1) }) : pool;
  const cancelled = dice.chance(0.2) ? dice.from(2, 20) : 0;
  const tasks: Task<unknown>[] = [];
  for (let x = 0; x < n; x++) tasks.push(view.submit(run, x, ...more));
  const outcomes = Promise.allSettled(tasks);
  const reason = new Error('cancelled by the burst');
  const dropped = new Set<number>();
  if (cancelled > 0) {
    if (dice.chance(0.5)) await tasks[dice.from(0, n - 1)]?.catch(() => undefined);
    for (let x = dice.from(0, 5); x < n; x += cancelled)
      if (tasks[x]?.cancel(reason) === true) dropped.add(x);
  }
  (await outcomes).forEach((outcome, x) => {
    const value = expected(x);
    if (dropped.has(x)) assert.equal((outcome as PromiseRejectedResult).reason, reason);
    else if (outcome.status === 'fulfilled') assert.deepEqual(outcome.value, value);
    else {
      assert.ok(outcome.reason instanceof RangeError && value === undefined, String(outcome.reason));
      assert.equal(outcome.reason.message, String(x));
    }
  });
  return n;
}

/** A burst whose calls are counted where they run: none is lost, none runs twice unless a worker died meanwhile. */
export async function countedBurst(pool: Executor, dice: Dice, wild: boolean): Promise<number> {
  const counts = shared(Int32Array, dice.from(1, 3000));
  const run = task({ counts }, (x: number) => Atomics.add(counts, x, 1));
  const tasks: Task<number>[] = [];
  for (let x = 0; x < counts.length; x++) tasks.push(pool.submit(run, x));
  await Promise.all(tasks);
  counts.forEach((count, x) => assert.ok(wild ? count >= 1 : count === 1, `call ${x} ran ${count} times`));
  return counts.length;
}

/** Blocking small calls, one after the other. */
export function blockingBurst(pool: Executor, dice: Dice): number {
  const n = dice.from(1, 60);
  for (let x = 0; x < n; x++)
    assert.equal(
      pool.submitSync((y: number, z: string) => z + y, x, 'b'),
      `b${x}`,
    );
  return n;
}
