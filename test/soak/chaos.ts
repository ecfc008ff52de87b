/**
 * Chaos for a long time: `npm run soak -- chaos [seconds] [seed]`.
 *
 * While tasks run, workers are killed, stopped and woken from outside (processes only), heaps run full, tasks are cancelled
 * and run into time limits, pools are resized. Every task ends, once, with the right value or with the error that was due; in
 * the end no worker, no segment and no handle is left, and memory has not grown.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { trackerId } from '#src/memory/tracker.js';
import { processes, TaskTimeoutError, threads, WorkerCrashedError, type Executor } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';
import { Dice } from './dice.ts';
import { assertFlat, collectGarbage, inTime, megabytes } from './watch.ts';

const eraMs = 5000;
const callers = 6;
/** A worker that is stopped goes on after this, at the latest. */
const stopMs = 150;

export interface ChaosReport {
  readonly seed: number;
  readonly eras: number;
  readonly tasks: number;
  readonly crashed: number;
  readonly signals: number;
}

interface Era {
  readonly pool: Executor;
  readonly isolated: boolean;
  /** Workers that have run something: one that starts is left alone, as a pool gives up when three in a row do not come up. */
  readonly pids: Set<number>;
  readonly total: { tasks: number; signals: number; crashed: number };
}

type Act = (era: Era, dice: Dice) => Promise<void>;

const backends = ['threads', 'processes', 'processes by message'] as const;

/** Segments of this program. */
const segments = (): string[] =>
  process.platform === 'linux'
    ? readdirSync('/dev/shm').filter((name) => name.startsWith(`tutti-${trackerId()}`))
    : [];

async function outcome(promise: PromiseLike<unknown>): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

function crashedOr(
  era: Era,
  found: { value: unknown } | { error: unknown },
  due: (error: unknown) => boolean,
): void {
  if (!('error' in found)) assert.fail(`an error was due, not ${String(found.value)}`);
  const { error } = found;
  assert.ok(due(error) || (era.isolated && error instanceof WorkerCrashedError), String(error));
}

function busy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** Tries again what a killed worker ran. */
const again = { retries: { limit: 100, on: (error: unknown) => error instanceof WorkerCrashedError } };

const many: Act = async (era, dice) => {
  const n = dice.from(1, 60);
  const pool = era.pool.with(again);
  const spin = busy;
  const found = await Promise.all(
    Array.from({ length: n }, async (_, x) => {
      const run = (y: number, ms: number): { y: number; pid: number } => {
        spin(ms);
        return { y: y * 3, pid: process.pid };
      };
      const one = await pool.submit(run, x, dice.next() * 3);
      if (era.isolated) era.pids.add(one.pid);
      return one;
    }),
  );
  era.total.tasks += n;
  found.forEach(({ y }, x) => assert.equal(y, x * 3));
};

/** Every death costs the start of a worker: most acts are harmless. */
const acts: readonly Act[] = [
  ...Array.from({ length: 12 }, () => many),
  async (era, dice) => {
    const items = Array.from({ length: dice.from(0, 2000) }, (_, x) => x);
    const chunk = dice.chance(0.3) ? { chunk: dice.from(1, 200) } : {};
    const found = await era.pool.map(items, (x) => (x % 7 === 0 ? `${x}` : x + 0.5), { ...again, ...chunk });
    era.total.tasks++;
    assert.deepEqual(
      found,
      items.map((x) => (x % 7 === 0 ? `${x}` : x + 0.5)),
    );
  },
  async (era, dice) => {
    const bytes = new Uint8Array(dice.from(0, 2 ** 21)).fill(dice.from(0, 255));
    const back = await era.pool.with(again).submit((all: Uint8Array) => all, bytes);
    era.total.tasks++;
    assert.ok(Buffer.from(back).equals(bytes), 'the same bytes come back');
  },
  async (era, dice) => {
    const task = era.pool.with({ graceMs: dice.from(0, 20) }).submit(() => {
      for (;;);
    });
    const ended = outcome(task);
    await sleep(dice.from(0, 30));
    const reason = new RangeError('enough');
    task.cancel(reason);
    crashedOr(era, await ended, (error) => error === reason);
    era.total.tasks++;
  },
  async (era, dice) => {
    const view = era.pool.with({ timeoutMs: dice.from(1, 30), graceMs: dice.from(0, 20) });
    const endless = dice.chance(0.5)
      ? () => {
          for (;;);
        }
      : async () => await new Promise(() => undefined);
    crashedOr(era, await outcome(view.submit(endless)), (error) => error instanceof TaskTimeoutError);
    era.total.tasks++;
  },
  async (era, dice) => {
    const code = dice.from(1, 99);
    const found = await outcome(era.pool.submit((status: number) => process.exit(status), code));
    assert.ok('error' in found && found.error instanceof WorkerCrashedError);
    era.total.tasks++;
  },
  async (era, dice) => {
    // Threads: see the note of `npm run soak`.
    if (!era.isolated || !dice.chance(0.15)) return;
    const found = await outcome(
      era.pool.submit(() => {
        let hoard: unknown;
        for (;;) hoard = { before: hoard };
      }),
    );
    assert.ok('error' in found && found.error instanceof WorkerCrashedError);
    era.total.tasks++;
  },
  async (era, dice) => {
    era.pool.resize(dice.from(1, 3));
    await sleep(dice.from(0, 30));
  },
];

