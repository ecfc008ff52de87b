/**
 * Mixed random load for a long time: `npm run soak -- [seconds] [seed]`.
 *
 * Time is cut into eras, each with a pool of its own with random options, over threads or over processes; in every second era
 * workers die and are killed. After each era all workers are gone; at the end memory has not grown and no handle is left.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { processes, threads, type Executor, type ExecutorOptions } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';
import { blockingBurst, burst, countedBurst } from './bursts.ts';
import { needsThreads, tameCalls, wildCalls } from './calls.ts';
import { Dice } from './dice.ts';
import { assertFlat, collectGarbage, inTime, megabytes } from './watch.ts';

const eraMs = 4000;
/** Calls under way at a time, and bursts of small calls beside them. */
const callers = 8;
const bursters = 2;

/** Where workers live; threads more often, as more calls run there. */
const places = ['threads', 'threads', 'processes', 'processes by message'] as const;

export interface SoakReport {
  readonly seed: number;
  readonly calls: number;
  /** Small calls in bursts. */
  readonly small: number;
  readonly eras: number;
  readonly crashed: number;
  readonly retired: number;
  /** Bytes of heap after a collection, and of resident memory, at the end of each era. */
  readonly heap: readonly number[];
  readonly rss: readonly number[];
}

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
  const total = { calls: 0, small: 0, crashed: 0, retired: 0 };
  let eras = 0;
  while (performance.now() < end) {
    const wild = eras % 2 === 1;
    const options = optionsOf(dice, wild);
    const place = dice.pick(places);
    // A process has some 50 MB of its own before it has done anything.
    if (place !== 'threads' && options.maxWorkerMemory !== undefined)
      options.maxWorkerMemory += 128 * 2 ** 20;
    const pool =
      place === 'threads' ? threads(options) : processes({ ...options, sharedMemory: place === 'processes' });
    const until = Math.min(end, performance.now() + eraMs);
    await era({ pool, wild, inThreads: place === 'threads' }, dice, until, total);
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
    await collectGarbage();
    heap.push(process.memoryUsage().heapUsed);
    rss.push(process.memoryUsage.rss());
    log(
      `era ${eras} (${place}): ${total.calls} calls, ${total.small} small ones, ${total.crashed} workers died, ${total.retired} retired, ` +
        `heap ${megabytes(heap.at(-1))}, resident ${megabytes(rss.at(-1))}`,
    );
  }
  assertFlat(heap, rss);
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
async function era(
  { pool, wild, inThreads }: { pool: Executor; wild: boolean; inThreads: boolean },
  dice: Dice,
  until: number,
  total: { calls: number; small: number },
): Promise<void> {
  let failed = false;
  const caller = async (own: Dice): Promise<void> => {
    while (performance.now() < until && !failed) {
      const [name, call] = own.pick(wild && own.chance(0.2) ? wildCalls : tameCalls);
      if (!inThreads && needsThreads.has(name)) continue;
      try {
        await inTime(name, call({ pool, dice: own, wild, inThreads }));
      } catch (error) {
        failed = true;
        throw new assert.AssertionError({ message: `${name}: ${(error as Error)?.stack ?? String(error)}` });
      }
      total.calls++;
    }
  };
  const burster = async (own: Dice): Promise<void> => {
    while (performance.now() < until && !failed) {
      try {
        await inTime('burst', bursts({ pool, wild, inThreads }, own, total));
      } catch (error) {
        failed = true;
        throw new assert.AssertionError({ message: `burst: ${(error as Error)?.stack ?? String(error)}` });
      }
    }
  };
  const own = (): Dice => new Dice(dice.from(0, 2 ** 32 - 1));
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: callers }, () => caller(own())),
    ...Array.from({ length: bursters }, () => burster(own())),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function bursts(
  { pool, wild, inThreads }: { pool: Executor; wild: boolean; inThreads: boolean },
  dice: Dice,
  total: { small: number },
): Promise<void> {
  const kind = dice.next();
  if (kind < 0.6) total.small += await burst(pool, dice);
  else if (kind < 0.9 && inThreads) total.small += await countedBurst(pool, dice, wild);
  else total.small += blockingBurst(pool, dice);
  // Workers go to rest now and then, each in one of its ways.
  if (dice.chance(0.5)) await sleep(dice.from(0, 25));
}
