/** What all views of one executor share: the backend, the calls under way, the way to the end. */
import { ExecutorClosedError } from '../base/errors.ts';
import { ActiveCalls, type ActiveLink } from './active-calls.ts';
import type { Backend } from './backend.ts';
import { defaultSettings, type CallSettings, type ValidatedOptions } from './options.ts';
import { callSeed } from './seeds.ts';

/** A call as the core sees it. */
export interface ActiveCall extends ActiveLink {
  /** The executor was terminated: ends the call with this error. */
  fail(error: unknown): void;
  /** The executor is closing: takes no new input; what was accepted goes on. */
  drain(): void;
}

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
 * `calls` holds every call that may still use the backend, retries that wait included; `close()` ends the backend when
 * it is empty.
 */
export class ExecutorCore {
  readonly backend: Backend;
  readonly options: ValidatedOptions;
  /** Settings of a call without options. */
  readonly settings: CallSettings;
  readonly calls = new ActiveCalls<ActiveCall>();
  /** Submitted tasks that have not ended: what `maxQueue` bounds. */
  submitted = 0;
  closed = false;
  /** What `terminate()` ended everything with. */
  terminated: ExecutorClosedError | undefined;
  done = 0;
  failed = 0;
  cancelled = 0;
  #seeded = 0;
  #whenDrained: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(backend: Backend, options: ValidatedOptions) {
    this.backend = backend;
    this.options = options;
    this.settings = defaultSettings(options.graceMs);
  }

  /** Seed of the next call. */
  nextSeed(): number {
    return callSeed(this.options.seed, this.#seeded++);
  }

  /** The error of a call that came too late. */
  closedError(what: string): ExecutorClosedError {
    return new ExecutorClosedError(
      `cannot run ${what}: the executor ${this.options.name} is closed; call it before close(), or open a new one`,
    );
  }

  leave(call: ActiveCall): void {
    if (this.calls.delete(call) && this.calls.size === 0) this.#whenDrained?.();
  }

  counts(): TaskCounts {
    return {
      pending: this.calls.size,
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
    for (const call of this.calls.all()) call.drain();
    if (this.calls.size > 0) await new Promise<void>((resolve) => (this.#whenDrained = resolve));
    await this.backend.close();
  }

  /** Ends the backend at once, and then the calls that had nothing under way there: waiting retries, idle streams. */
  async terminate(reason: unknown): Promise<void> {
    this.closed = true;
    const cause = reason === undefined ? undefined : { cause: reason };
    this.terminated ??= new ExecutorClosedError(`the executor ${this.options.name} was terminated`, cause);
    const ended = this.backend.terminate(this.terminated);
    for (const call of this.calls.all()) call.fail(this.terminated);
    await ended;
  }
}
