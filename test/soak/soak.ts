/**
 * Mixed random load for a long time: `npm run soak -- [seconds] [seed]`.
 *
 * Time is cut into eras, each with a pool of its own with random options; in every second era workers die and are
 * killed. After each era all workers are gone; at the end memory has not grown and no handle is left.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threads, type Executor, type ExecutorOptions } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';
import { tameCalls, wildCalls } from './calls.ts';
import { Dice } from './dice.ts';

/** Longest time of one call; only what hangs comes near it. */
const callMs = 30_000;
const eraMs = 4000;
/** Calls under way at a time. */
const callers = 8;
const heapGrowth = 24 * 2 ** 20;
const rssGrowth = 256 * 2 ** 20;

export interface SoakReport {
  readonly seed: number;
  readonly calls: number;
  readonly eras: number;
  readonly crashed: number;
  readonly retired: number;
  /** Bytes of heap after a collection, and of resident memory, at the end of each era. */
  readonly heap: readonly number[];
  readonly rss: readonly number[];
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Runs random calls for a while; rejects at the first wrong value, hang or leak. */
export async function soak(
  seconds: number,
  seed: number,
  log: (line: string) => void = () => undefined,
): Promise<SoakReport> {
  const dice = new Dice(seed);
  const end = performance.now() + seconds * 1000;
  const heap: number[] = [];
  const rss: number[] = [];
  const total = { calls: 0, crashed: 0, retired: 0 };
  let eras = 0;
  while (performance.now() < end) {
    const wild = eras % 2 === 1;
    const options = optionsOf(dice, wild);
    const pool = threads(options);
    const until = Math.min(end, performance.now() + eraMs);
    total.calls += await era(pool, dice, wild, until);
    await pool.close();
    const { alive, crashed, retired, tasks, running, queued } = pool.stats();
    assert.deepEqual(
      { alive, running, queued, pending: tasks.pending },
      { alive: 0, running: 0, queued: 0, pending: 0 },
    );
    if (!wild) assert.equal(crashed, 0, 'no worker died in an era in which none should');
    total.crashed += crashed;
    total.retired += retired;
    eras++;
    collect();
    await sleep(10);
    collect();
    heap.push(process.memoryUsage().heapUsed);
    rss.push(process.memoryUsage.rss());
    log(
      `era ${eras}: ${total.calls} calls, ${total.crashed} workers died, ${total.retired} retired, ` +
        `heap ${megabytes(heap.at(-1))}, resident ${megabytes(rss.at(-1))}`,
    );
  }
  assertFlat('heap', heap, heapGrowth);
  assertFlat('resident memory', rss, rssGrowth);
  await assertNoLeaks();
  return { seed, ...total, eras, heap, rss };
}

function optionsOf(dice: Dice, wild: boolean): ExecutorOptions {
  return {
    workers: dice.from(1, 3),
    graceMs: 20_000,
    ...(wild ? { resourceLimits: { maxOldGenerationSizeMb: 48 } } : {}),
    ...(dice.chance(0.3) ? { maxTasksPerWorker: dice.from(1000, 20_000) } : {}),
    ...(dice.chance(0.3) ? { idleTimeoutMs: dice.from(1, 50) } : {}),
    ...(dice.chance(0.3) ? { maxWorkerMemory: dice.from(16, 64) * 2 ** 20 } : {}),
  };
}

/** Several callers, each with its own dice, so that the calls of a seed do not depend on timing. */
async function era(pool: Executor, dice: Dice, wild: boolean, until: number): Promise<number> {
  let calls = 0;
  let failed = false;
  const caller = async (own: Dice): Promise<void> => {
    while (performance.now() < until && !failed) {
      const [name, call] = own.pick(wild && own.chance(0.2) ? wildCalls : tameCalls);
      try {
        await inTime(name, call({ pool, dice: own, wild }));
      } catch (error) {
        failed = true;
        throw new assert.AssertionError({ message: `${name}: ${(error as Error)?.stack ?? String(error)}` });
      }
      calls++;
    }
  };
  const callersOf = Array.from({ length: callers }, () => caller(new Dice(dice.from(0, 2 ** 32 - 1))));
  const outcomes = await Promise.allSettled(callersOf);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return calls;
}

async function inTime(name: string, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${name} did not end` })), callMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The last third is not much larger than the first, its own first eras left out. */
function assertFlat(what: string, bytes: readonly number[], allowed: number): void {
  if (bytes.length < 4) return;
  const third = Math.ceil(bytes.length / 3);
  const first = median(bytes.slice(1, 1 + third));
  const last = median(bytes.slice(-third));
  assert.ok(last - first < allowed, `${what} grew from ${megabytes(first)} to ${megabytes(last)}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function megabytes(bytes = 0): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
