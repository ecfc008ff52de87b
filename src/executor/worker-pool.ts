/**
 * The scheduler: chunks in, parts to workers, results out — whatever happens to the workers.
 *
 * Pure bookkeeping above `StartWorker`: threads and processes share it. The README beside this file describes its
 * states, what moves when a worker dies, and why every chunk ends exactly once.
 */
import { ExecutorClosedError, TaskTimeoutError, UnsupportedError, WorkerInitError } from '../base/errors.ts';
import {
  capture,
  packError,
  unpack,
  unpackError,
  type AnyFunction,
  type Captured,
} from '../closure/index.ts';
import type { Backend, BackendStats, Capabilities, Chunk } from './backend.ts';
import { crashError } from './crash-error.ts';
import { Deadlines } from './deadlines.ts';
import { encodeItems } from './item-coding.ts';
import { ChunkRun, PartQueue, type Part } from './part.ts';
import { PoolWorker } from './pool-worker.ts';
import { rebalance } from './rebalance.ts';
import { taskLabel } from './task-label.ts';
import { Coding, type FromWorker } from './wire.ts';
import type { StartWorker, WorkerExit, WorkerSetup } from './worker-link.ts';

export interface WorkerPoolOptions {
  /** `threads`, `processes`: what messages call it. */
  readonly name: string;
  readonly workers: number;
  readonly start: StartWorker;
  readonly init?: AnyFunction | undefined;
  readonly teardown?: AnyFunction | undefined;
  readonly nestedWorkers: (workers: number) => number;
  readonly maxTasksPerWorker?: number | undefined;
  readonly maxWorkerMemory?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

/** Work that a worker should hold ready, so that it never waits for the scheduler: about this long. */
const aheadMs = 1;
/** Workers in a row that may die before they are ready. */
const startAttempts = 3;
/** Time for `teardown` when a worker is retired. */
const teardownMs = 5000;

export class WorkerPool implements Backend {
  readonly name: string;
  readonly capabilities: Capabilities = {
    sharedMemory: true,
    killable: true,
    isolated: true,
    blocking: true,
  };
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<PoolWorker>();
  readonly #queue = new PartQueue();
  readonly #runs = new Map<Chunk, ChunkRun>();
  /** Functions captured once for all chunks of a call: the chunks share one `fns` array. */
  readonly #captured = new WeakMap<readonly AnyFunction[], readonly Captured[]>();
  readonly #deadlines = new Deadlines();
  readonly #bell = new Int32Array(new SharedArrayBuffer(8));
  readonly #lifecycle: Pick<WorkerSetup, 'init' | 'teardown'>;
  #target: number;
  #nextId = 1;
  #averageMs = aheadMs;
  #pumpQueued = false;
  #rebalanceMs = 0;
  #failedStarts = 0;
  #closing: Promise<void> | undefined;
  #waiters: (() => void)[] = [];
  #completed = 0;
  #failed = 0;
  #crashed = 0;
  #retired = 0;

  constructor(options: WorkerPoolOptions) {
    this.name = options.name;
    this.#options = options;
    this.#target = options.workers;
    this.#lifecycle = {
      init: options.init === undefined ? undefined : capture(options.init).packed,
      teardown: options.teardown === undefined ? undefined : capture(options.teardown).packed,
    };
  }

  get workers(): number {
    return this.#target;
  }

