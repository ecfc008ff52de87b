/**
 * The scheduler: chunks in, parts to workers, results out — whatever happens to the workers.
 *
 * Pure bookkeeping above `StartWorker`: threads and processes share it. The README beside this file describes its
 * states, what moves when a worker dies, and why every chunk ends exactly once.
 */
import { noLongerWhileBlocked, whileBlocked } from '../base/blocking.ts';
import { ExecutorClosedError, UnsupportedError } from '../base/errors.ts';
import type { Captured } from '../closure/index.ts';
import { Arrivals } from './arrivals.ts';
import { Listener } from './bell.ts';
import type { BackendStats, Capabilities, Chunk, ChunkOutcome, HostBackend, HostEvents } from './backend.ts';
import { Captures } from './captures.ts';
import { crashError } from './crash-error.ts';
import { Crew, type CrewOptions } from './crew.ts';
import { Deadlines } from './deadlines.ts';
import { encodeItems, type ItemCoding, type PackedItems } from './item-coding.ts';
import { LinkedList } from './linked-list.ts';
import { Dispatcher } from './dispatcher.ts';
import { LoneCalls } from './lone-calls.ts';
import { peerGone } from './notices.ts';
import { ChunkRun, isSmallCall, type Part, type RunOwner, type SmallCall } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';
import { Stopping } from './stopping.ts';
import { survivors } from './survivors.ts';
import type { FromWorker } from './wire.ts';
import type { WorkerExit } from './worker-link.ts';

/** A thread that blocks looks for dead workers and time limits this often. */
const blockMs = 20;
/** … or, when a worker has had no room for what it is sent, whether it has. */
const unsentMs = 1;
/** … and one in its event loop this long after a ring for what came after it. */
const sweepMs = 2;
/** Longest stretch of handing out and taking in without a turn of the event loop. */
const stretchMs = 5;

/** An idle pool lets the process exit after this. */
const letGoMs = 16;

const ofThreads: Capabilities = { sharedMemory: true, killable: true, isolated: true, blocking: true };

export interface PoolOptions extends CrewOptions {
  /** What the place can do; default: what threads can. */
  readonly capabilities?: Capabilities | undefined;
  /** Nobody rings the bell: a thread that blocks looks this often. */
  readonly lookMs?: number | undefined;
  /** Makes a pool of one worker that is like those of this pool: a place for what stays. */
  readonly host?: ((lost: HostEvents['lost']) => HostBackend) | undefined;
  /** Where the pool is such a place: who is told when its worker is gone. */
  readonly lost?: HostEvents['lost'] | undefined;
}

/** What a pool of one worker, for what stays there, does differently from the pool of `workers` that it belongs to. */
export function hostOptions(workers: number, lost: HostEvents['lost']): Partial<PoolOptions> {
  return {
    workers: 1,
    siblings: workers,
    spare: false,
    maxTasksPerWorker: undefined,
    maxWorkerMemory: undefined,
    idleTimeoutMs: undefined,
    host: undefined,
    lost,
  };
}

export class WorkerPool implements HostBackend, RunOwner {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #crew: Crew;
  readonly #captures: Captures;
  readonly #lookMs: number;
  readonly #arrivals: Arrivals;
  readonly #listener: Listener;
  readonly #dispatcher: Dispatcher;
  readonly #stopping: Stopping;
  readonly #lone = new LoneCalls();
  readonly #runs = new LinkedList<ChunkRun>();
  readonly #host: PoolOptions['host'];
  readonly #lost: PoolOptions['lost'];
  /** Notices that somebody waits for. */
  #retained = 0;
  /** Chunks that have not ended. */
  #live = 0;
  readonly #deadlines = new Deadlines();
  #sweep: NodeJS.Timeout | undefined;
  #pumpQueued = false;
  /** Results are being handed over. */
  #taking = false;
  /** Ends taken in while work is handed out. */
  #taken = 0;
  #lettingGo = false;
  /** {@link #round} is called while this thread is blocked. */
  #goesRound = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void)[] = [];
  #failed = 0;

