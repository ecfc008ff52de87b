/** The workers of a pool: how they start, retire, die and are counted. What they run is the pool's business. */
import { ExecutorClosedError, UnsupportedError, WorkerInitError } from '../base/errors.ts';
import { capture, unpackError, type AnyFunction, type Packed } from '../closure/index.ts';
import { crashError, describeError } from './crash-error.ts';
import type { Deadlines } from './deadlines.ts';
import { PoolWorker } from './pool-worker.ts';
import type { FromWorker } from './wire.ts';
import type { StartWorker, WorkerExit, WorkerSetup } from './worker-link.ts';

export interface CrewOptions {
  /** `threads`, `processes`: what messages call it. */
  readonly name: string;
  readonly workers: number;
  readonly start: StartWorker;
  readonly init?: AnyFunction | undefined;
  readonly teardown?: AnyFunction | undefined;
  /** Workers of a pool that a task opens inside one of `workers` workers. */
  readonly nestedWorkers: (workers: number) => number;
  readonly maxTasksPerWorker?: number | undefined;
  readonly maxWorkerMemory?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

/** What the pool is told. */
export interface CrewEvents {
  message(worker: PoolWorker, entries: readonly FromWorker[]): void;
  /** The worker takes no new work; take back what it has not started. */
  retiring(worker: PoolWorker): void;
  /** The worker is gone. `expected`: it was told to go, or killed on purpose — what it ran is not to blame. */
  gone(worker: PoolWorker, exit: WorkerExit, expected: boolean): void;
  /** No worker can be had: whatever waits for one must be told. */
  startFailed(error: WorkerInitError): void;
  /** Whether work is under way: workers then keep the process alive. */
  busy(): boolean;
}

/** Workers in a row that may die before they are ready. */
const startAttempts = 3;
/** Time for `teardown` when a worker is retired. */
const teardownMs = 5000;

export class Crew {
  readonly all = new Set<PoolWorker>();
  /** Workers wanted. */
  target: number;
  crashed = 0;
  retired = 0;
  /** Workers add to `[0]` when they have posted; a blocked scheduler waits on it. */
  readonly bell = new Int32Array(new SharedArrayBuffer(8));
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #deadlines: Deadlines;
  readonly #lifecycle: Pick<WorkerSetup, 'init' | 'teardown'>;
  #nextId = 1;
  #failedStarts = 0;
  /** Waiting {@link ids} calls: told of every start, with the error of a failed one. */
  readonly #started: ((error: WorkerInitError | undefined) => void)[] = [];
  readonly #emptied: (() => void)[] = [];
  /** Why a worker could not be created, until it is told. */
  #uncreated: { readonly error: unknown } | undefined;
  /** What failed while the error that tells why is being rebuilt. */
  #rebuilding: string | undefined;

  constructor(options: CrewOptions, deadlines: Deadlines, events: CrewEvents) {
    this.#options = options;
    this.#events = events;
    this.#deadlines = deadlines;
    this.target = options.workers;
    this.#lifecycle = {
      init: options.init === undefined ? undefined : capture(options.init).packed,
      teardown: options.teardown === undefined ? undefined : capture(options.teardown).packed,
    };
  }

  /** Workers that run or will run work. */
  usable(): PoolWorker[] {
    return [...this.all].filter((worker) => worker.state === 'starting' || worker.state === 'ready');
  }

  /** The worker has had its share of tasks. */
  spent(worker: PoolWorker): boolean {
    const { maxTasksPerWorker } = this.#options;
    return maxTasksPerWorker !== undefined && worker.items >= maxTasksPerWorker;
  }

  /** Starts up to `wanted` workers, within the target. */
  grow(wanted: number): void {
    let free = 0;
    for (const worker of this.all) if (worker.state === 'starting' && worker.parts.size === 0) free++;
    let missing = Math.min(wanted - free, this.target - this.usable().length);
    while (missing-- > 0) this.spawn();
  }

