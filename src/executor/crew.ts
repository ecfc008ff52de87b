/** The workers of a pool: how they start, retire, die and are counted. What they run is the pool's business. */
import { ExecutorClosedError, UnsupportedError, WorkerInitError } from '../base/errors.ts';
import { capture, unpackError, type AnyFunction, type Captured, type Packed } from '../closure/index.ts';
import { makeBell, type Bell } from './bell.ts';
import { crashError, describeError } from './crash-error.ts';
import type { Deadlines } from './deadlines.ts';
import { PoolWorker, type PoolWorkerEvents } from './pool-worker.ts';
import { Spare } from './spare.ts';
import type { FromWorker } from './wire.ts';
import type { StartWorker, WorkerExit, WorkerSetup } from './worker-link.ts';

export interface CrewOptions {
  /** `threads`, `processes`: what messages call it. */
  readonly name: string;
  readonly workers: number;
  /** Workers that share the cores with each other; default: those of the pool. */
  readonly siblings?: number | undefined;
  readonly start: StartWorker;
  /** Where workers are no threads: what they ring. */
  readonly bell?: Bell | undefined;
  /** Throws where a captured function can go to a thread, but not to this place. */
  readonly admit?: ((captured: Captured, fn: AnyFunction) => void) | undefined;
  /** No worker is left, and none will start any more. */
  readonly ended?: (() => void) | undefined;
  readonly init?: AnyFunction | undefined;
  readonly teardown?: AnyFunction | undefined;
  readonly maxTasksPerWorker?: number | undefined;
  readonly maxWorkerMemory?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  /** A worker that stands by: always, never, or (undefined) from the first loss on. */
  readonly spare?: boolean | undefined;
}

/** What the pool is told. */
export interface CrewEvents extends PoolWorkerEvents {
  message(worker: PoolWorker, entries: readonly FromWorker[]): void;
  /** There may be ends in the worker's ring. */
  ends(worker: PoolWorker): void;
  /** The worker takes no new work; take back what it has not started. */
  retiring(worker: PoolWorker): void;
  /** The worker is gone. `expected`: it was told to go, or killed on purpose — what it ran is not to blame. */
  gone(worker: PoolWorker, exit: WorkerExit, expected: boolean): void;
  /** No worker can be had: whatever waits for one must be told. */
  startFailed(error: WorkerInitError): void;
  /** Whether work is under way: workers then keep the process alive. */
  busy(): boolean;
}

/** Workers in a row that may die before they have done anything. */
const startAttempts = 3;
/** Time for `teardown` when a worker is retired. */
const teardownMs = 5000;
/** A blocked thread looks for dead workers this often: a look costs as much as a call. */
const deathMs = 10;

/** What a worker does that stands by: nothing, once. */
const rehearsal = (): void => undefined;

