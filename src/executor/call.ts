/** What every operation of the surface has in common: it starts, makes progress, fails or is cancelled, and ends once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CaptureError } from '../base/errors.ts';
import { pathToMoved } from '../memory/move.ts';
import type { Chunk, ChunkOutcome } from './backend.ts';
import { appendCaller, type Caller } from './caller-stack.ts';
import type { ActiveCall, ExecutorCore } from './executor-core.ts';
import { Flight, type FlightOwner, type Work } from './flight.ts';
import type { CallSettings, Progress } from './options.ts';
import { RetryLedger } from './retry.ts';
import { unwatchSignal, watchSignal } from './signal-hub.ts';
import type { TaskSource, TaskStatus } from './task.ts';

let lastId = 0;

/** The id of the next task: unique in this process. */
export function nextTaskId(): number {
  return ++lastId;
}

/** How a call is made: by whom, with what settings, under which name. */
export interface CallOrigin {
  readonly core: ExecutorCore;
  readonly settings: CallSettings;
  readonly name: string;
  readonly caller: Caller;
}

/** What most calls of a flood do without. */
interface Extras {
  completed: number;
  total: number | undefined;
  lastIndex: number | undefined;
  lastData: unknown;
  retries: RetryLedger | undefined;
  blocking: boolean;
  /** Runs the user's callbacks in the asynchronous context of the call. */
  snapshot: (<T>(run: () => T) => T) | undefined;
}

/** A call of the surface. Subclasses launch flights in {@link begin} and end with {@link finish} or {@link fail}. */
export abstract class Call<R> implements TaskSource<R>, FlightOwner, ActiveCall {
  // Tasks come by the hundred thousand: what each keeps, the collector moves twice. Fields that are only declared are
  // made where the constructor sets them, once; what calls in a row have in common lies in their origin; methods named
  // with # would give each object a field more.
  declare readonly id: number;
  declare protected readonly origin: CallOrigin;
  declare status: TaskStatus;
  /** Set by the task (or by whoever waits) before {@link start}; given a promise, the task ends as that does. */
  declare resolve: (value: R | PromiseLike<R>) => void;
  /** Which of the executor's calls it is, for its seed; −1 for one with a seed of its own. */
  declare private readonly turn: number;
  declare private extras: Extras | undefined;

  constructor(origin: CallOrigin) {
    const { core, settings } = origin;
    this.id = nextTaskId();
    this.origin = origin;
    this.status = 'queued';
    this.resolve = ignore;
    this.turn = settings.seed === undefined ? core.nextTurn() : -1;
    this.extras = undefined;
    if (settings.retries !== undefined) this.more().retries = new RetryLedger(settings.retries);
    if (settings.onProgress || settings.retries?.on || this.callsBack) {
      this.more().snapshot = AsyncLocalStorage.snapshot() as <T>(run: () => T) => T;
    }
  }

  get name(): string {
    return this.origin.name;
  }

  get core(): ExecutorCore {
    return this.origin.core;
  }

  get settings(): CallSettings {
    return this.origin.settings;
  }

  /** The thread waits: no timer can fire, so delays block. Set before {@link start}. */
  get blocking(): boolean {
    return this.extras?.blocking ?? false;
  }

  set blocking(blocking: boolean) {
    this.more().blocking = blocking;
  }

  /** The backend is all that has to be told when the executor is terminated, and `close()` has nothing to tell it. */
  get plain(): boolean {
    return false;
  }

  private more(): Extras {
    return (this.extras ??= {
      completed: 0,
      total: undefined,
      lastIndex: undefined,
      lastData: undefined,
      retries: undefined,
      blocking: false,
      snapshot: undefined,
    });
  }

  protected get completed(): number {
    return this.extras?.completed ?? 0;
  }

  protected get total(): number | undefined {
    return this.extras?.total;
  }

  protected set total(total: number | undefined) {
    this.more().total = total;
  }

  /** Whether the call runs functions of the user besides `onProgress` and `retries.on` on this side. */
  protected get callsBack(): boolean {
    return false;
  }

  get seed(): number {
    return this.turn < 0 ? (this.settings.seed as number) : this.core.seedOf(this.turn);
  }

  get settled(): boolean {
    return this.status !== 'queued' && this.status !== 'running';
  }

  get progress(): Progress | undefined {
    const { completed, total, lastIndex, lastData } = this.more();
    if (completed === 0 && lastIndex === undefined) return undefined;
    return { completed, total, index: lastIndex, data: lastData };
  }

  /** Whether flights must remember which items have results. */
  protected get tracking(): boolean {
    return this.settings.retries !== undefined;
  }

  /** Sends the first flights. */
  protected abstract begin(): void;
  /** Cancels whatever is under way; the call has ended. */
  protected abstract abandon(reason: unknown): void;
  /** Forgets an ended flight. */
  protected abstract removed(flight: Chunk): void;
  protected abstract landedWell(flight: Chunk, computeMs: number): void;
  /** Runs item `k` (for operations over whole chunks: the chunk) again after `delayMs`. */
  protected abstract again(flight: Chunk, k: number, delayMs: number): void;
  /** The results of a flight, for those operations that have some. */
  abstract accept(flight: Chunk, k: number, values: ArrayLike<unknown>): void;

