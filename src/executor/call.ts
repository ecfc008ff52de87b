/** What every operation of the surface has in common: it starts, makes progress, fails or is cancelled, and ends once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActiveLink } from './active-calls.ts';
import type { ChunkOutcome } from './backend.ts';
import { appendCaller, type Caller } from './caller-stack.ts';
import type { ActiveCall, ExecutorCore } from './executor-core.ts';
import { Flight, type FlightOwner, type Work } from './flight.ts';
import type { CallSettings, Progress } from './options.ts';
import { RetryLedger } from './retry.ts';
import { unwatchSignal, watchSignal } from './signal-hub.ts';
import type { TaskSource, TaskStatus } from './task.ts';

let lastId = 0;

/** How a call is made: by whom, with what settings, under which name. */
export interface CallOrigin {
  readonly core: ExecutorCore;
  readonly settings: CallSettings;
  readonly name: string;
  readonly caller: Caller;
}

/** A call of the surface. Subclasses launch flights in {@link begin} and end with {@link finish} or {@link fail}. */
export abstract class Call<R> implements TaskSource<R>, FlightOwner, ActiveCall {
  readonly id = ++lastId;
  readonly name: string;
  readonly core: ExecutorCore;
  readonly settings: CallSettings;
  readonly seed: number;
  status: TaskStatus = 'queued';
  list: ActiveLink['list'];
  previous: ActiveLink | undefined;
  following: ActiveLink | undefined;
  /** The thread waits: no timer can fire, so delays block. Set before {@link start}. */
  blocking = false;
  /** Set by the task (or by whoever waits) before {@link start}. */
  resolve!: (value: R) => void;
  reject!: (reason: unknown) => void;
  protected completed = 0;
  protected total: number | undefined;
  #lastIndex: number | undefined;
  #lastData: unknown;
  readonly #caller: Caller;
  readonly #retries: RetryLedger | undefined;
  /** Runs the user's callbacks in the asynchronous context of the call. */
  readonly #snapshot: (<T>(run: () => T) => T) | undefined;

  constructor(origin: CallOrigin) {
    const { core, settings, name, caller } = origin;
    this.core = core;
    this.settings = settings;
    this.name = name;
    this.seed = settings.seed ?? core.nextSeed();
    this.#caller = caller;
    this.#retries = settings.retries && new RetryLedger(settings.retries);
    if (settings.onProgress || settings.retries?.on || this.callsBack) {
      this.#snapshot = AsyncLocalStorage.snapshot() as <T>(run: () => T) => T;
    }
  }

  /** Whether the call runs functions of the user besides `onProgress` and `retries.on` on this side. */
  protected get callsBack(): boolean {
    return false;
  }

  get settled(): boolean {
    return this.status !== 'queued' && this.status !== 'running';
  }

  get progress(): Progress | undefined {
    if (this.completed === 0 && this.#lastIndex === undefined) return undefined;
    return { completed: this.completed, total: this.total, index: this.#lastIndex, data: this.#lastData };
  }

  /** Whether flights must remember which items have results. */
  protected get tracking(): boolean {
    return this.#retries !== undefined;
  }

  /** Sends the first flights. */
  protected abstract begin(): void;
  /** Cancels whatever is under way; the call has ended. */
  protected abstract abandon(reason: unknown): void;
  /** Forgets an ended flight. */
  protected abstract removed(flight: Flight): void;
  protected abstract landedWell(flight: Flight, computeMs: number): void;
  /** Runs item `k` (for operations over whole chunks: the chunk) again after `delayMs`. */
  protected abstract again(flight: Flight, k: number, delayMs: number): void;
  /** The results of a flight, for those operations that have some. */
  abstract accept(flight: Flight, k: number, values: ArrayLike<unknown>): void;

  /** Starts the call, or ends it at once when it came too late. */
  start(): void {
    const { core, settings } = this;
    if (core.closed) {
      this.#refuse(core.closedError(this.name));
      return;
    }
    const { signal } = settings;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.status = 'cancelled';
        core.cancelled++;
        this.reject(signal.reason);
        return;
      }
      watchSignal(signal, this);
    }
    core.calls.add(this);
    try {
      this.begin();
    } catch (error) {
      this.fail(error);
    }
  }

