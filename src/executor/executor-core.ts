/** What all views of one executor share: the backend, the calls under way, the way to the end. */
import { ExecutorClosedError } from '../base/errors.ts';
import { ActorSystem } from './actors/actor-system.ts';
import type { Backend } from './backend.ts';
import { defaultSettings, type CallSettings, type ValidatedOptions } from './options.ts';
import { callSeed } from './seeds.ts';

/** A call as the core sees it. */
export interface ActiveCall {
  /** It uses nothing but the backend, which ends it: there may be very many of these, so they are only counted. */
  readonly plain: boolean;
  /** The executor was terminated: ends the call with this error. */
  fail(error: unknown): void;
  /** The executor is closing: takes no new input; what was accepted goes on. */
  drain(): void;
}

/** The backend is nudged after so many submits. Each time may wake every worker, which costs more than a hundred calls. */
const NUDGE_EVERY = 1024;

/** How many calls an executor has seen. */
export interface TaskCounts {
  /** Calls under way. */
  readonly pending: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * State shared by an executor and its `with()` views.
 *
 * `calls` holds every call that may still use the backend, retries that wait included, but for plain ones, which are
 * counted; `close()` ends the backend when there is none of either.
 */
export class ExecutorCore {
  readonly backend: Backend;
  readonly options: ValidatedOptions;
  /** Settings of a call without options. */
  readonly settings: CallSettings;
  readonly calls = new Set<ActiveCall>();
  /** Plain calls under way. */
  #plain = 0;
  /** Submitted tasks that have not ended: what `maxQueue` bounds. */
  submitted = 0;
  /** Items that ended well in this thread. */
  inline = 0;
  /** Calls under way that call functions of the user on this side. */
  callbacks = 0;
  /** What the latest submits have in common; `submit.ts` keeps it here. */
  latestSubmit: unknown;
  #submits = 0;
  closed = false;
  #actors: ActorSystem | undefined;
  /** What `terminate()` ended everything with. */
  terminated: ExecutorClosedError | undefined;
  done = 0;
  failed = 0;
  cancelled = 0;
  #turns = 0;
  #whenDrained: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(backend: Backend, options: ValidatedOptions) {
    this.backend = backend;
    this.options = options;
    this.settings = defaultSettings(options.graceMs);
  }

  /** A task was sent. A flood of them in one turn need not wait for its end. */
  sentOne(): void {
    if (++this.#submits % NUDGE_EVERY === 0 && this.callbacks === 0) this.backend.nudge?.();
  }

  /** The actors of the executor. */
  get actors(): ActorSystem {
    return (this.#actors ??= new ActorSystem(this));
  }

  /** For a thread that blocks: lets actors that live on workers of their own go on. */
  turn(): void {
    this.#actors?.turn();
  }

  /** Number of the next call. */
  nextTurn(): number {
    return this.#turns++;
  }

  /** Seed of a call, by its number. */
  seedOf(turn: number): number {
    return callSeed(this.options.seed, turn);
  }

  /** The error of a call that came too late. */
  closedError(what: string): ExecutorClosedError {
    return new ExecutorClosedError(
      `cannot run ${what}: the executor ${this.options.name} is closed; call it before close(), or open a new one`,
    );
  }

  enter(call: ActiveCall): void {
    if (call.plain) this.#plain++;
    else this.calls.add(call);
  }

  /** A call that has entered has ended. */
  leave(call: ActiveCall): void {
    if (call.plain) this.#plain--;
    else this.calls.delete(call);
    if (this.#plain === 0 && this.calls.size === 0) this.#whenDrained?.();
  }

  get #pending(): number {
    return this.calls.size + this.#plain;
  }

  counts(): TaskCounts {
    return {
      pending: this.#pending,
      done: this.done,
      failed: this.failed,
      cancelled: this.cancelled,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.closed = true;
    for (const call of [...this.calls]) call.drain();
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#whenDrained = resolve));
    await this.#actors?.close();
    await this.backend.close();
  }

  /** Ends the backend at once, and then the calls that had nothing under way there: waiting retries, idle streams. */
  async terminate(reason: unknown): Promise<void> {
    this.closed = true;
    const cause = reason === undefined ? undefined : { cause: reason };
    this.terminated ??= new ExecutorClosedError(`the executor ${this.options.name} was terminated`, cause);
    const ended = this.backend.terminate(this.terminated);
    for (const call of [...this.calls]) call.fail(this.terminated);
    await this.#actors?.terminate(this.terminated);
    await ended;
  }
}
