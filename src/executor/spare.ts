/**
 * A worker that stands by, so that the loss of another one costs the next call nothing.
 *
 * When there is one, and when it is started; `Crew` decides what takes its place. The README beside this file has the
 * reasons.
 */
import type { Deadlines } from './deadlines.ts';
import type { PoolWorker } from './pool-worker.ts';

/** What a spare needs of its crew. */
export interface SpareHost {
  /** Starts a worker that gets no work; undefined when none can be had. */
  start(): PoolWorker | undefined;
  /** Workers are starting: the cores are busy with that. */
  starting(): boolean;
  /** Work is under way. */
  busy(): boolean;
  /** No worker of the pool runs or will run work. */
  deserted(): boolean;
  /** Ends a spare that nobody needs any more. */
  dismiss(worker: PoolWorker): void;
}

/** A burst of calls is not disturbed by a start for this long; then it is no burst. */
const patienceMs = 50;
/** Time between two looks whether the pool can spare the time, at first and at most. */
const lookMs = 10;
const longestLookMs = 1000;

export class Spare {
  /** It is started, and it is none of the pool's workers yet. */
  worker: PoolWorker | undefined;
  readonly #policy: boolean | undefined;
  readonly #idleTimeoutMs: number | undefined;
  readonly #deadlines: Deadlines;
  readonly #host: SpareHost;
  #wanted: boolean;
  #closed = false;
  /** Drops the look that is due. */
  #dropLook: (() => void) | undefined;

  /** `policy`: always (from the first worker on), never, or (undefined) from the first loss on. */
  constructor(
    policy: boolean | undefined,
    idleTimeoutMs: number | undefined,
    deadlines: Deadlines,
    host: SpareHost,
  ) {
    this.#policy = policy;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#deadlines = deadlines;
    this.#host = host;
    this.#wanted = policy === true;
  }

  /** A worker has been lost, or will be: from now on there is a spare. `now`: do not wait for the burst to end. */
  expectLoss(now: boolean): void {
    if (this.#policy === false || this.#closed) return;
    this.#wanted = true;
    if (now || this.#host.deserted()) this.#look(0, 0);
    else this.stock();
  }

  /** Hands the spare over, if there is one; another one is started when the pool has the time. */
  take(): PoolWorker | undefined {
    const { worker } = this;
    this.worker = undefined;
    this.stock();
    return worker;
  }

  /** Sees to it that there will be a spare, where one is wanted. */
  stock(): void {
    if (this.#wanted && this.#dropLook === undefined) this.#look(lookMs, performance.now() + patienceMs);
  }

  /** The spare has failed. It is not tried again before the next loss: what it failed with may be there to stay. */
  failed(): void {
    this.worker = undefined;
    this.#wanted = false;
  }

  /** There will be none any more. */
  close(): void {
    this.#closed = true;
    this.#wanted = false;
    this.#dropLook?.();
    this.#dismiss();
  }

  #look(ms: number, until: number): void {
    if (!this.#wanted || this.worker !== undefined) return;
    this.#dropLook?.();
    this.#dropLook = this.#deadlines.add(ms, () => {
      this.#dropLook = undefined;
      if (!this.#wanted || this.worker !== undefined) return;
      if (this.#host.starting() || (this.#host.busy() && performance.now() < until)) {
        this.#look(Math.min(longestLookMs, Math.max(lookMs, ms * 2)), until);
        return;
      }
      this.worker = this.#host.start();
      if (this.worker === undefined) this.#wanted = false;
      else this.#watch(this.worker);
    });
  }

  /** A spare goes when the last worker has gone for want of work: then the pool is as it was before its first call. */
  #watch(worker: PoolWorker): void {
    if (this.#idleTimeoutMs === undefined) return;
    this.#deadlines.add(this.#idleTimeoutMs, () => {
      if (this.worker !== worker) return;
      if (this.#host.busy() || !this.#host.deserted()) return this.#watch(worker);
      this.#wanted = this.#policy === true;
      this.#dismiss();
    });
  }

  #dismiss(): void {
    const { worker } = this;
    this.worker = undefined;
    if (worker !== undefined) this.#host.dismiss(worker);
  }
}