  /** Starts the call, or ends it at once when it came too late. */
  start(): void {
    const { core, settings } = this;
    if (core.closed) {
      this.refuse(core.closedError(this.name));
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
    core.enter(this);
    if (this.extras?.snapshot !== undefined) core.callbacks++;
    try {
      this.begin();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The function that rejects a promise is as large as all else that a waiting call needs of it: nobody keeps it. */
  reject(reason: unknown): void {
    this.settleWith(Promise.reject(reason));
  }

  /** The task keeps the call, for its status; the call need not keep the task's promise. */
  private settleWith(value: R | PromiseLike<R>): void {
    const { resolve } = this;
    this.resolve = ignore;
    resolve(value);
  }

  private refuse(error: unknown): void {
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
    this.settle('done');
    this.core.done++;
    this.settleWith(value);
  }

  /** Ends the call with an error and cancels the rest of it. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.settle('failed');
    this.core.failed++;
    this.reject(error);
    this.abandon(this.stopReason('failed'));
  }

  cancel(reason?: unknown): boolean {
    if (this.settled) return false;
    const given = reason === undefined ? this.stopReason('was cancelled') : reason;
    this.settle('cancelled');
    this.core.cancelled++;
    this.reject(given);
    this.abandon(given);
    return true;
  }

  drain(): void {
    // Most calls have all their input: they run to their end.
  }

  private settle(status: TaskStatus): void {
    this.status = status;
    if (this.settings.signal !== undefined) unwatchSignal(this.settings.signal, this);
    if (this.extras?.snapshot !== undefined) this.core.callbacks--;
    this.core.leave(this);
  }

  /** What the other items of an ended call find in their signal. */
  private stopReason(how: string): DOMException {
    return new DOMException(`task ${this.name} #${this.id} ${how}`, 'AbortError');
  }

  /** Hands items to the backend; what cannot travel fails the call. */
  protected send(flight: Chunk): boolean {
    try {
      this.core.backend.run(flight);
      return true;
    } catch (error) {
      this.removed(flight);
      // Found out right here: its own stack shows no frame of the caller's.
      if (error instanceof CaptureError)
        appendCaller(error, this.where(flight, flight.from), this.origin.caller);
      this.unsendable(flight, error);
      return false;
    }
  }

  /** The backend did not take a flight: something in it cannot travel. */
  protected unsendable(_flight: Chunk, error: unknown): void {
    this.fail(error);
  }

  protected flight(work: Work, from: number, to: number): Flight {
    return new Flight(this, work, from, to, this.tracking);
  }

  landed(flight: Chunk, outcome: ChunkOutcome): void {
    this.removed(flight);
    if (this.settled) return;
    if (outcome.kind === 'done') this.landedWell(flight, outcome.computeMs);
    else if (outcome.kind === 'cancelled') this.dropped(flight, outcome.reason);
    else this.failedAt(flight, outcome.k, outcome.error);
  }

  /** A flight was cancelled although the call goes on. */
  protected dropped(_flight: Chunk, reason: unknown): void {
    this.cancel(reason);
  }

  private failedAt(flight: Chunk, k: number, error: unknown): void {
    if (error === this.core.terminated) {
      this.fail(error);
      return;
    }
    let delay: number | undefined;
    try {
      delay =
        this.settings.retries && this.inContext(() => this.extras?.retries?.delay(flight.base + k, error));
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    const moved = delay === undefined ? undefined : this.movedAway(flight, k, error);
    if (delay !== undefined && moved === undefined) {
      this.again(flight, k, delay);
      return;
    }
    const final = moved ?? error;
    appendCaller(final, this.where(flight, k), this.origin.caller);
    this.failedForGood(flight, k, final);
  }

  /** Why item `k` cannot be tried again, when that is so: its memory was moved to a worker, and is not here any more. */
  private movedAway(flight: Chunk, k: number, cause: unknown): CaptureError | undefined {
    const { op, items, base } = flight;
    if (op === 'range') return undefined;
    // A flight that cannot be cloned is blamed on its first item, whichever it was.
    const end = cause instanceof DOMException && cause.name === 'DataCloneError' ? flight.to : k + 1;
    for (let i = k; i < end; i++) {
      const path = pathToMoved(items[i], op === 'call' ? 'args' : `items[${base + i}]`);
      if (path === undefined) continue;
      return new CaptureError(
        `cannot retry ${this.where(flight, i)}: the memory of \`${path}\` was moved to the worker with the first try; ` +
          'send it without move() to keep it for retries, or leave out `retries`',
        { path, cause },
      );
    }
    return undefined;
  }

  /** Items whose results are there need no count of their tries any more: an endless stream must not keep them. */
  protected forgetTries(flight: Chunk): void {
    this.extras?.retries?.forget(flight.base + flight.from, flight.base + flight.to);
  }

  /** An item failed and is not tried again. */
  protected failedForGood(_flight: Chunk, _k: number, error: unknown): void {
    this.fail(error);
  }

  /** Names task and item in an error's stack. */
  protected where(flight: Chunk, k: number): string {
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

  reported(flight: Chunk, k: number, data: unknown): void {
    if (this.settled) return;
    this.status = 'running';
    const extras = this.more();
    extras.lastIndex = flight.base + k;
    extras.lastData = data;
    this.tell(extras.lastIndex, data);
  }

  /** `count` more items have their results. */
  protected advance(count: number): void {
    this.status = 'running';
    this.more().completed += count;
    this.tell(undefined, undefined);
  }

  private tell(index: number | undefined, data: unknown): void {
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
    const snapshot = this.extras?.snapshot;
    return snapshot === undefined ? run() : snapshot(run);
  }
}

function ignore(): void {
  // The call has ended.
}
