/**
 * Work that the calling thread does itself because sending it away would cost more than doing it.
 *
 * It is never done before the call has returned, and never for more than {@link sliceMs} without a turn of the event loop:
 * apart from the time they take, inline calls cannot be told from others.
 */
import type { AnyFunction } from '../closure/index.ts';
import type { ExecutorCore } from './executor-core.ts';
import { Fifo } from './fifo.ts';
import type { CallSettings } from './options.ts';

/** Longest stretch of inline work without a turn of the event loop, for all calls together. */
const sliceMs = 5;
/** Between two looks at the clock. */
const strideMs = 0.2;
const leastStride = 16;
const firstStride = 256;
const longestStride = 65536;
/**
 * What it costs the calling thread to send an item to a worker and to take its result in, for numbers: 10 to 17 ns by
 * `npm run bench -- --only map`, wall time "kept from running inline" over a million items.
 */
const transportMs = 1e-5;
/** A call that is over sooner gains nothing from workers that are up … */
const roundTripMs = 0.2;
/** … or from those that have to start first. */
const startMs = 40;
/** Until a function has run for so long it runs unoptimised, and its time per item means nothing. */
const trialMs = 20;
/** What it is now shows after so long in a call. */
const lookMs = 1;

/** Some work cut into strides; returns whether there is more to do. */
type Step = (untilMs: number) => boolean;

const waiting = new Fifo<Step>();
let scheduled = false;

/** Calls `step` after the code that runs now, and then again as long as it returns true. */
export function runInline(step: Step): void {
  waiting.push(step);
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(turn);
}

function turn(): void {
  const untilMs = performance.now() + sliceMs;
  for (let step = waiting.at(0); step !== undefined; step = waiting.at(0)) {
    if (!step(untilMs)) waiting.shift();
    if (performance.now() < untilMs) continue;
    if (waiting.size === 0) break;
    // A pending immediate keeps the process alive, as a pending task has to.
    setImmediate(turn);
    return;
  }
  scheduled = false;
}

/** What has to be known of a call: a {@link Call} has it. */
interface Candidate {
  readonly core: ExecutorCore;
  readonly settings: CallSettings;
}

/**
 * Whether a call over `items` may run inline if its function only computes. Not where that could show: when functions run
 * in this thread anyway, when workers may fail to start, and with options of the call that speak of workers.
 */
export function canRunInline({ core, settings }: Candidate, items: ArrayLike<unknown>): boolean {
  const { timeoutMs, retries, onProgress, chunk } = settings;
  const { init, execArgv, resourceLimits } = core.options;
  if (!core.backend.capabilities.isolated) return false;
  if (init !== undefined || execArgv !== undefined || resourceLimits !== undefined) return false;
  if (timeoutMs !== undefined || retries !== undefined || onProgress !== undefined || chunk !== undefined)
    return false;
  return (Array.isArray(items) || ArrayBuffer.isView(items)) && typeof items[0] === 'number';
}

/** What a call gives to {@link beginInline}: a view of itself. */
export interface InlineWork {
  readonly core: ExecutorCore;
  readonly blocking: boolean;
  /** A copy of the call's function. */
  readonly fn: AnyFunction;
  readonly length: number;
  /** Comes before the first item, and does not count as time of the items. */
  readonly prepare?: () => void;
  /** The call has ended. */
  readonly over: () => boolean;
  /** Runs the items `k ≤ i < end`; returns the first that has not run: before `end` if it has to run on a worker. */
  readonly run: (k: number, end: number) => number;
  /** Every item has run. */
  readonly complete: () => void;
  /** Workers go on from item `k`. */
  readonly leave: (k: number) => void;
}

/** Runs items here, from the first on, until the rest is better sent to workers; in a blocking call at once. */
export function beginInline(work: InlineWork): void {
  const { core, length } = work;
  const trial = new InlineTrial(work.fn, core.backend.workers, () => core.backend.stats().alive > 0);
  let k = 0;
  const step = (untilMs: number): boolean => {
    if (k === 0 && !work.over()) work.prepare?.();
    while (!work.over()) {
      const from = k;
      const end = Math.min(length, from + trial.stride);
      const since = performance.now();
      k = work.run(from, end);
      const now = performance.now();
      core.inline += k - from;
      if (work.over()) return false;
      if (k < end || !trial.staysHere(end - from, now - since, length - end)) {
        work.leave(k);
        return false;
      }
      if (k === length) work.complete();
      else if (now >= untilMs) return true;
    }
    return false;
  };
  if (work.blocking) step(Infinity);
  else runInline(step);
}

/** What is known of a function that has run inline. */
interface Known {
  /** Time that it has run, in all calls. */
  spentMs: number;
  perItemMs: number;
}

const known = new WeakMap<AnyFunction, Known>();

/** Decides, stride by stride, whether a call stays in the calling thread. */
class InlineTrial {
  readonly #known: Known;
  readonly #workers: number;
  readonly #ready: () => boolean;
  #stride: number;
  /** Times per item of the last strides: the least of them is not the work of another program. */
  readonly #recent: number[] = [];
  #spentMs = 0;

  /** `ready`: workers are up. */
  constructor(fn: AnyFunction, workers: number, ready: () => boolean) {
    let before = known.get(fn);
    if (before === undefined) known.set(fn, (before = { spentMs: 0, perItemMs: 0 }));
    this.#known = before;
    this.#workers = workers;
    this.#ready = ready;
    const { perItemMs } = before;
    this.#stride = perItemMs > 0 ? clamp(Math.floor(strideMs / perItemMs)) : firstStride;
  }

  /** Items until the next look at the clock. */
  get stride(): number {
    return this.#stride;
  }

  /** `items` took `tookMs`; whether the `left` others are better done here as well. */
  staysHere(items: number, tookMs: number, left: number): boolean {
    const about = this.#known;
    const perItemMs = tookMs / items;
    about.spentMs += tookMs;
    this.#spentMs += tookMs;
    if (this.#recent.push(perItemMs) > 4) this.#recent.shift();
    about.perItemMs = Math.min(...this.#recent);
    if (tookMs < strideMs / 2) this.#stride = clamp(this.#stride * 2);
    else if (tookMs > strideMs * 2) this.#stride = clamp(this.#stride >> 1);
    if (left === 0 || about.spentMs < trialMs || this.#spentMs < lookMs) return true;
    const gainMs = about.perItemMs * (1 - 1 / this.#workers) - transportMs;
    return gainMs <= 0 || gainMs * left < (this.#ready() ? roundTripMs : startMs);
  }
}

function clamp(stride: number): number {
  return Math.max(leastStride, Math.min(longestStride, stride));
}
