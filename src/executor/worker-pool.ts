/**
 * The scheduler: chunks in, parts to workers, results out — whatever happens to the workers.
 *
 * Pure bookkeeping above `StartWorker`: threads and processes share it. The README beside this file describes its
 * states, what moves when a worker dies, and why every chunk ends exactly once.
 */
import { ExecutorClosedError, TaskTimeoutError, UnsupportedError } from '../base/errors.ts';
import { capture, packError, type AnyFunction, type Captured } from '../closure/index.ts';
import { Arrivals } from './arrivals.ts';
import type { Backend, BackendStats, Capabilities, Chunk } from './backend.ts';
import { commonClock } from './board.ts';
import { crashError, lostMemoryError } from './crash-error.ts';
import { Crew, type CrewOptions } from './crew.ts';
import { Deadlines } from './deadlines.ts';
import { encodeItems } from './item-coding.ts';
import { ChunkRun, PartQueue, type Part } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';
import { rebalance } from './rebalance.ts';
import { taskLabel } from './task-label.ts';
import type { FromWorker } from './wire.ts';
import type { WorkerExit } from './worker-link.ts';

/** Work that a worker should hold ready, so that it never waits for the scheduler: about this long. */
const aheadMs = 1;

export class WorkerPool implements Backend {
  readonly name: string;
  readonly capabilities: Capabilities = {
    sharedMemory: true,
    killable: true,
    isolated: true,
    blocking: true,
  };
  readonly #crew: Crew;
  readonly #arrivals: Arrivals;
  readonly #queue = new PartQueue();
  readonly #runs = new Map<Chunk, ChunkRun>();
  /** Functions captured once for all chunks of a call: the chunks share one `fns` array. */
  readonly #captured = new WeakMap<readonly AnyFunction[], readonly Captured[]>();
  readonly #deadlines = new Deadlines();
  readonly #maxTasksPerWorker: number | undefined;
  #pumpQueued = false;
  #rebalanceMs = 0;
  /** Some call had a priority of its own. */
  #prioritised = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void)[] = [];
  #failed = 0;

