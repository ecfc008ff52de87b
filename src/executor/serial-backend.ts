/** The backend that runs everything in the calling thread, one task at a time. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ExecutorClosedError, UnsupportedError, WorkerInitError } from '../base/errors.ts';
import type { Backend, BackendStats, Capabilities, Chunk } from './backend.ts';
import { describeError } from './crash-error.ts';
import { PriorityQueue } from './priority-queue.ts';
import { runPart, type PartEnd, type PartHost } from './runner.ts';
import { timeoutError } from './timeout-error.ts';

/** Functions that every worker runs at its start and its end; `serial` runs them once. */
export interface SerialOptions {
  readonly init?: (() => unknown) | undefined;
  readonly teardown?: (() => unknown) | undefined;
}

const workerId = 0;

/**
 * Runs chunks in arrival order (higher priority first). A chunk started from inside a running one runs at once:
 * the outer one waits for it, so queueing it behind the outer one would never end.
 */
export class SerialBackend implements Backend {
  readonly name = 'serial';
  readonly capabilities: Capabilities = {
    sharedMemory: true,
    killable: false,
    isolated: false,
    blocking: true,
  };
  readonly workers = 1;
  readonly #options: SerialOptions;
  readonly #queue = new PriorityQueue<SerialRun>();
  readonly #runs = new Map<Chunk, SerialRun>();
  /** Whether code runs as part of a task; false again where the surface is told of results. */
  readonly #inside = new AsyncLocalStorage<boolean>();
  /** What runs now: at most one chunk, and those that a blocking call or a task inside it has started. */
  readonly #active = new Set<SerialRun>();
  #scheduled = false;
  #started: Promise<void> | undefined;
  #ready = false;
  #closed = false;
  #completed = 0;
  #failed = 0;
  #idle: (() => void)[] = [];

  constructor(options: SerialOptions = {}) {
    this.#options = options;
    this.#ready = options.init === undefined;
  }

