/**
 * The calling thread as one more worker: `{ help: true }`.
 *
 * It runs pieces of a call between turns of the event loop, with a copy of the function, items that were copied for it and
 * results that are copied back, so that a function finds the same as in a worker: only `context().workerId` is 0.
 */
import { localCopy, pack, scanPlain, unpack, type AnyFunction } from '../closure/index.ts';
import type { ExecutorCore } from './executor-core.ts';
import type { Flight } from './flight.ts';
import { runPart, type PartEnd, type PartHost } from './runner.ts';

/** A piece should not keep the event loop waiting for longer. */
const sliceMs = 5;
/** A piece is at most this many times as large as the one before. */
const growth = 4;

/** Takes one flight at a time. */
export class Helper {
  /** The functions that it has copies of. */
  readonly fns: readonly AnyFunction[];
  readonly #core: ExecutorCore;
  #copies: readonly AnyFunction[] | undefined;
  #run: LocalRun | undefined;
  #size = 1;

  /** `ready`: called when it can take flights, which may be before this returns or later. */
  constructor(core: ExecutorCore, fns: readonly AnyFunction[], ready: () => void) {
    this.#core = core;
    this.fns = fns;
    const copies = fns.map((fn) => localCopy(fn));
    if (copies.includes(undefined)) return;
    if (!copies.some((copy) => copy instanceof Promise)) this.#copies = copies as AnyFunction[];
    else {
      void Promise.all(copies).then(
        (loaded) => {
          this.#copies = loaded as AnyFunction[];
          ready();
        },
        // The workers meet the same error and tell the caller.
        () => undefined,
      );
    }
  }

  /** It could take a flight now. */
  get idle(): boolean {
    return this.#copies !== undefined && this.#run === undefined;
  }

  /** A good number of items for the next flight. */
  get size(): number {
    return this.#size;
  }

  /** Runs a flight soon; false when its items have to go to a worker: they are not plain data, or they are moved. */
  take(flight: Flight): boolean {
    const { op, from, to } = flight;
    const items: unknown[] = op === 'range' ? [undefined] : [];
    for (let k = from; op !== 'range' && k < to; k++) {
      const item = flight.items[k];
      const moved: unknown[] = [];
      if (!scanPlain(item, moved as never[]) || moved.length > 0) return false;
      items.push(typeof item === 'object' ? structuredClone(item) : item);
    }
    const run = new LocalRun(flight);
    this.#run = run;
    setImmediate(() => {
      if (run.stopped) return;
      run.start(this.#copies as readonly AnyFunction[], items, (end, tookMs) => {
        this.#run = undefined;
        const count = flight.range?.length ?? to - from;
        const fits = Math.floor((count * sliceMs) / Math.max(tookMs, 0.001));
        this.#size = Math.max(1, Math.min(count * growth, fits));
        if (run.stopped) return;
        if (end.kind === 'failed') return flight.end({ ...end, crash: false });
        this.#core.inline += count;
        flight.end({ kind: 'done', computeMs: tookMs });
      });
    });
    return true;
  }

  /** Ends a flight that runs here; false when it does not. */
  cancel(flight: Flight, reason: unknown): boolean {
    const run = this.#run;
    if (run?.flight !== flight) return false;
    if (!run.started) this.#run = undefined;
    run.cancel(reason);
    return true;
  }
}

/** A flight that runs in this thread. */
class LocalRun implements PartHost {
  readonly workerId = 0;
  readonly current = new Int32Array(1);
  readonly timed = false;
  readonly flight: Flight;
  started = false;
  stopped = false;
  #abort: AbortController | undefined;

  constructor(flight: Flight) {
    this.flight = flight;
  }

  get taskId(): number {
    return this.flight.taskId;
  }
  get seed(): number {
    return this.flight.seed;
  }
  get base(): number {
    return this.flight.base;
  }
  get abort(): AbortController {
    return (this.#abort ??= new AbortController());
  }

  start(fns: readonly AnyFunction[], items: unknown[], ended: (end: PartEnd, tookMs: number) => void): void {
    this.started = true;
    this.flight.started();
    const { op, from, to, range } = this.flight;
    const since = performance.now();
    const finish = (end: PartEnd): void => ended(end, performance.now() - since);
    const outcome = runPart({ op, fns, items, from, to, range }, this);
    if (outcome instanceof Promise) void outcome.then(finish);
    else finish(outcome);
  }

  cancel(reason: unknown): void {
    this.stopped = true;
    this.flight.end({ kind: 'cancelled', reason });
    this.#abort?.abort(reason);
  }

  claim(k: number, want: number): number {
    return this.stopped ? k : want;
  }
  stopRequested(): boolean {
    return this.stopped;
  }
  source(): this {
    return this;
  }
  poll(): void {
    // Nothing arrives behind this thread's back.
  }
  starting(): void {
    // Calls with a time limit run on workers alone.
  }
  flush(): void {
    // Results went straight to the call.
  }
  report(k: number, data: unknown): void {
    if (!this.stopped) this.flight.report(k, copyOf(data, 'report'));
  }

  results(k: number, values: Float64Array | unknown[]): { k: number; error: unknown } | undefined {
    if (this.stopped) return undefined;
    let at = 0;
    try {
      const copies = values instanceof Float64Array ? values : new Array<unknown>(values.length);
      for (; copies !== values && at < values.length; at++) copies[at] = copyOf(values[at], 'result');
      this.flight.results(k, copies);
      return undefined;
    } catch (error) {
      return { k: k + at, error };
    }
  }
}

/** What arrives when a worker sends `value`. */
function copyOf(value: unknown, root: string): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  return scanPlain(value, []) ? structuredClone(value) : unpack(structuredClone(pack(value, { root })));
}