  run(chunk: Chunk): void {
    if (this.#closing !== undefined) throw new ExecutorClosedError(`${this.name}: the executor is closed`);
    // Workers take a while to start: begin that before the capture, which may load a parser.
    if (this.#workers.size === 0 && chunk.worker === undefined) this.#spawn();
    let fns = this.#captured.get(chunk.fns);
    if (fns === undefined) this.#captured.set(chunk.fns, (fns = chunk.fns.map((fn) => capture(fn))));
    const { coding, packed } = encodeItems(chunk);
    const run = new ChunkRun(chunk, fns, coding, packed, () => this.#runEnded(run));
    this.#runs.set(chunk, run);
    const [part] = run.parts as unknown as [Part];
    if (chunk.worker === undefined) this.#queue.push(part);
    else this.#pin(part, chunk.worker);
    if (this.#runs.size === 1) this.#hold();
    this.#schedule();
  }

  cancel(chunk: Chunk, reason: unknown): void {
    const run = this.#runs.get(chunk);
    if (run === undefined) return;
    run.end({ kind: 'cancelled', reason });
    this.#stopParts(run, reason);
  }

  async workerIds(): Promise<readonly number[]> {
    if (this.#closing !== undefined) throw new ExecutorClosedError(`${this.name}: the executor is closed`);
    const before = this.#failedStarts;
    for (;;) {
      while (this.#failedStarts <= before && this.#usable().length < this.#target) this.#spawn();
      const usable = this.#usable();
      if (usable.length > 0 && usable.every((worker) => worker.state === 'ready')) {
        this.#hold();
        return usable.map((worker) => worker.id).toSorted((a, b) => a - b);
      }
      for (const worker of usable) worker.hold(true);
      const settled = await new Promise<unknown>((resolve) => this.#started.push(resolve));
      if (settled !== undefined) throw settled;
    }
  }
  /** Waiting `workerIds()` calls: told of every start, with the error of a failed one. */
  readonly #started: ((error: unknown) => void)[] = [];

  wait(done: () => boolean): void {
    Atomics.store(this.#bell, 1, 1);
    try {
      while (!done()) {
        const seen = Atomics.load(this.#bell, 0);
        this.#pump();
        for (const worker of [...this.#workers]) {
          this.#receive(worker);
          if (worker.link.isDead()) this.#gone(worker, { code: worker.board.exitCode() });
        }
        this.#deadlines.tick();
        if (done()) break;
        if ([...this.#runs.values()].some((run) => run.pending > 0)) {
          throw new UnsupportedError(
            `${this.name}: a blocking call cannot rebuild a result that imports a module; use submit() or map()`,
          );
        }
        Atomics.wait(this.#bell, 0, seen, 20);
      }
    } finally {
      Atomics.store(this.#bell, 1, 0);
    }
  }

  resize(workers: number): void {
    this.#target = workers;
    const surplus = this.#usable().length - workers;
    const idleFirst = this.#usable().toSorted((a, b) => a.parts.size - b.parts.size || b.id - a.id);
    for (const worker of idleFirst.slice(0, Math.max(0, surplus))) this.#retire(worker);
    this.#schedule();
  }

  stats(): BackendStats {
    const workers = [...this.#workers];
    const queued = [...this.#runs.values()].filter((run) =>
      [...run.parts].every((part) => part.slot < 0),
    ).length;
    return {
      workers: this.#target,
      alive: workers.length,
      busy: workers.filter((worker) => worker.parts.size > 0).length,
      queued,
      running: this.#runs.size - queued,
      completed: this.#completed,
      failed: this.#failed,
      crashed: this.#crashed,
      retired: this.#retired,
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  terminate(reason?: unknown): Promise<void> {
    this.#closing ??= Promise.resolve();
    const error = reason ?? new ExecutorClosedError(`${this.name}: the executor was terminated`);
    for (const run of [...this.#runs.values()]) {
      run.end({ kind: 'failed', k: run.chunk.from, error, crash: false });
    }
    for (const worker of [...this.#workers]) this.#kill(worker, true);
    return this.#emptied();
  }

  async #close(): Promise<void> {
    while (this.#runs.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    for (const worker of [...this.#workers]) {
      worker.hold(true);
      this.#retire(worker);
    }
    await this.#emptied();
  }

  async #emptied(): Promise<void> {
    while (this.#workers.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Wakes `close`, `terminate`: a run or a worker has ended. */
  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  // ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────

  #schedule(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      this.#pump();
    });
  }

  #pump(): void {
    const depth = Math.max(2, Math.floor(aheadMs / Math.max(this.#averageMs, 0.001)));
    for (const worker of this.#workers) {
      while (worker.pinned.length > 0 && worker.room(depth) > 0)
        this.#assign(worker.pinned.shift() as Part, worker);
    }
    for (let part = this.#queue.peek(); part !== undefined; part = this.#queue.peek()) {
      const worker = this.#freest(depth);
      if (worker === undefined) break;
      this.#queue.shift();
      this.#assign(part, worker);
    }
    let starting = 0;
    for (const worker of this.#workers) if (worker.state === 'starting') starting++;
    let wanted = Math.min(this.#queue.size - starting, this.#target - this.#usable().length);
    while (wanted-- > 0) this.#spawn();
    for (const worker of this.#workers) this.#flush(worker);
    this.#rebalance();
  }

  #freest(depth: number): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of this.#workers) {
      if (worker.room(depth) <= 0 || this.#spent(worker)) continue;
      if (best === undefined || worker.parts.size < best.parts.size) best = worker;
    }
    return best;
  }

  #assign(part: Part, worker: PoolWorker): void {
    const { run } = part;
    if (run.ended) return;
    const { maxTasksPerWorker } = this.#options;
    if (maxTasksPerWorker !== undefined && run.splittable) {
      const room = maxTasksPerWorker - worker.items;
      if (part.to - part.from > room) {
        this.#queue.unshift([run.addPart(part.from + room, part.to)]);
        part.to = part.from + room;
      }
    }
    try {
      worker.assign(part);
    } catch (error) {
      this.#failRun(part, part.from, error, false);
      return;
    }
    if (run.chunk.timeoutMs !== undefined) this.#watch(part, worker, run.chunk.timeoutMs);
  }

  #flush(worker: PoolWorker): void {
    for (const { part, error } of worker.flush()) this.#failRun(part, part.from, error, false);
  }

  /** The worker has had its share of tasks. */
  #spent(worker: PoolWorker): boolean {
    const { maxTasksPerWorker } = this.#options;
    return maxTasksPerWorker !== undefined && worker.items >= maxTasksPerWorker;
  }

  #pin(part: Part, workerId: number): void {
    const worker = [...this.#workers].find((one) => one.id === workerId);
    if (worker !== undefined && worker.state !== 'gone' && worker.state !== 'retiring') {
      worker.pinned.push(part);
      return;
    }
    queueMicrotask(() => {
      const error = crashError(this.name, workerId, undefined, {});
      this.#failRun(part, part.from, error, true);
    });
  }

  /** Idle workers take over what busy ones have not started; looks again while some are idle and others are not. */
  #rebalance(): void {
    const moved = rebalance(this.#workers, (worker) => this.#spent(worker));
    if (moved.again) {
      this.#rebalanceMs = Math.min(64, Math.max(1, this.#rebalanceMs * 2));
      this.#deadlines.add(this.#rebalanceMs, () => this.#schedule());
    } else this.#rebalanceMs = 0;
    if (moved.parts.length === 0) return;
    this.#queue.unshift(moved.parts);
    this.#schedule();
  }

  // ── receiving ────────────────────────────────────────────────────────────────────────────────────────────────

  #receive(worker: PoolWorker): void {
    for (let entries = worker.link.poll(); entries !== undefined; entries = worker.link.poll()) {
      this.#message(worker, entries);
    }
  }

  #message(worker: PoolWorker, entries: readonly FromWorker[]): void {
    for (const entry of entries) this.#entry(worker, entry);
    if (worker.parts.size === 0) this.#idle(worker);
    this.#schedule();
  }

  #entry(worker: PoolWorker, entry: FromWorker): void {
    switch (entry[0]) {
      case 'results': {
        const part = worker.parts.get(entry[1]);
        if (part !== undefined) this.#results(part, entry[2], entry[3]);
        return;
      }
      case 'packed results': {
        const part = worker.parts.get(entry[1]);
        if (part !== undefined) this.#packedResults(part, entry[2], entry[3]);
        return;
      }
      case 'done': {
        const part = worker.release(entry[1]);
        if (part === undefined) return;
        this.#measure(part, entry[2]);
        if (part.run.chunk.op === 'each') this.#completed += part.to - part.from;
        part.run.partDone(part);
        return;
      }
      case 'failed': {
        const part = worker.release(entry[1]);
        if (part === undefined) return;
        this.#measure(part, entry[2]);
        this.#withError(part, entry[4], (error) => this.#failRun(part, entry[3], error, false));
        return;
      }
      case 'skipped': {
        worker.release(entry[1]);
        return;
      }
      case 'report': {
        const part = worker.parts.get(entry[1]);
        if (part === undefined || part.run.ended) return;
        const { sink } = part.run.chunk;
        const data = entry[4] === Coding.packed ? unpack(entry[3] as Parameters<typeof unpack>[0]) : entry[3];
        if (data instanceof Promise) {
          void data.then(
            (value: unknown) => sink.progress(entry[2], value),
            (error: unknown) => sink.progress(entry[2], error),
          );
        } else sink.progress(entry[2], data);
        return;
      }
      case 'memory': {
        const limit = this.#options.maxWorkerMemory;
        if (limit !== undefined && entry[1] > limit) this.#retire(worker);
        return;
      }
      case 'ready': {
        if (worker.state === 'starting') worker.state = 'ready';
        this.#failedStarts = 0;
        for (const told of this.#started.splice(0)) told(undefined);
        return;
      }
      case 'init failed': {
        this.#kill(worker, true);
        const message = `${this.name}: \`init\` failed on worker ${worker.id}; tasks that waited for it cannot run`;
        const cause = unpackError(entry[1]);
        if (cause instanceof Promise) void cause.then((error) => this.#startFailed(message, error));
        else this.#startFailed(message, cause);
      }
    }
  }

  #results(part: Part, k: number, values: ArrayLike<unknown>): void {
    part.received = k + values.length;
    this.#completed += values.length;
    if (!part.run.ended) part.run.chunk.sink.results(k, values);
  }

  #packedResults(part: Part, k: number, packed: Parameters<typeof unpack>[0]): void {
    const { run } = part;
    try {
      const values = unpack(packed) as unknown[] | Promise<unknown[]>;
      if (!(values instanceof Promise)) return this.#results(part, k, values);
      run.pending++;
      void values
        .then(
          (rebuilt) => this.#results(part, k, rebuilt),
          (error: unknown) => this.#failRun(part, k, error, false),
        )
        .then(() => {
          run.pending--;
          run.endIfDone();
        });
    } catch (error) {
      this.#failRun(part, k, error, false);
    }
  }

  /** Hands an error over once it is rebuilt; rebuilding may have to import the module of its class. */
  #withError(part: Part, packed: Parameters<typeof unpackError>[0], then: (error: unknown) => void): void {
    const error = unpackError(packed);
    if (!(error instanceof Promise)) return then(error);
    part.run.pending++;
    void error.then((rebuilt) => {
      part.run.pending--;
      then(rebuilt);
    });
  }

  #measure(part: Part, computeMs: number): void {
    part.run.computeMs += computeMs;
    this.#averageMs += (computeMs - this.#averageMs) * 0.2;
  }

  // ── endings ──────────────────────────────────────────────────────────────────────────────────────────────────

  #failRun(part: Part, k: number, error: unknown, crash: boolean): void {
    const { run } = part;
    run.parts.delete(part);
    if (!run.ended) {
      this.#failed++;
      run.end({ kind: 'failed', k, error, crash });
    }
    this.#stopParts(run, error);
  }

  #runEnded(run: ChunkRun): void {
    this.#runs.delete(run.chunk);
    if (this.#runs.size > 0) return;
    this.#hold();
    this.#wake();
  }

  /** While work is under way the workers keep the process alive; afterwards they do not. */
  #hold(): void {
    const busy = this.#runs.size > 0;
    for (const worker of this.#workers) worker.hold(busy);
  }

  /** Takes back what has not started, asks the rest to stop, and replaces the worker of what does not. */
  #stopParts(run: ChunkRun, reason: unknown): void {
    for (const part of [...run.parts]) {
      run.parts.delete(part);
      if (part.slot < 0 || part.stopping) continue;
      part.stopping = true;
      const worker = [...this.#workers].find((one) => one.parts.get(part.slot) === part);
      if (worker === undefined || worker.board.takeBack(part.slot)) continue;
      worker.board.requestStop(part.slot);
      worker.send(['stop', part.slot, packError(reason)]);
      this.#flush(worker);
      this.#deadlines.add(run.chunk.graceMs, () => {
        if (part.slot >= 0 && worker.parts.get(part.slot) === part) this.#kill(worker, true);
      });
    }
    this.#schedule();
  }

  /** Checks a part's time limit against the start that the worker notes for each item. */
  #watch(part: Part, worker: PoolWorker, timeoutMs: number): void {
    const check = (): void => {
      if (!part.run.parts.has(part) || worker.parts.get(part.slot) !== part) return;
      const startedAt = worker.board.startedAt(part.slot);
      const elapsed = startedAt === 0 ? 0 : performance.timeOrigin + performance.now() - startedAt;
      if (elapsed < timeoutMs) {
        this.#deadlines.add(timeoutMs - elapsed, check);
        return;
      }
      const k = worker.board.currentItem(part.slot);
      const label = taskLabel(part.run.chunk, k);
      const error = new TaskTimeoutError(`${label} ran longer than its timeoutMs of ${timeoutMs}`, timeoutMs);
      this.#failed++;
      part.run.end({ kind: 'failed', k, error, crash: false });
      this.#stopParts(part.run, error);
    };
    this.#deadlines.add(timeoutMs, check);
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

  #usable(): PoolWorker[] {
    return [...this.#workers].filter((worker) => worker.state === 'starting' || worker.state === 'ready');
  }

  #spawn(): void {
    const id = this.#nextId++;
    const setup: WorkerSetup = {
      id,
      ...this.#lifecycle,
      nestedWorkers: this.#options.nestedWorkers(this.#target),
      reportMemory: this.#options.maxWorkerMemory !== undefined,
      bell: this.#bell,
    };
    try {
      const worker: PoolWorker = new PoolWorker(
        id,
        this.#options.start(setup, {
          message: (entries) => this.#message(worker, entries),
          exit: (exit) => this.#gone(worker, exit),
        }),
      );
      this.#workers.add(worker);
      if (this.#runs.size > 0) worker.hold(true);
    } catch (error) {
      this.#failedStarts = startAttempts;
      queueMicrotask(() => this.#startFailed(`${this.name}: a worker could not be created`, error));
    }
  }

  /** No worker can be had: whoever waits for one is told so. */
  #startFailed(message: string, cause: unknown): void {
    const error = new WorkerInitError(message, { cause });
    for (const told of this.#started.splice(0)) told(error);
    for (let part = this.#queue.shift(); part !== undefined; part = this.#queue.shift()) {
      this.#failRun(part, part.from, error, true);
    }
    this.#failedStarts = 0;
  }

  #idle(worker: PoolWorker): void {
    if (worker.state === 'retiring') return this.#sendExit(worker);
    if (worker.state !== 'ready') return;
    if (this.#spent(worker)) return this.#retire(worker);
    const { idleTimeoutMs } = this.#options;
    if (idleTimeoutMs === undefined) return;
    const since = worker.idleSince;
    this.#deadlines.add(idleTimeoutMs, () => {
      if (worker.state === 'ready' && worker.parts.size === 0 && worker.idleSince === since)
        this.#retire(worker);
    });
  }

  /** Lets a worker finish what it runs, then ends it; what it has not started goes elsewhere. */
  #retire(worker: PoolWorker): void {
    if (worker.state === 'gone' || worker.state === 'retiring') return;
    this.#retired++;
    const wasStarting = worker.state === 'starting';
    worker.state = 'retiring';
    const back = [...worker.parts.values()].filter((part) => worker.board.takeBack(part.slot));
    this.#queue.unshift(back.map((part) => reissue(part)).filter((part) => part !== undefined));
    for (const part of worker.pinned.splice(0)) this.#pin(part, worker.id);
    if (worker.parts.size === 0 || wasStarting) this.#sendExit(worker);
    this.#schedule();
  }

  #sendExit(worker: PoolWorker): void {
    if (worker.exitSent) return;
    worker.exitSent = true;
    worker.send(['exit']);
    this.#flush(worker);
    this.#deadlines.add(teardownMs, () => this.#kill(worker, true));
  }

  /** Ends a worker now. `onPurpose`: what it runs is not to blame. */
  #kill(worker: PoolWorker, onPurpose: boolean): void {
    if (worker.state === 'gone') return;
    worker.killed ||= onPurpose;
    if (worker.state === 'starting' || worker.state === 'ready') worker.state = 'retiring';
    worker.link.kill();
  }

  #gone(worker: PoolWorker, exit: WorkerExit): void {
    if (worker.state === 'gone') return;
    this.#receive(worker);
    const wasStarting = worker.state === 'starting';
    const runs = worker.running();
    worker.state = 'gone';
    this.#workers.delete(worker);
    const expected = worker.killed || (worker.exitSent && runs === undefined);
    if (!expected) this.#crashed++;
    const innocent: Part[] = [];
    for (const [slot, part] of worker.parts) {
      const k = worker.board.currentItem(slot);
      part.slot = -1;
      // A part that was taken back from this worker lives on as another one.
      if (!part.run.parts.has(part)) continue;
      if (part.run.ended) part.run.parts.delete(part);
      else if (part === runs && !expected) {
        this.#failRun(part, k, crashError(this.name, worker.id, { chunk: part.run.chunk, k }, exit), true);
      } else if (part.run.chunk.worker !== undefined) {
        this.#failRun(
          part,
          part.from,
          crashError(this.name, worker.id, { chunk: part.run.chunk, k: part.from }, exit),
          true,
        );
      } else {
        const again = reissue(part);
        if (again !== undefined) innocent.push(again);
      }
    }
    worker.parts.clear();
    for (const part of worker.pinned.splice(0)) this.#pin(part, worker.id);
    this.#queue.unshift(innocent);
    if (wasStarting && !expected && ++this.#failedStarts >= startAttempts) {
      const error = crashError(this.name, worker.id, undefined, exit);
      this.#startFailed(`${this.name}: workers die before they are ready`, error);
    }
    if (this.#started.length > 0) for (const told of this.#started.splice(0)) told(undefined);
    this.#wake();
    this.#schedule();
  }
}

/** The same items as a new part without those that have results; undefined when nothing is left. */
function reissue(part: Part): Part | undefined {
  const { run } = part;
  run.parts.delete(part);
  if (run.ended) return undefined;
  const from = run.splittable ? Math.max(part.from, part.received) : part.from;
  if (run.splittable && from >= part.to) {
    run.endIfDone();
    return undefined;
  }
  return run.addPart(from, part.to);
}