  run(chunk: Chunk): void {
    if (this.#closed) throw new ExecutorClosedError('serial: the executor is closed');
    const tell = (call: () => void) => this.#inside.run(false, call);
    const run = new SerialRun(chunk, tell, (items, failed) => this.#settled(run, items, failed));
    this.#runs.set(chunk, run);
    if (this.#inside.getStore() === true) {
      queueMicrotask(() => void this.#begin(run));
      return;
    }
    run.queued = true;
    this.#queue.push(run, chunk.priority);
    this.#schedule();
  }

  cancel(chunk: Chunk, reason: unknown): void {
    this.#runs.get(chunk)?.cancel(reason);
  }

  workerIds(): Promise<readonly number[]> {
    return Promise.resolve([workerId]);
  }

  /** Runs the queue here and now; a function that returns a promise cannot be waited for. */
  wait(done: () => boolean): void {
    while (!done()) {
      if (!this.#ready)
        throw new UnsupportedError('serial: init has not run yet; await one task first, or use submit');
      const run = this.#queue.shift();
      if (run === undefined) {
        throw new UnsupportedError(
          'serial: a blocking call cannot wait for an asynchronous function; use submit() or map(), or threads()',
        );
      }
      void this.#begin(run);
    }
  }

  resize(): void {
    throw new UnsupportedError('serial: runs in the calling thread and cannot be resized; use threads()');
  }

  stats(): BackendStats {
    return {
      workers: 1,
      alive: 1,
      busy: this.#active.size === 0 ? 0 : 1,
      spare: 0,
      queued: this.#queue.size,
      running: this.#runs.size - this.#queue.size,
      completed: this.#completed,
      failed: this.#failed,
      crashed: 0,
      retired: 0,
    };
  }

  async close(): Promise<void> {
    if (this.#runs.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#closed) return;
    this.#closed = true;
    if (this.#started !== undefined || this.#options.init === undefined) await this.#options.teardown?.();
  }

  terminate(reason?: unknown): Promise<void> {
    this.#closed = true;
    const error = reason ?? new ExecutorClosedError('serial: the executor was terminated');
    for (const run of [...this.#runs.values()]) run.fail(error);
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#scheduled || this.#active.size > 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (!this.#ready) {
      try {
        await (this.#started ??= Promise.resolve(this.#options.init?.()).then(() => undefined));
        this.#ready = true;
      } catch (error) {
        this.#started = undefined;
        const message = `serial: \`init\` failed; tasks that waited for it cannot run: ${describeError(error)}`;
        const failed = new WorkerInitError(message, { cause: error });
        for (let run = this.#queue.shift(); run !== undefined; run = this.#queue.shift()) {
          run.queued = false;
          run.fail(failed);
        }
        return;
      }
    }
    while (this.#active.size === 0) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      await this.#begin(run);
    }
  }

  #begin(run: SerialRun): void | Promise<void> {
    if (run.ended) return undefined;
    run.queued = false;
    this.#active.add(run);
    const after = (): void => {
      this.#active.delete(run);
      if (this.#queue.size > 0) this.#schedule();
    };
    const outcome = this.#inside.run(true, () => run.start());
    if (outcome === undefined) return after();
    return outcome.then(after);
  }

  #settled(run: SerialRun, items: number, failed: boolean): void {
    this.#runs.delete(run.chunk);
    if (run.queued) this.#queue.delete(run);
    this.#completed += items;
    if (failed) this.#failed++;
    if (this.#runs.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** One chunk on its way through the calling thread. */
class SerialRun implements PartHost {
  readonly chunk: Chunk;
  readonly workerId = workerId;
  readonly current = new Int32Array(1);
  readonly timed: boolean;
  /** Calls the sink: chunks that it sends are not part of this task. */
  readonly #tell: (call: () => void) => void;
  readonly #settled: (items: number, failed: boolean) => void;
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Lets the next chunk start; set while the function is asynchronous. */
  #over: (() => void) | undefined;
  #items = 0;
  /** Waits in the backend's queue. */
  queued = false;
  ended = false;

  constructor(
    chunk: Chunk,
    tell: (call: () => void) => void,
    settled: (items: number, failed: boolean) => void,
  ) {
    this.chunk = chunk;
    this.#tell = tell;
    this.timed = chunk.timeoutMs !== undefined;
    this.#settled = settled;
  }

  get taskId(): number {
    return this.chunk.taskId;
  }
  get seed(): number {
    return this.chunk.seed;
  }
  get base(): number {
    return this.chunk.base;
  }
  get abort(): AbortController {
    return (this.#abort ??= new AbortController());
  }
  source(): this {
    return this;
  }
  poll(): void {
    // Nothing arrives behind this thread's back.
  }
  report(k: number, data: unknown): void {
    if (!this.ended) this.#tell(() => this.chunk.sink.report(k, data));
  }
  claim(k: number, want: number): number {
    return this.ended ? k : want;
  }
  stopRequested(): boolean {
    return this.ended;
  }
  starting(k: number): void {
    const { timeoutMs } = this.chunk;
    if (timeoutMs === undefined || this.ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const error = timeoutError(this.chunk, k, timeoutMs, workerId);
      this.#end(() => this.chunk.sink.end({ kind: 'failed', k, error, crash: false }), true);
      this.abort.abort(error);
    }, timeoutMs);
  }
  results(k: number, values: Float64Array | unknown[]): undefined {
    if (this.ended) return;
    this.#items += values.length;
    this.#tell(() => this.chunk.sink.results(k, values));
  }
  flush(): void {
    // Results went straight to the sink.
  }

  start(): undefined | Promise<void> {
    const { op, fns, items, from, to, range } = this.chunk;
    const since = performance.now();
    this.chunk.sink.started();
    const finish = (end: PartEnd): void => {
      if (end.kind === 'done') {
        this.#end(() => this.chunk.sink.end({ kind: 'done', computeMs: performance.now() - since }), false);
      } else {
        this.#end(
          () => this.chunk.sink.end({ kind: 'failed', k: end.k, error: end.error, crash: false }),
          true,
        );
      }
    };
    const part = { op, fns, items: from === 0 ? items : sliceOf(items, from, to), from, to, range };
    const outcome = runPart(part, this);
    if (!(outcome instanceof Promise)) return void finish(outcome);
    return new Promise((resolve) => {
      this.#over = resolve;
      void outcome.then(finish).then(() => {
        clearTimeout(this.#timer);
        resolve();
      });
    });
  }

  cancel(reason: unknown): void {
    this.#end(() => this.chunk.sink.end({ kind: 'cancelled', reason }), false);
    this.#abort?.abort(reason);
  }

  fail(error: unknown): void {
    const k = this.current[0] as number;
    this.#end(() => this.chunk.sink.end({ kind: 'failed', k, error, crash: false }), true);
    this.#abort?.abort(error);
  }

  #end(tell: () => void, failed: boolean): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.#timer);
    // A function that was told to stop and never settles must not hold up what comes after it.
    if (this.#over !== undefined) this.#timer = setTimeout(this.#over, this.chunk.graceMs);
    this.#tell(tell);
    this.#settled(this.#items, failed);
  }
}

/** Items `from ≤ k < to`; typed arrays stay typed and are not copied. */
export function sliceOf(items: ArrayLike<unknown>, from: number, to: number): ArrayLike<unknown> {
  if (ArrayBuffer.isView(items)) return (items as unknown as Float64Array).subarray(from, to);
  return Array.prototype.slice.call(items, from, to);
}