  spawn(): void {
    const id = this.#nextId++;
    const { start, nestedWorkers, maxWorkerMemory } = this.#options;
    const setup: WorkerSetup = {
      id,
      ...this.#lifecycle,
      nestedWorkers: nestedWorkers(this.target),
      reportMemory: maxWorkerMemory !== undefined,
      bell: this.bell,
    };
    try {
      const link = start(setup, {
        message: (entries) => this.#events.message(worker, entries),
        exit: (exit) => this.gone(worker, exit),
      });
      const worker: PoolWorker = new PoolWorker(id, link, this.#lifecycle.init === undefined);
      this.all.add(worker);
      if (this.#events.busy()) worker.hold(true);
    } catch (error) {
      this.#uncreated ??= { error };
      queueMicrotask(() => this.#tellUncreated());
    }
  }

  /** The worker that takes the place of one that is gone: a new one, where one is missing. */
  replacement(): PoolWorker | undefined {
    if (this.usable().length < this.target) this.spawn();
    return this.usable().at(-1);
  }

  /** Starts every worker; resolves to their ids when all are ready. */
  async ids(): Promise<readonly number[]> {
    try {
      return await this.#ids();
    } finally {
      this.hold(this.#events.busy());
    }
  }

  async #ids(): Promise<readonly number[]> {
    for (;;) {
      while (this.usable().length < this.target) {
        const before = this.all.size;
        this.spawn();
        if (this.all.size === before) break;
      }
      const usable = this.usable();
      if (usable.length > 0 && usable.every((worker) => worker.state === 'ready')) {
        return usable.map((worker) => worker.id).toSorted((a, b) => a - b);
      }
      for (const worker of usable) worker.hold(true);
      const error = await new Promise<WorkerInitError | undefined>((resolve) => this.#started.push(resolve));
      if (error !== undefined) throw error;
    }
  }

  /** The worker has told that it is ready. */
  ready(worker: PoolWorker): void {
    if (worker.state === 'starting') worker.state = 'ready';
    this.#failedStarts = 0;
    this.#tellStarted(undefined);
  }

  /** The worker's `init` has thrown. */
  initFailed(worker: PoolWorker, packed: Packed): void {
    this.kill(worker);
    const { name } = this.#options;
    const message = `${name}: \`init\` failed on worker ${worker.id}; tasks that waited for it cannot run`;
    let cause: unknown;
    try {
      cause = unpackError(packed);
    } catch (failure) {
      cause = failure;
    }
    if (!(cause instanceof Promise)) return this.#startFailed(message, cause);
    this.#rebuilding = message;
    const told = (error: unknown): void => {
      if (this.#rebuilding !== message) return;
      this.#rebuilding = undefined;
      this.#startFailed(message, error);
    };
    void cause.then(told, told);
  }

  /** Called when a worker holds no work: it may be time for it to go. */
  idle(worker: PoolWorker): void {
    if (worker.state === 'retiring' && worker.pinned.length > 0) return;
    if (worker.state === 'retiring') return this.#sendExit(worker);
    if (worker.state !== 'ready') return;
    if (this.spent(worker)) return this.retire(worker);
    const { idleTimeoutMs } = this.#options;
    if (idleTimeoutMs !== undefined && !worker.idleWatched)
      this.#watchIdle(worker, idleTimeoutMs, idleTimeoutMs);
  }

  /** One look at a time, however often the worker had nothing to do meanwhile. */
  #watchIdle(worker: PoolWorker, idleTimeoutMs: number, ms: number): void {
    worker.idleWatched = true;
    this.#deadlines.add(ms, () => {
      worker.idleWatched = false;
      if (worker.state !== 'ready' || worker.parts.size > 0) return;
      const left = worker.idleSince + idleTimeoutMs - performance.now();
      // Whoever waits for all workers needs those that are ready until the last one is.
      if (left > 0 || this.#started.length > 0) this.#watchIdle(worker, idleTimeoutMs, Math.max(1, left));
      else this.retire(worker);
    });
  }

  /** What a worker says of its memory. */
  memory(worker: PoolWorker, bytes: number): void {
    const limit = this.#options.maxWorkerMemory;
    if (limit !== undefined && bytes > limit) this.retire(worker);
  }

  resize(workers: number): void {
    this.target = workers;
    const idleFirst = this.usable().toSorted((a, b) => a.parts.size - b.parts.size || b.id - a.id);
    for (const worker of idleFirst.slice(0, Math.max(0, idleFirst.length - workers))) this.retire(worker);
  }

  /** Lets a worker finish what it runs, then ends it. */
  retire(worker: PoolWorker): void {
    if (worker.state === 'gone' || worker.state === 'retiring') return;
    this.retired++;
    worker.state = 'retiring';
    this.#events.retiring(worker);
    if (worker.parts.size === 0 && worker.pinned.length === 0) this.#sendExit(worker);
  }

  /** Ends a worker now; what it runs is not to blame. */
  kill(worker: PoolWorker): void {
    if (worker.state === 'gone') return;
    worker.killed = true;
    if (worker.state === 'starting' || worker.state === 'ready') {
      worker.state = 'retiring';
      // Native code may hold the thread for long: what waits behind it must not.
      this.#events.retiring(worker);
    }
    worker.link.kill();
  }

  /** A worker has ended, whatever the reason. */
  gone(worker: PoolWorker, exit: WorkerExit): void {
    if (worker.state === 'gone') return;
    // What it said last comes first.
    this.receive(worker);
    const expected = worker.killed || (worker.exitSent && worker.running() === undefined);
    const wasStarting = worker.state === 'starting';
    worker.state = 'gone';
    this.all.delete(worker);
    if (!expected) this.crashed++;
    this.#events.gone(worker, exit, expected);
    if (wasStarting && !expected && ++this.#failedStarts >= startAttempts) {
      const { name } = this.#options;
      const cause = crashError(name, worker.id, undefined, exit);
      this.#startFailed(`${name}: workers die before they are ready`, cause);
    }
    this.#tellStarted(undefined);
    if (this.all.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** Takes in what a worker has posted. */
  receive(worker: PoolWorker): void {
    for (let entries = worker.link.poll(); entries !== undefined; entries = worker.link.poll()) {
      this.#events.message(worker, entries);
    }
  }

  /** For a thread that blocks and gets no events: takes in all messages and notices dead workers. */
  poll(): void {
    this.#tellUncreated();
    if (this.#rebuilding !== undefined) {
      const message = this.#rebuilding;
      this.#rebuilding = undefined;
      this.#startFailed(
        message,
        new UnsupportedError('a thread that blocks cannot import the class of the error'),
      );
    }
    for (const worker of [...this.all]) {
      this.receive(worker);
      if (worker.link.isDead()) this.gone(worker, { code: worker.board.exitCode() });
    }
  }

  /** Workers keep the process alive while there is work, and while somebody waits for their start or their end. */
  hold(keepAlive: boolean): void {
    const hold = keepAlive || this.#started.length > 0 || this.#emptied.length > 0;
    for (const worker of this.all) worker.hold(hold);
  }

  /** Resolves when no worker is left. */
  async emptied(): Promise<void> {
    if (this.all.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  /** Nobody will start any more. */
  closed(): void {
    this.#tellStarted(
      new WorkerInitError(`${this.#options.name}: the executor was closed`, {
        cause: new ExecutorClosedError('closed'),
      }),
    );
  }

  #sendExit(worker: PoolWorker): void {
    if (worker.exitSent) return;
    worker.exitSent = true;
    worker.send(['exit']);
    worker.flush();
    this.#deadlines.add(teardownMs, () => this.kill(worker));
  }

  #tellUncreated(): void {
    if (this.#uncreated === undefined) return;
    const { error } = this.#uncreated;
    this.#uncreated = undefined;
    this.#startFailed(`${this.#options.name}: a worker could not be created`, error);
  }

  #startFailed(message: string, cause: unknown): void {
    this.#failedStarts = 0;
    const error = new WorkerInitError(`${message}: ${describeError(cause)}`, { cause });
    this.#tellStarted(error);
    this.#events.startFailed(error);
  }

  #tellStarted(error: WorkerInitError | undefined): void {
    for (const told of this.#started.splice(0)) told(error);
  }
}