  constructor(options: PoolOptions) {
    this.name = options.name;
    this.capabilities = options.capabilities ?? ofThreads;
    this.#captures = new Captures(options.admit);
    this.#lookMs = options.lookMs ?? blockMs;
    this.#host = options.host;
    this.#lost = options.lost;
    this.#crew = new Crew(options, this.#deadlines, {
      message: (worker, entries) => this.#message(worker, entries),
      ends: (worker) => this.#ends(worker),
      retiring: (worker) => this.#retiring(worker),
      gone: (worker, exit, expected) => this.#gone(worker, exit, expected),
      startFailed: (error) => this.#startFailed(error),
      busy: () => this.#held(),
      open: (call) => this.#openCall(call),
      notices: () => this.#schedule(),
      retain: (worker, more) => this.#retain(worker, more),
    });
    this.#listener = new Listener(this.#crew.bell, this.#ringing);
    this.#arrivals = new Arrivals(
      this.#crew,
      (part, k, error) => this.#failRun(part, k, error, false),
      () => this.#chunkEnded(),
    );
    this.#dispatcher = new Dispatcher(options, this.#crew, this.#arrivals, this.#deadlines, {
      fail: (part, k, error, crash) => this.#failRun(part, k, error, crash),
      timed: (part, worker, timeoutMs) => this.#stopping.watch(part, worker, timeoutMs),
      open: (call) => this.#openCall(call),
      again: () => this.#schedule(),
      alone: () => this.#live === 1,
      spins: () => this.#live === 1 && this.#lone.able,
    });
    this.#stopping = new Stopping(this.#crew, this.#deadlines, {
      sent: (worker) => this.#dispatcher.flush(worker),
      stopped: () => this.#schedule(),
      late: (run, k, error) => this.#endLate(run, k, error),
    });
  }

  get workers(): number {
    return this.#crew.target;
  }

  run(chunk: Chunk): void {
    if (this.#closing !== undefined) throw new ExecutorClosedError(`${this.name}: the executor is closed`);
    // Workers take a while to start: begin that before the capture, which may load a parser.
    if (this.#crew.all.size === 0 && chunk.worker === undefined) this.#crew.join();
    const fns = this.#captures.of(chunk);
    const { coding, packed } = encodeItems(chunk);
    if (chunk.priority !== 0) this.#dispatcher.prioritised = true;
    if (coding !== 'packed' && isSmallCall(chunk)) {
      chunk.handle = fns;
      chunk.slot = -1;
      this.#dispatcher.queue.push(chunk);
    } else {
      const part = this.#openRun(chunk, fns, coding, packed);
      if (chunk.worker === undefined) this.#dispatcher.queue.push(part);
      else this.#dispatcher.pin(part, chunk.worker);
    }
    if (++this.#live === 1) {
      this.#crew.hold(true);
      if (!this.#goesRound) whileBlocked(this.#round);
      this.#goesRound = true;
    }
    this.#schedule();
  }

  host(lost: HostEvents['lost']): HostBackend {
    if (this.#host === undefined) {
      throw new UnsupportedError(`${this.name}: this place is an actor's own; make actors with the executor`);
    }
    return this.#host(lost);
  }

  kill(): void {
    for (const worker of [...this.#crew.all]) this.#crew.kill(worker);
  }

  turn(): void {
    this.#dispatcher.handOut();
    this.#crew.poll();
    this.#deadlines.tick();
  }

  /** Work is under way here, or somebody waits for a notice. */
  #held(): boolean {
    return this.#live > 0 || this.#retained > 0;
  }

  #retain(worker: PoolWorker, more: 1 | -1): void {
    this.#retained += more;
    if (more > 0 && this.#retained === 1) this.#crew.hold(true);
    if (!this.#held()) this.#rest();
    // While messages are taken in, whoever takes them looks at the end.
    if (worker.retained === 0 && worker.parts.size === 0 && !this.#taking) this.#crew.idle(worker);
  }

  nudge(): void {
    if (this.#taking) return;
    this.#dispatcher.handOut();
    let count = 0;
    for (const worker of this.#crew.all) count += this.#ends(worker, true);
    if (count > 0) this.#dispatcher.handOut();
  }

  #openCall(call: SmallCall): Part {
    return this.#openRun(call, call.handle as readonly Captured[], 'plain', undefined);
  }

  #openRun(
    chunk: Chunk,
    fns: readonly Captured[],
    coding: ItemCoding,
    packed: PackedItems | undefined,
  ): Part {
    const run = new ChunkRun(chunk, fns, coding, packed, this);
    this.#runs.add(run);
    return run.firstPart;
  }

  cancel(chunk: Chunk, reason: unknown): void {
    if (isSmallCall(chunk)) this.#openHeld(chunk);
    const { handle } = chunk;
    if (handle instanceof ChunkRun) {
      handle.end({ kind: 'cancelled', reason });
      this.#stopping.stop(handle, reason);
    } else if (handle !== undefined) this.#endWaiting(chunk, { kind: 'cancelled', reason });
  }

  /** A small call that a worker holds as it is becomes a part: it can be stopped then. */
  #openHeld(call: SmallCall): void {
    if (call.slot < 0) return;
    for (const { parts } of this.#crew.all) if (parts.at(call.slot) === call) parts.get(call.slot);
  }

  /** Ends a small call that no worker has got. */
  #endWaiting(chunk: Chunk, outcome: ChunkOutcome): void {
    chunk.handle = undefined;
    chunk.sink.end(outcome);
    this.#chunkEnded();
  }

  workerIds(): Promise<readonly number[]> {
    if (this.#closing === undefined) return this.#crew.ids();
    return Promise.reject(new ExecutorClosedError(`${this.name}: the executor is closed`));
  }

  wait(done: () => boolean): void {
    let restMs = this.#lookMs;
    const look = (): boolean => {
      this.#dispatcher.handOut();
      restMs = this.#crew.poll() ? unsentMs : this.#lookMs;
      this.#deadlines.tick();
      if (done()) return false;
      for (const run of this.#runs.all()) {
        if (run.pending === 0) continue;
        throw new UnsupportedError(
          `${this.name}: a blocking call cannot rebuild a result that imports a module; use submit() or map()`,
        );
      }
      return true;
    };
    while (!done()) {
      this.#dispatcher.handOut();
      if (!this.#spin(true)) this.#listener.block(look, () => restMs);
    }
    this.#sweepLater();
    this.#schedule();
  }

  /** This thread waits for something else (a lock, a channel), perhaps for what its own tasks do: they must get to the workers. */
  readonly #round = (): void => {
    if (this.#taking) return;
    this.#dispatcher.handOut();
    this.#crew.poll();
    this.#deadlines.tick();
    if (this.#takeEnds() > 0) this.#dispatcher.handOut();
    this.#schedule();
  };

  resize(workers: number): void {
    this.#crew.resize(workers);
    this.#schedule();
  }

  stats(): BackendStats {
    const workers = [...this.#crew.all];
    const calls = this.#dispatcher.queue.smallCalls().length;
    const queued =
      calls + this.#runs.all().filter((run) => run.parts().every((part) => part.slot < 0)).length;
    return {
      workers: this.#crew.target,
      alive: workers.length,
      spare: this.#crew.spares,
      busy: workers.filter((worker) => worker.parts.size > 0).length,
      queued,
      running: this.#live - queued,
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
    this.#crew.closing();
    this.#closing ??= this.#crew.emptied();
    const error = reason ?? new ExecutorClosedError(`${this.name}: the executor was terminated`);
    for (const { parts } of this.#crew.all) parts.all();
    for (const run of this.#runs.all()) run.end({ kind: 'failed', k: run.chunk.from, error, crash: false });
    for (const call of this.#dispatcher.queue.smallCalls())
      this.#endWaiting(call, { kind: 'failed', k: 0, error, crash: false });
    this.#crew.closed();
    this.#crew.hold(true);
    for (const worker of [...this.#crew.all]) this.#crew.kill(worker);
    await this.#crew.emptied();
  }

  async #close(): Promise<void> {
    this.#crew.closing();
    if (this.#held()) await new Promise<void>((resolve) => this.#drained.push(resolve));
    this.#crew.closed();
    this.#crew.hold(true);
    for (const worker of [...this.#crew.all]) this.#crew.retire(worker);
    await this.#crew.emptied();
  }

  // ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────

  #schedule(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    queueMicrotask(this.#scheduled);
  }

  readonly #scheduled = (): void => {
    this.#pumpQueued = false;
    this.#pump(true);
  };

  /** Hands out what waits and takes in what has ended, until there is nothing to do at the moment. `spin`: nobody has just got a result. */
  #pump(spin: boolean): void {
    const until = performance.now() + stretchMs;
    do {
      this.#taken = 0;
      this.#dispatcher.handOut();
      if (this.#idle() || (spin && this.#spin(false) && this.#idle())) return;
      spin = false;
      const rung = this.#listener.listen(this.#look);
      if (rung || this.#taken > 0) this.#sweepLater();
    } while (this.#taken > 0 && this.#dispatcher.queue.size > 0 && performance.now() < until);
    // Whoever awaits the results, and all else in the event loop, must get its turn.
    if (this.#taken > 0 && this.#dispatcher.queue.size > 0) setImmediate(this.#rung);
  }

  readonly #look = (): void => {
    this.#taken += this.#takeEnds();
  };

  /** Looks a moment for the end of a call that is under way alone; returns whether some end has come. */
  #spin(blocking: boolean): boolean {
    return this.#live === 1 && this.#lone.spin(this.#lookForEnds, blocking);
  }

  readonly #lookForEnds = (): boolean => {
    const count = this.#takeEnds();
    this.#taken += count;
    return count > 0;
  };

  // ── receiving ────────────────────────────────────────────────────────────────────────────────────────────────

  #message(worker: PoolWorker, entries: readonly FromWorker[]): void {
    worker.taken = (worker.taken + 1) | 0;
    this.#taking = true;
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
    this.#taking = false;
    if (worker.parts.size === 0) this.#crew.idle(worker);
    this.#schedule();
  }

  #takeEnds(): number {
    let count = 0;
    for (const worker of this.#crew.all) count += this.#ends(worker);
    return count;
  }

  /** Takes in the ends in a worker's ring; `only`: those that no message comes before. */
  #ends(worker: PoolWorker, only = false): number {
    if (worker.ends.peek() < 0) return 0;
    this.#taking = true;
    const alone = this.#live === 1;
    const count = this.#arrivals.ends(worker, only);
    this.#taking = false;
    if (alone && count > 0) this.#lone.ended(this.#arrivals.latestMs);
    if (worker.parts.size === 0) this.#crew.idle(worker);
    return count;
  }

  /** No call is under way, and no worker is busy with one that was cancelled: no end will come. */
  #idle(): boolean {
    if (this.#live > 0) return false;
    for (const worker of this.#crew.all) if (worker.parts.size > 0) return false;
    return true;
  }

  /** A worker has rung: what it ends soon after it does not ring for, even if nothing waited for that when it rang. */
  readonly #ringing = (): void => {
    this.#sweepLater();
    this.#rung();
  };

  /** A worker has rung, or may have had reason to. */
  readonly #rung = (): void => {
    this.#lone.turned();
    const count = this.#takeEnds();
    if (this.#idle()) return;
    if (count > 0) this.#sweepLater();
    this.#pump(count === 0);
  };

  /**
   * Ends that follow each other fast share a ring of the bell, and the item after them may take long. So a look follows
   * whatever has brought some.
   */
  #sweepLater(): void {
    if (this.#sweep === undefined) {
      this.#sweep = setTimeout(this.#rung, sweepMs);
      this.#sweep.unref();
    } else this.#sweep.refresh();
  }

  // ── endings ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** An item runs for too long; its part has yet to be stopped. */
  #endLate(run: ChunkRun, k: number, error: unknown): void {
    this.#failed++;
    run.end({ kind: 'failed', k, error, crash: false });
    this.#stopping.stop(run, error);
  }

  #failRun(part: Part, k: number, error: unknown, crash: boolean): void {
    const { run } = part;
    run.drop(part);
    if (!run.ended) {
      this.#failed++;
      run.end({ kind: 'failed', k, error, crash });
    }
    this.#stopping.stop(run, error);
  }

  /** A run tells that it has ended. */
  runEnded(run: ChunkRun): void {
    this.#runs.delete(run);
    this.#chunkEnded();
  }

  #chunkEnded(): void {
    this.#live--;
    if (!this.#held()) this.#rest();
  }

  #rest(): void {
    this.#letGoLater();
    if (this.#drained.length > 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** An idle pool does not keep the process alive. Mostly the next call comes soon: it is cheaper to wait a little. */
  #letGoLater(): void {
    if (this.#lettingGo) return;
    this.#lettingGo = true;
    this.#deadlines.add(letGoMs, () => {
      this.#lettingGo = false;
      if (this.#held()) return;
      this.#crew.hold(false);
      noLongerWhileBlocked(this.#round);
      this.#goesRound = false;
    });
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** No worker can be had: whoever waits for one is told so. */
  #startFailed(error: unknown): void {
    for (
      let next = this.#dispatcher.queue.shift();
      next !== undefined;
      next = this.#dispatcher.queue.shift()
    ) {
      const part = this.#dispatcher.partOf(next);
      this.#failRun(part, part.from, error, true);
    }
    for (const worker of this.#crew.all) {
      if (worker.state === 'ready') continue;
      for (const part of worker.pinned.splice(0)) this.#failRun(part, part.from, error, true);
    }
    this.#schedule();
  }

  /** What a retiring worker has not started goes elsewhere, but for what only it may run. */
  #retiring(worker: PoolWorker): void {
    this.#dispatcher.takeBack(worker, () => true);
    this.#schedule();
  }

  /**
   * What a dead worker held: the item it ran fails (unless the worker was killed on purpose and it may run twice), the rest
   * runs again.
   */
  #gone(worker: PoolWorker, exit: WorkerExit, expected: boolean): void {
    const innocent = survivors(this.name, worker, exit, expected, (part, k, error) =>
      this.#failRun(part, k, error, true),
    );
    for (const part of worker.pinned.splice(0)) this.#dispatcher.repin(part);
    this.#dispatcher.queue.unshift(innocent);
    const why = crashError(this.name, worker.id, undefined, exit);
    peerGone(worker.peer, why);
    this.#lost?.(why, expected);
    this.#schedule();
  }
}
