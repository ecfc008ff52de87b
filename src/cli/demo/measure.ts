/** Times a problem's loop against its threads, in one process and under the same conditions. */
import type { Executor } from '../../executor/executor.ts';
import type { Progress } from '../../executor/options.ts';
import type { Check } from './check.ts';
import type { Figure } from './figure.ts';
import type { Case } from './problem.ts';

/** The loop runs the first eighth of the pieces this long (at least once) before anything is timed. */
const WARM_UP_MS = 300;
/** Timed rounds go on until this much time or this many rounds. */
const TIMED_MS = 1800;
const MAX_ROUNDS = 5;

/** Called as the measurement goes on. */
export interface MeasureHooks {
  phase(phase: 'serial' | 'threads', round: number): void;
  progress(progress: Progress): void;
}

/** What {@link measure} found. */
export interface Measured {
  readonly input: string;
  readonly pieces: number;
  /** Number of timed rounds; the times are their medians. */
  readonly rounds: number;
  readonly serialMs: number;
  readonly threadsMs: number;
  readonly checks: readonly Check[];
  readonly figures: readonly Figure[];
}

/**
 * Runs a case as a plain loop and on the pool, alternately, and compares the results of the last round.
 *
 * Warm-up is the same for every thread: this one and each worker work through equally many pieces, since the engine
 * compiles a function anew in each of them. The workers have started by then.
 */
export async function measure<Item, Result>(
  work: Case<Item, Result>,
  pool: Executor,
  hooks: MeasureHooks,
): Promise<Measured> {
  const some = work.items.slice(0, Math.max(pool.workers, Math.ceil(work.items.length / 8)));
  hooks.phase('serial', 0);
  const warmUpEnd = performance.now() + WARM_UP_MS;
  let warmUps = 0;
  do {
    work.serial(some);
    warmUps++;
  } while (performance.now() < warmUpEnd);
  for (let i = 0; i < warmUps * pool.workers; i++) await work.threads(pool, some, ignore);

  const serialTimes: number[] = [];
  const threadTimes: number[] = [];
  const start = performance.now();
  let serial: Result;
  let threads: Result;
  do {
    hooks.phase('serial', serialTimes.length + 1);
    const began = performance.now();
    serial = work.serial(work.items);
    serialTimes.push(performance.now() - began);

    hooks.phase('threads', threadTimes.length + 1);
    const beganThreads = performance.now();
    threads = await work.threads(pool, work.items, hooks.progress);
    threadTimes.push(performance.now() - beganThreads);
  } while (performance.now() - start < TIMED_MS && serialTimes.length < MAX_ROUNDS);

  return {
    input: work.input,
    pieces: work.items.length,
    rounds: serialTimes.length,
    serialMs: median(serialTimes),
    threadsMs: median(threadTimes),
    checks: work.check(serial, threads),
    figures: work.figures(threads),
  };
}

function ignore(): void {}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
