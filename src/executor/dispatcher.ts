/** Hands work to workers: which part goes to whom, how much is sent ahead, and what comes back when that was too much. */
import type { Arrivals } from './arrivals.ts';
import { crashError } from './crash-error.ts';
import type { Crew } from './crew.ts';
import type { Deadlines } from './deadlines.ts';
import { isPart, PartQueue, type Part, type SmallCall, type Waiting } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';
import { rebalance } from './rebalance.ts';

/** What the pool is told. */
export interface DispatchEvents {
  /** Item `k` of a part cannot run: its chunk fails. */
  fail(part: Part, k: number, error: unknown, crash: boolean): void;
  /** A worker has got a part whose items have a time limit. */
  timed(part: Part, worker: PoolWorker, timeoutMs: number): void;
  /** Makes a run of a small call whose turn has come. */
  open(call: SmallCall): Part;
  /** There is work to hand out. */
  again(): void;
  /** One call is under way and no other. */
  alone(): boolean;
  /** … and there is a core for its worker beside the caller's. */
  spins(): boolean;
}

/** Work that a worker should hold ready, so that it never waits for the scheduler: about this long. */
const aheadMs = 1;

export class Dispatcher {
  readonly queue = new PartQueue();
  /** Some call had a priority of its own. */
  prioritised = false;
  readonly #name: string;
  readonly #crew: Crew;
  readonly #arrivals: Arrivals;
  readonly #deadlines: Deadlines;
  readonly #maxTasksPerWorker: number | undefined;
  readonly #events: DispatchEvents;
  #rebalanceMs = 0;
  #lookDue = false;
  /** Workers with room, while work is handed out. */
  readonly #open: PoolWorker[] = [];

  constructor(
    options: { readonly name: string; readonly maxTasksPerWorker?: number | undefined },
    crew: Crew,
    arrivals: Arrivals,
    deadlines: Deadlines,
    events: DispatchEvents,
  ) {
    this.#name = options.name;
    this.#maxTasksPerWorker = options.maxTasksPerWorker;
    this.#crew = crew;
    this.#arrivals = arrivals;
    this.#deadlines = deadlines;
    this.#events = events;
  }