  #refuse(error: unknown): void {
    this.status = 'failed';
    this.core.failed++;
    this.reject(error);
  }

  started(): void {
    if (this.status === 'queued') this.status = 'running';
  }

  /** Ends the call well. */
  protected finish(value: R): void {
    if (this.settled) return;
    this.#settle('done');
    this.core.done++;
    this.resolve(value);
  }

  /** Ends the call with an error and cancels the rest of it. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.#settle('failed');
    this.core.failed++;
    this.reject(error);
    this.abandon(this.#stopReason('failed'));
  }

  cancel(reason?: unknown): boolean {
    if (this.settled) return false;
    const given = reason === undefined ? this.#stopReason('was cancelled') : reason;
    this.#settle('cancelled');
    this.core.cancelled++;
    this.reject(given);
    this.abandon(given);
    return true;
  }

  drain(): void {
    // Most calls have all their input: they run to their end.
  }

  #settle(status: TaskStatus): void {
    this.status = status;
    if (this.settings.signal !== undefined) unwatchSignal(this.settings.signal, this);
    this.core.leave(this);
  }

  /** What the other items of an ended call find in their signal. */
  #stopReason(how: string): DOMException {
    return new DOMException(`task ${this.name} #${this.id} ${how}`, 'AbortError');
  }

  /** Hands items to the backend; what cannot travel fails the call. */
  protected send(flight: Flight): boolean {
    try {
      this.core.backend.run(flight);
      return true;
    } catch (error) {
      this.removed(flight);
      this.unsendable(flight, error);
      return false;
    }
  }

  /** The backend did not take a flight: something in it cannot travel. */
  protected unsendable(_flight: Flight, error: unknown): void {
    this.fail(error);
  }

  protected flight(work: Work, from: number, to: number): Flight {
    return new Flight(this, work, from, to, this.tracking);
  }

  landed(flight: Flight, outcome: ChunkOutcome): void {
    this.removed(flight);
    if (this.settled) return;
    if (outcome.kind === 'done') this.landedWell(flight, outcome.computeMs);
    else if (outcome.kind === 'cancelled') this.dropped(flight, outcome.reason);
    else this.#failedAt(flight, outcome.k, outcome.error);
  }

  /** A flight was cancelled although the call goes on. */
  protected dropped(_flight: Flight, reason: unknown): void {
    this.cancel(reason);
  }

  #failedAt(flight: Flight, k: number, error: unknown): void {
    if (error === this.core.terminated) {
      this.fail(error);
      return;
    }
    let delay: number | undefined;
    try {
      delay = this.#retries && this.inContext(() => this.#retries?.delay(flight.base + k, error));
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    if (delay === undefined) {
      appendCaller(error, this.where(flight, k), this.#caller);
      this.failedForGood(flight, k, error);
    } else this.again(flight, k, delay);
  }

  /** Items whose results are there need no count of their tries any more: an endless stream must not keep them. */
  protected forgetTries(flight: Flight): void {
    this.#retries?.forget(flight.base + flight.from, flight.base + flight.to);
  }

  /** An item failed and is not tried again. */
  protected failedForGood(_flight: Flight, _k: number, error: unknown): void {
    this.fail(error);
  }

  /** Names task and item in an error's stack. */
  protected where(flight: Flight, k: number): string {
    return `${this.name} (task #${this.id}, item ${flight.base + k})`;
  }

  /** Calls `run` after `delayMs`; the process stays alive for it, as for every pending task. */
  protected later(delayMs: number, run: () => void): NodeJS.Timeout | undefined {
    if (this.blocking || delayMs <= 0) {
      if (delayMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
      run();
      return undefined;
    }
    return setTimeout(run, delayMs);
  }

  reported(flight: Flight, k: number, data: unknown): void {
    if (this.settled) return;
    this.status = 'running';
    this.#lastIndex = flight.base + k;
    this.#lastData = data;
    this.#tell(this.#lastIndex, data);
  }

  /** `count` more items have their results. */
  protected advance(count: number): void {
    this.status = 'running';
    this.completed += count;
    this.#tell(undefined, undefined);
  }

  #tell(index: number | undefined, data: unknown): void {
    const { onProgress } = this.settings;
    if (onProgress === undefined) return;
    try {
      this.inContext(() => onProgress({ completed: this.completed, total: this.total, index, data }));
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Runs a function of the user in the asynchronous context of the call. */
  protected inContext<T>(run: () => T): T {
    return this.#snapshot === undefined ? run() : this.#snapshot(run);
  }
}