  constructor(options: CrewOptions) {
    this.name = options.name;
    this.#maxTasksPerWorker = options.maxTasksPerWorker;
    this.#crew = new Crew(options, this.#deadlines, {
      message: (worker, entries) => this.#message(worker, entries),
      retiring: (worker) => this.#retiring(worker),
      gone: (worker, exit, expected) => this.#gone(worker, exit, expected),
      startFailed: (error) => this.#startFailed(error),
      busy: () => this.#runs.size > 0,
    });
    this.#arrivals = new Arrivals(this.#crew, (part, k, error) => this.#failRun(part, k, error, false));
  }

  get workers(): number {
    return this.#crew.target;
  }

  run(chunk: Chunk): void {
    if (this.#closing !== undefined) throw new ExecutorClosedError(`${this.name}: the executor is closed`);
    // Workers take a while to start: begin that before the capture, which may load a parser.
    if (this.#crew.all.size === 0 && chunk.worker === undefined) this.#crew.spawn();
    let fns = this.#captured.get(chunk.fns);
    if (fns === undefined) this.#captured.set(chunk.fns, (fns = chunk.fns.map((fn) => capture(fn))));
    const { coding, packed } = encodeItems(chunk);
    const run = new ChunkRun(chunk, fns, coding, packed, () => this.#runEnded(run));
    this.#runs.set(chunk, run);
    if (chunk.priority !== 0) this.#prioritised = true;
    const [part] = run.parts as unknown as [Part];
    if (chunk.worker === undefined) this.#queue.push(part);
    else this.#pin(part, chunk.worker);
    if (this.#runs.size === 1) this.#crew.hold(true);
    this.#schedule();
  }

  cancel(chunk: Chunk, reason: unknown): void {
    const run = this.#runs.get(chunk);
    if (run === undefined) return;
    run.end({ kind: 'cancelled', reason });
    this.#stopParts(run, reason);
  }

  workerIds(): Promise<readonly number[]> {
    if (this.#closing === undefined) return this.#crew.ids();
    return Promise.reject(new ExecutorClosedError(`${this.name}: the executor is closed`));
  }

  wait(done: () => boolean): void {
    const { bell } = this.#crew;
    Atomics.store(bell, 1, 1);
    try {
      while (!done()) {
        const seen = Atomics.load(bell, 0);
        this.#pump();
        this.#crew.poll();
        this.#deadlines.tick();
        if (done()) break;
        if ([...this.#runs.values()].some((run) => run.pending > 0)) {
          throw new UnsupportedError(
            `${this.name}: a blocking call cannot rebuild a result that imports a module; use submit() or map()`,
          );
        }
        Atomics.wait(bell, 0, seen, 20);
      }
    } finally {
      Atomics.store(bell, 1, 0);
    }
  }

  resize(workers: number): void {
    this.#crew.resize(workers);
    this.#schedule();
  }

  stats(): BackendStats {
    const workers = [...this.#crew.all];
    const queued = [...this.#runs.values()].filter((run) =>
      [...run.parts].every((part) => part.slot < 0),
    ).length;
    return {
      workers: this.#crew.target,
      alive: workers.length,
      busy: workers.filter((worker) => worker.parts.size > 0).length,
      queued,
      running: this.#runs.size - queued,
      completed: this.#arrivals.completed,
      failed: this.#failed,
      crashed: this.#crew.crashed,
      retired: this.#crew.retired,
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async terminate(reason?: unknown): Promise<void> {
    this.#closing ??= this.#crew.emptied();
    const error = reason ?? new ExecutorClosedError(`${this.name}: the executor was terminated`);
    for (const run of [...this.#runs.values()]) {
      run.end({ kind: 'failed', k: run.chunk.from, error, crash: false });
    }
    this.#crew.closed();
    this.#crew.hold(true);
    for (const worker of [...this.#crew.all]) this.#crew.kill(worker);
    await this.#crew.emptied();
  }

  async #close(): Promise<void> {
    if (this.#runs.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    this.#crew.closed();
    this.#crew.hold(true);
    for (const worker of [...this.#crew.all]) this.#crew.retire(worker);
    await this.#crew.emptied();
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
    // While workers are missing nothing is sent ahead: what waits is what makes them start, and it need not wait here.
    const short = this.#crew.usable().length < this.#crew.target;
    const ahead = Math.max(2, Math.floor(aheadMs / Math.max(this.#arrivals.averageMs, 0.001)));
    const depth = short ? 1 : ahead;
    if (short) {
      for (const worker of this.#crew.all) if (worker.parts.size > 1) this.#takeBack(worker, () => true);
    }
    for (const worker of this.#crew.all) {
      while (worker.pinned.length > 0 && worker.takesPinned)
        this.#assign(worker.pinned.shift() as Part, worker);
    }
    const open = [...this.#crew.all].filter((worker) => worker.wants(depth));
    for (let part = this.#queue.peek(); part !== undefined; part = this.#queue.peek()) {
      const worker = this.#freest(open, depth);
      if (worker === undefined) break;
      this.#queue.shift();
      this.#assign(part, worker);
    }
    if (this.#queue.size > 0) this.#crew.grow(this.#queue.size);
    if (this.#queue.size > 0 && this.#prioritised) this.#makeWay();
    for (const worker of this.#crew.all) this.#flush(worker);
    this.#rebalance();
  }

  /** What was sent ahead and has not started comes back when something more urgent waits for a place. */
  #makeWay(): void {
    const urgent = this.#queue.peek();
    if (urgent === undefined) return;
    const { priority } = urgent.run.chunk;
    for (const worker of this.#crew.all) this.#takeBack(worker, (part) => part.run.chunk.priority < priority);
  }

  /** Queues again what a worker has not started and others may run as well. */
  #takeBack(worker: PoolWorker, which: (part: Part) => boolean): void {
    const back: Part[] = [];
    for (const part of worker.parts.values()) {
      // A part whose memory was moved, or that is meant for this worker, cannot run elsewhere.
      if (part.moved || part.run.chunk.worker !== undefined || !part.run.parts.has(part) || !which(part))
        continue;
      if (!worker.board.takeBack(part.slot)) continue;
      const again = reissue(part);
      if (again !== undefined) back.push(again);
    }
    this.#queue.unshift(back);
  }

  #freest(open: readonly PoolWorker[], depth: number): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of open) {
      if (worker.room(depth) <= 0 || this.#crew.spent(worker)) continue;
      if (best === undefined || worker.parts.size < best.parts.size) best = worker;
    }
    return best;
  }

  #assign(part: Part, worker: PoolWorker): void {
    const { run } = part;
    if (run.ended) return;
    if (this.#maxTasksPerWorker !== undefined && run.dividable) {
      const room = this.#maxTasksPerWorker - worker.items;
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
    run.chunk.sink.started();
    if (run.chunk.timeoutMs !== undefined) this.#watch(part, worker, run.chunk.timeoutMs);
  }

  #flush(worker: PoolWorker): void {
    for (const { part, error } of worker.flush()) this.#failRun(part, part.from, error, false);
  }

  #pin(part: Part, workerId: number): void {
    const worker = [...this.#crew.all].find((one) => one.id === workerId);
    if (worker === undefined || !worker.lives) this.#repin(part);
    else worker.pinned.push(part);
  }

  /** The worker that a part was meant for is gone without having run it: the one that takes its place does. */
  #repin(part: Part): void {
    const { run } = part;
    run.parts.delete(part);
    if (run.ended) return;
    const again = run.addPart(part.from, part.to);
    const worker = this.#crew.replacement();
    if (worker !== undefined) {
      worker.pinned.push(again);
      return;
    }
    const error = crashError(this.name, run.chunk.worker ?? 0, { chunk: run.chunk, k: part.from }, {});
    queueMicrotask(() => this.#failRun(again, part.from, error, true));
  }

  /** Idle workers take over what busy ones have not started; looks again while some are idle and others are not. */
  #rebalance(): void {
    const moved = rebalance(this.#crew.all, (worker) => this.#crew.spent(worker));
    if (moved.again) {
      this.#rebalanceMs = Math.min(64, Math.max(1, this.#rebalanceMs * 2));
      this.#deadlines.add(this.#rebalanceMs, () => this.#schedule());
    } else this.#rebalanceMs = 0;
    if (moved.parts.length === 0) return;
    this.#queue.unshift(moved.parts);
    this.#schedule();
  }

  // ── receiving ────────────────────────────────────────────────────────────────────────────────────────────────

  #message(worker: PoolWorker, entries: readonly FromWorker[]): void {
    for (const entry of entries) {
      try {
        this.#arrivals.take(worker, entry);
      } catch (error) {
        // The rest of the message must not be lost with it.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    if (worker.parts.size === 0) this.#crew.idle(worker);
    this.#schedule();
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
    this.#crew.hold(false);
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Takes back what has not started, asks the rest to stop, and replaces the worker of what does not. */
  #stopParts(run: ChunkRun, reason: unknown): void {
    for (const part of [...run.parts]) {
      run.parts.delete(part);
      if (part.slot < 0 || part.stopping) continue;
      part.stopping = true;
      const worker = [...this.#crew.all].find((one) => one.parts.get(part.slot) === part);
      if (worker === undefined || worker.board.takeBack(part.slot)) continue;
      worker.board.requestStop(part.slot);
      worker.send(['stop', part.slot, packError(reason)]);
      this.#flush(worker);
      part.unwatch?.();
      part.unwatch = this.#deadlines.add(run.chunk.graceMs, () => {
        if (worker.parts.get(part.slot) === part && worker.board.condemn(part.slot)) this.#crew.kill(worker);
      });
    }
    this.#schedule();
  }

  /** Checks a part's time limit against the start that the worker notes for each item. */
  #watch(part: Part, worker: PoolWorker, timeoutMs: number): void {
    const check = (): void => {
      if (!part.run.parts.has(part) || worker.parts.get(part.slot) !== part) return;
      const startedAt = worker.board.startedAt(part.slot);
      // It has ended in time; the news is under way.
      if (startedAt !== 0 && !worker.board.isRunning(part.slot)) return;
      const elapsed = startedAt === 0 ? 0 : commonClock() - startedAt;
      if (elapsed < timeoutMs) {
        part.unwatch = this.#deadlines.add(timeoutMs - elapsed, check);
        return;
      }
      const k = worker.board.currentItem(part.slot);
      const label = taskLabel(part.run.chunk, k);
      const error = new TaskTimeoutError(`${label} ran longer than its timeoutMs of ${timeoutMs}`, timeoutMs);
      this.#failed++;
      part.run.end({ kind: 'failed', k, error, crash: false });
      this.#stopParts(part.run, error);
    };
    part.unwatch = this.#deadlines.add(timeoutMs, check);
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** No worker can be had: whoever waits for one is told so. */
  #startFailed(error: unknown): void {
    for (let part = this.#queue.shift(); part !== undefined; part = this.#queue.shift()) {
      this.#failRun(part, part.from, error, true);
    }
    for (const worker of this.#crew.all) {
      if (worker.state === 'ready') continue;
      for (const part of worker.pinned.splice(0)) this.#failRun(part, part.from, error, true);
    }
  }

  /** What a retiring worker has not started goes elsewhere, but for what only it may run. */
  #retiring(worker: PoolWorker): void {
    this.#takeBack(worker, () => true);
    this.#schedule();
  }

  /** What a dead worker held: the item it ran fails (unless the worker was killed on purpose), the rest runs again. */
  #gone(worker: PoolWorker, exit: WorkerExit, expected: boolean): void {
    const guilty = expected ? undefined : worker.running();
    const innocent: Part[] = [];
    for (const [slot, part] of worker.parts) {
      const k = worker.board.currentItem(slot);
      part.slot = -1;
      part.unwatch?.();
      // A part that was taken back from this worker lives on as another one.
      if (!part.run.parts.has(part)) continue;
      const { chunk } = part.run;
      if (part === guilty) this.#failRun(part, k, crashError(this.name, worker.id, { chunk, k }, exit), true);
      else if (chunk.worker !== undefined) worker.pinned.push(part);
      else if (part.moved) {
        const error = lostMemoryError(this.name, worker.id, { chunk, k: part.from }, exit);
        this.#failRun(part, part.from, error, true);
      } else {
        const again = reissue(part);
        if (again !== undefined) innocent.push(again);
      }
    }
    worker.parts.clear();
    for (const part of worker.pinned.splice(0)) this.#repin(part);
    this.#queue.unshift(innocent);
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