export class Crew {
  /** All but the spare. */
  readonly all = new Set<PoolWorker>();
  /** Workers wanted. */
  target: number;
  crashed = 0;
  retired = 0;
  readonly bell: Bell;
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #deadlines: Deadlines;
  readonly #spare: Spare;
  readonly #lifecycle: Pick<WorkerSetup, 'init' | 'teardown'>;
  #nextId = 1;
  #failedStarts = 0;
  #lookedAt = 0;
  #ended = false;
  /** Nobody starts any more. */
  #closed = false;
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
    this.bell = options.bell ?? makeBell();
    this.#lifecycle = {
      init: this.#capture(options.init),
      teardown: this.#capture(options.teardown),
    };
    this.#spare = new Spare(options.spare, options.idleTimeoutMs, deadlines, {
      start: () => this.#startSpare(),
      starting: () => this.usable().some((worker) => worker.state === 'starting'),
      busy: () => events.busy(),
      deserted: () => this.usableCount() === 0,
      dismiss: (worker) => this.#dismiss(worker),
    });
  }

  #capture(fn: AnyFunction | undefined): Packed | undefined {
    if (fn === undefined) return undefined;
    const captured = capture(fn);
    this.#options.admit?.(captured, fn);
    return captured.packed;
  }

  /** Workers that run or will run work. */
  usable(): PoolWorker[] {
    return [...this.all].filter((worker) => worker.state === 'starting' || worker.state === 'ready');
  }

  usableCount(): number {
    let count = 0;
    for (const { state } of this.all) if (state === 'starting' || state === 'ready') count++;
    return count;
  }

  /** The worker has had its share of tasks. */
  spent(worker: PoolWorker): boolean {
    const { maxTasksPerWorker } = this.#options;
    return maxTasksPerWorker !== undefined && worker.items >= maxTasksPerWorker;
  }

  /** Workers that stand by. */
  get spares(): number {
    return this.#spare.worker === undefined ? 0 : 1;
  }

  /** Has up to `wanted` workers join, within the target; returns whether one of them is ready for work. */
  grow(wanted: number): boolean {
    let free = 0;
    for (const worker of this.all) if (worker.state === 'starting' && worker.parts.size === 0) free++;
    let missing = Math.min(wanted - free, this.target - this.usableCount());
    let ready = false;
    while (missing-- > 0) if (this.join()?.state === 'ready') ready = true;
    return ready;
  }

  /** One more worker: the spare, or a new one. */
  join(): PoolWorker | undefined {
    if (this.#closed) return undefined;
    const worker = this.#spare.take() ?? this.#tryStart();
    if (worker === undefined) return undefined;
    this.all.add(worker);
    if (this.#events.busy()) worker.hold(true);
    return worker;
  }

  #tryStart(): PoolWorker | undefined {
    try {
      return this.#start();
    } catch (error) {
      this.#uncreated ??= { error };
      queueMicrotask(() => this.#tellUncreated());
      return undefined;
    }
  }

  #start(): PoolWorker {
    const id = this.#nextId++;
    const { start, maxWorkerMemory } = this.#options;
    const setup: WorkerSetup = {
      id,
      ...this.#lifecycle,
      siblings: this.#options.siblings ?? this.target,
      reportMemory: maxWorkerMemory !== undefined,
      bell: this.bell,
    };
    const link = start(setup, {
      message: (entries): void => this.#events.message(worker, entries),
      exit: (exit): void => this.gone(worker, exit),
    });
    const worker: PoolWorker = new PoolWorker(id, link, this.#lifecycle.init === undefined, this.#events);
    return worker;
  }

  #startSpare(): PoolWorker | undefined {
    try {
      return this.#start();
    } catch {
      // Nobody waits for it. Who needs a worker will be told.
      return undefined;
    }
  }

  /** Ends a spare. One that has run nothing of the user's has nothing to bring to an end. */
  #dismiss(worker: PoolWorker): void {
    worker.state = 'retiring';
    this.all.add(worker);
    if (this.#lifecycle.init === undefined && this.#lifecycle.teardown === undefined) this.kill(worker);
    else this.#sendExit(worker);
  }

  /** A worker may soon have to be killed. */
  expectLoss(): void {
    this.#spare.expectLoss(true);
  }

  /** The worker that takes the place of one that is gone: one more, where one is missing. */
  replacement(): PoolWorker | undefined {
    if (this.usableCount() < this.target) this.join();
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
      // Whoever was told of a start may find the pool closed since.
      if (this.#closed) throw this.#closedError();
      while (this.usableCount() < this.target) {
        if (this.join() === undefined) break;
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
    this.#tellStarted(undefined);
    if (worker === this.#spare.worker) worker.rehearse(capture(rehearsal));
  }

  /** The worker's `init` has thrown. */
  initFailed(worker: PoolWorker, packed: Packed): void {
    if (worker === this.#spare.worker) {
      // No task has waited for it. A worker that is needed tells, if it fails as well.
      this.#spare.failed();
      worker.state = 'retiring';
      this.all.add(worker);
      return this.kill(worker);
    }
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
    if (worker === this.#spare.worker) return;
    if (worker.useful) this.#failedStarts = 0;
    if (worker.state === 'retiring' && (worker.pinned.length > 0 || worker.retained > 0)) return;
    if (worker.state === 'retiring') return this.#sendExit(worker);
    if (worker.state !== 'ready') return;
    if (this.spent(worker)) return this.#recycle(worker);
    const { idleTimeoutMs } = this.#options;
    if (idleTimeoutMs !== undefined && !worker.idleWatched)
      this.#watchIdle(worker, idleTimeoutMs, idleTimeoutMs);
  }

  /** One look at a time, however often the worker had nothing to do meanwhile. */
  #watchIdle(worker: PoolWorker, idleTimeoutMs: number, ms: number): void {
    worker.idleWatched = true;
    this.#deadlines.add(ms, () => {
      worker.idleWatched = false;
      if (worker.state !== 'ready' || worker.parts.size > 0 || worker.retained > 0) return;
      const left = worker.idleSince + idleTimeoutMs - performance.now();
      // Whoever waits for all workers needs those that are ready until the last one is.
      if (left > 0 || this.#started.length > 0) this.#watchIdle(worker, idleTimeoutMs, Math.max(1, left));
      else this.retire(worker);
    });
  }

  /** What a worker says of its memory. */
  memory(worker: PoolWorker, bytes: number): void {
    const limit = this.#options.maxWorkerMemory;
    if (worker !== this.#spare.worker && limit !== undefined && bytes > limit) this.#recycle(worker);
  }

  #recycle(worker: PoolWorker): void {
    const lost = worker.state === 'ready';
    this.retire(worker);
    if (lost) this.#spare.expectLoss(false);
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
    const { init, teardown } = this.#lifecycle;
    const untouched = worker.state === 'starting' && init === undefined && teardown === undefined;
    worker.state = 'retiring';
    this.#events.retiring(worker);
    // It is not up yet, and has nothing to bring to an end: it need not come up for that.
    if (untouched && worker.parts.size === 0 && worker.pinned.length === 0) return this.kill(worker);
    if (worker.parts.size === 0 && worker.pinned.length === 0 && worker.retained === 0)
      this.#sendExit(worker);
  }

  /** Ends a worker now; what it runs is not to blame. */
  kill(worker: PoolWorker): void {
    if (worker.state === 'gone') return;
    worker.killed = true;
    if (worker.state === 'starting' || worker.state === 'ready') {
      const lost = worker.state === 'ready';
      worker.state = 'retiring';
      if (lost) this.#spare.expectLoss(false);
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
    const spare = worker === this.#spare.worker;
    if (spare) this.#spare.failed();
    // What its `init` has left behind may end a worker that is ready, before it has done anything.
    const fruitless =
      !spare && (worker.state === 'starting' || (!worker.useful && worker.running() === undefined));
    const lost = worker.state === 'ready' && !spare;
    worker.state = 'gone';
    this.all.delete(worker);
    if (!expected) this.crashed++;
    if (lost) this.#spare.expectLoss(false);
    this.#events.gone(worker, exit, expected);
    if (worker.useful) this.#failedStarts = 0;
    if (fruitless && !expected && ++this.#failedStarts >= startAttempts) {
      const { name } = this.#options;
      const cause = crashError(name, worker.id, undefined, exit);
      this.#startFailed(`${name}: workers die before they have done anything`, cause);
    }
    this.#tellStarted(undefined);
    if (this.all.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** Takes in all that a worker has told. */
  receive(worker: PoolWorker): void {
    this.#events.ends(worker);
    while (this.receiveOne(worker));
    this.#events.ends(worker);
  }

  /** Takes in a message that waits; false when there is none. */
  receiveOne(worker: PoolWorker): boolean {
    if (worker.board.told() === worker.taken) return false;
    const entries = worker.link.poll();
    if (entries !== undefined) this.#events.message(worker, entries);
    return entries !== undefined;
  }

  /**
   * For a thread that blocks and gets no events: takes in all messages and notices dead workers. Returns whether something is
   * still to be sent.
   */
  poll(): boolean {
    let unsent = false;
    this.#tellUncreated();
    if (this.#rebuilding !== undefined) {
      const message = this.#rebuilding;
      this.#rebuilding = undefined;
      this.#startFailed(
        message,
        new UnsupportedError('a thread that blocks cannot import the class of the error'),
      );
    }
    const now = performance.now();
    const look = now - this.#lookedAt >= deathMs;
    if (look) this.#lookedAt = now;
    const { worker: spare } = this.#spare;
    for (const worker of spare === undefined ? [...this.all] : [...this.all, spare]) {
      if (worker.link.push?.() === true) unsent = true;
      this.receive(worker);
      const exit = look ? worker.link.ended() : undefined;
      if (exit !== undefined) this.gone(worker, exit);
    }
    return unsent;
  }

  /** Workers keep the process alive while there is work, and while somebody waits for their start or their end. */
  hold(keepAlive: boolean): void {
    const hold = keepAlive || this.#started.length > 0 || this.#emptied.length > 0;
    for (const worker of this.all) worker.hold(hold);
  }

  /** Resolves when no worker is left. */
  async emptied(): Promise<void> {
    if (this.all.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
    if (this.#ended) return;
    this.#ended = true;
    this.#options.ended?.();
  }

  /** The pool is about to close: no spare is needed. */
  closing(): void {
    this.#spare.close();
  }

  /** Nobody will start any more. */
  closed(): void {
    this.#closed = true;
    this.#spare.close();
    this.#tellStarted(this.#closedError());
  }

  #closedError(): WorkerInitError {
    return new WorkerInitError(`${this.#options.name}: the executor was closed`, {
      cause: new ExecutorClosedError('closed'),
    });
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