  /** Hands out what waits. */
  handOut(): void {
    // While workers are missing nothing is sent ahead: what waits is what makes them start, and it need not wait here.
    const short = this.#crew.usableCount() < this.#crew.target;
    const ahead = Math.max(2, Math.floor(aheadMs / Math.max(this.#arrivals.averageMs, 0.001)));
    const depth = short ? 1 : ahead;
    if (short) {
      for (const worker of this.#crew.all) if (worker.parts.size > 1) this.takeBack(worker, () => true);
    }
    this.#open.length = 0;
    for (const worker of this.#crew.all) {
      while (worker.pinned.length > 0 && worker.takesPinned)
        this.#assign(worker.pinned.shift() as Part, worker);
      // The last that it was kept for may have ended without it.
      if (worker.state === 'retiring' && worker.isDone) this.#crew.idle(worker);
      if (worker.wants(depth)) this.#open.push(worker);
    }
    for (let next = this.queue.peek(); next !== undefined; next = this.queue.peek()) {
      const worker = this.#freest(this.#open, depth);
      if (worker === undefined) break;
      this.queue.shift();
      this.#give(next, worker);
    }
    // A worker that stood by takes its share at once.
    if (this.queue.size > 0 && this.#crew.grow(this.queue.size)) return this.handOut();
    if (this.queue.size > 0 && this.prioritised) this.#makeWay();
    for (const worker of this.#crew.all) this.flush(worker);
    this.#rebalance();
  }

  /** What waits, as a part. */
  partOf(waiting: Waiting): Part {
    if (isPart(waiting)) return waiting;
    return this.#events.open(waiting);
  }

  /** What was sent ahead and has not started comes back when something more urgent waits for a place. */
  #makeWay(): void {
    const urgent = this.queue.peek();
    if (urgent === undefined) return;
    const { priority } = isPart(urgent) ? urgent.run.chunk : urgent;
    for (const worker of this.#crew.all) this.takeBack(worker, (part) => part.run.chunk.priority < priority);
  }

  /**
   * Queues again what a worker has not started and others may run as well. The latest first: the worker goes on meanwhile, from
   * the other end, so that what it still starts comes before all that was taken.
   */
  takeBack(worker: PoolWorker, which: (part: Part) => boolean): void {
    const back: Part[] = [];
    for (const part of worker.parts.all().reverse()) {
      // A part whose memory was moved, or that is meant for this worker, cannot run elsewhere.
      if (part.moved || part.run.chunk.worker !== undefined || !part.run.has(part) || !which(part)) continue;
      if (!worker.board.takeBack(part.slot)) continue;
      const again = reissue(part);
      if (again !== undefined) back.push(again);
    }
    this.queue.unshift(back.reverse());
  }

  #freest(open: readonly PoolWorker[], depth: number): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of open) {
      if (worker.room(depth) <= 0 || this.#crew.spent(worker)) continue;
      if (best === undefined || worker.parts.size < best.parts.size) best = worker;
    }
    return best;
  }

  #give(next: Waiting, worker: PoolWorker): void {
    // What has a time limit is watched: that needs a part.
    if (isPart(next) || next.timeoutMs !== undefined || !worker.takesCalls) {
      this.#assign(this.partOf(next), worker);
      return;
    }
    worker.assignCall(next, this.#events.spins());
    next.sink.started();
  }

  #assign(part: Part, worker: PoolWorker): void {
    const { run } = part;
    if (run.ended) return;
    if (this.#maxTasksPerWorker !== undefined && run.dividable) {
      const room = this.#maxTasksPerWorker - worker.items;
      if (part.to - part.from > room) {
        this.queue.unshift([run.addPart(part.from + room, part.to)]);
        part.to = part.from + room;
      }
    }
    try {
      worker.assign(part, this.#events.spins());
    } catch (error) {
      this.#events.fail(part, part.from, error, false);
      return;
    }
    run.chunk.sink.started();
    if (run.chunk.timeoutMs !== undefined) this.#events.timed(part, worker, run.chunk.timeoutMs);
  }

  /** Sends what has gathered for a worker. */
  flush(worker: PoolWorker): void {
    const unsent = worker.flush();
    for (const { part, error } of unsent) this.#events.fail(part, part.from, error, false);
    if (unsent.length > 0 && worker.parts.size === 0) this.#crew.idle(worker);
  }

  /** Gives a part to the worker that it is meant for. */
  pin(part: Part, workerId: number): void {
    const worker = [...this.#crew.all].find((one) => one.id === workerId);
    if (worker === undefined || !worker.lives) this.repin(part);
    else worker.pinned.push(part);
  }

  /** The worker that a part was meant for is gone without having run it: the one that takes its place does. */
  repin(part: Part): void {
    const { run } = part;
    run.drop(part);
    if (run.ended) return;
    const again = run.addPart(part.from, part.to);
    const worker = this.#crew.replacement();
    if (worker !== undefined) {
      worker.pinned.push(again);
      return;
    }
    const error = crashError(this.#name, run.chunk.worker ?? 0, { chunk: run.chunk, k: part.from }, {});
    queueMicrotask(() => this.#events.fail(again, part.from, error, true));
  }

  /** Idle workers take over what busy ones have not started; looks again while some are idle and others are not. */
  #rebalance(): void {
    // One call alone: if its worker does not come for it, the look that is due will find it.
    if (this.#lookDue && this.#events.alone()) return;
    const moved = rebalance(this.#crew.all, (worker) => this.#crew.spent(worker));
    if (moved.againMs === 0) this.#rebalanceMs = 0;
    else if (!this.#lookDue) {
      // One look at a time, however often there is reason for one.
      this.#lookDue = true;
      this.#rebalanceMs = Math.min(64, Math.max(moved.againMs, this.#rebalanceMs * 2));
      this.#deadlines.add(this.#rebalanceMs, () => {
        this.#lookDue = false;
        this.#events.again();
      });
    }
    if (moved.parts.length === 0) return;
    this.queue.unshift(moved.parts);
    this.#events.again();
  }
}

/** The same items as a new part without those that have results; undefined when nothing is left. */
export function reissue(part: Part): Part | undefined {
  const { run } = part;
  run.drop(part);
  if (run.ended) return undefined;
  const from = run.splittable ? Math.max(part.from, part.received) : part.from;
  if (run.splittable && from >= part.to) {
    run.endIfDone();
    return undefined;
  }
  return run.addPart(from, part.to);
}