/** Kills and stops workers until the era is over. */
async function signals({ pids, total }: Era, dice: Dice, over: () => boolean): Promise<void> {
  while (!over()) {
    await sleep(dice.from(10, 150));
    const workers = [...pids].filter(isWorker);
    if (workers.length === 0) continue;
    const pid = dice.pick(workers);
    total.signals++;
    if (dice.chance(0.5)) send(pid, 'SIGKILL');
    else {
      send(pid, 'SIGSTOP');
      await sleep(dice.from(1, stopMs));
      send(pid, 'SIGCONT');
    }
  }
}

/** Still a child of this process: ids are used again. */
function isWorker(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(parent) === process.pid;
  } catch {
    return false; // gone
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Runs for a while; rejects at the first wrong value, hang or leak. */
export async function chaos(
  seconds: number,
  seed: number,
  log: (line: string) => void = () => undefined,
): Promise<ChaosReport> {
  const dice = new Dice(seed);
  const before = new Set(segments());
  const end = performance.now() + seconds * 1000;
  const total = { tasks: 0, signals: 0, crashed: 0 };
  const heap: number[] = [];
  const rss: number[] = [];
  let eras = 0;
  for (; performance.now() < end; eras++) {
    const backend = backends[eras % backends.length] as (typeof backends)[number];
    const options = {
      workers: dice.from(1, 3),
      graceMs: 50,
      ...(dice.chance(0.3) ? { idleTimeoutMs: dice.from(1, 50) } : {}),
      ...(dice.chance(0.3) ? { maxTasksPerWorker: dice.from(50, 500) } : {}),
    };
    const isolated = backend !== 'threads';
    const pool = isolated
      ? processes({
          ...options,
          sharedMemory: backend === 'processes',
          resourceLimits: { maxOldGenerationSizeMb: 32 },
        })
      : threads(options);
    const one: Era = { pool, isolated, pids: new Set(), total };
    await era(one, dice, Math.min(end, performance.now() + eraMs));
    await inTime('close', pool.close());
    const { alive, crashed, running, queued, tasks } = pool.stats();
    assert.deepEqual(
      { alive, running, queued, pending: tasks.pending },
      { alive: 0, running: 0, queued: 0, pending: 0 },
    );
    total.crashed += crashed;
    await collectGarbage();
    heap.push(process.memoryUsage().heapUsed);
    rss.push(process.memoryUsage.rss());
    log(
      `era ${eras + 1} (${backend}): ${total.tasks} tasks, ${total.signals} signals, ${total.crashed} workers died, ` +
        `heap ${megabytes(heap.at(-1))}, resident ${megabytes(rss.at(-1))}`,
    );
  }
  assertFlat(heap, rss);
  await assertNoLeaks();
  assert.deepEqual(
    segments().filter((name) => !before.has(name)),
    [],
  );
  return { seed, eras, ...total };
}

async function era(one: Era, dice: Dice, until: number): Promise<void> {
  let failed = false;
  const over = (): boolean => failed || performance.now() >= until;
  const own = (): Dice => new Dice(dice.from(0, 2 ** 32 - 1));
  const caller = async (mine: Dice): Promise<void> => {
    while (!over()) {
      try {
        await inTime('an act of chaos', mine.pick(acts)(one, mine));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: callers }, () => caller(own())),
    ...(one.isolated && process.platform === 'linux' ? [signals(one, own(), over)] : []),
  ]);
  for (const ended of outcomes) if (ended.status === 'rejected') throw ended.reason;
}
