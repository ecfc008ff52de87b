/** One call to an actor, in the thread where it is made, and in every thread that it passes through. */
import { ActorDeadlockError, TaskTimeoutError } from '../../base/errors.ts';
import { nextTaskId } from '../call.ts';
import { appendCaller, type Caller } from '../caller-stack.ts';
import type { Progress } from '../options.ts';
import { contextStore } from '../runner.ts';
import { unwatchSignal, watchSignal, type Abortable } from '../signal-hub.ts';
import type { TaskSource, TaskStatus } from '../task.ts';
import type { ActorRef } from './space.ts';

/** What is called besides methods, which have the numbers from 0. Down to `done` it is the object that is called. */
export const Special = { get: -1, pull: -2, done: -3, dispose: -4, kill: -5, state: -6 } as const;

/** How a call may be told to end. */
export interface ActorCallSettings {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  /** `undefined`: that of the actor's executor. */
  readonly graceMs: number | undefined;
}

/** Where the outcome of a call goes. */
export interface Outcome {
  value(value: unknown): void;
  error(error: unknown): void;
  stream(id: number): void;
  report(data: unknown): void;
}

/** What a call is made of. */
export interface CallParts {
  readonly ref: ActorRef;
  readonly method: number;
  /** What messages call it. */
  readonly label: string;
  readonly args: readonly unknown[];
  readonly settings: ActorCallSettings;
  readonly caller: Caller | undefined;
  /** Keys of the actors that wait for this call, with commas between them. */
  readonly chain: string;
}

/** Keys of the actors on whose behalf the running code is called. */
export function currentChain(): string {
  return (contextStore.getStore() as { readonly chain?: string } | undefined)?.chain ?? '';
}

/** Whoever has a call that has not ended. */
export interface Holder {
  /** The call has ended here: it need not go on there. */
  drop(reason: unknown): void;
}

/** Told of a call's end. */
export type OnEnd = (call: ActorCall) => void;

export class ActorCall implements TaskSource<unknown>, Abortable {
  readonly id = nextTaskId();
  readonly ref: ActorRef;
  readonly method: number;
  readonly label: string;
  readonly settings: ActorCallSettings;
  readonly chain: string;
  args: readonly unknown[];
  status: TaskStatus = 'queued';
  progress: Progress | undefined;
  resolve: (value: unknown) => void = ignore;
  holder: Holder | undefined;
  readonly #caller: Caller | undefined;
  readonly #outcome: Outcome;
  #ended: OnEnd | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `outcome` is told how it ends. */
  constructor(parts: CallParts, outcome: Outcome) {
    this.ref = parts.ref;
    this.method = parts.method;
    this.label = parts.label;
    this.args = parts.args;
    this.settings = parts.settings;
    this.chain = parts.chain;
    this.#caller = parts.caller;
    this.#outcome = outcome;
  }

  get name(): string {
    return `${this.ref.name}.${this.label}`;
  }

  get settled(): boolean {
    return this.status !== 'queued' && this.status !== 'running';
  }

  /** Sends the call its way. */
  start(send: (call: ActorCall) => void): void {
    const { signal } = this.settings;
    if (signal?.aborted === true) {
      this.cancel(signal.reason);
      return;
    }
    if (this.ref.most === 1 && this.method > Special.pull && this.chain.split(',').includes(this.ref.key)) {
      this.fail(this.#deadlock());
      return;
    }
    if (signal !== undefined) watchSignal(signal, this);
    try {
      send(this);
    } catch (error) {
      this.fail(error);
    }
  }

  #deadlock(): ActorDeadlockError {
    const { name } = this.ref;
    return new ActorDeadlockError(
      `${this.name}() would wait for itself: a method of ${name} that has not ended leads to this call, and ${name} runs one ` +
        'call at a time; call the method on `this`, or make the actor with `maxConcurrency: 2` or more',
      name,
    );
  }

  /** Its method is called now. */
  started(): void {
    if (!this.settled) this.status = 'running';
  }

  value(value: unknown): void {
    if (!this.#end('done')) return;
    this.#outcome.value(value);
  }

  /** What it returned is read bit by bit. */
  stream(id: number): void {
    if (!this.#end('done')) return;
    this.#outcome.stream(id);
  }

  fail(error: unknown): void {
    if (!this.#end('failed')) return;
    if (this.#caller !== undefined) appendCaller(error, `${this.name} (task #${this.id})`, this.#caller);
    this.#outcome.error(error);
  }

  cancel(given?: unknown): boolean {
    if (this.settled) return false;
    const reason = given ?? new DOMException(`task ${this.name} #${this.id} was cancelled`, 'AbortError');
    const { holder } = this;
    this.#end('cancelled');
    this.#outcome.error(reason);
    holder?.drop(reason);
    return true;
  }

  reported(data: unknown): void {
    if (this.settled) return;
    this.progress = { completed: 0, total: 1, index: 0, data };
    this.#outcome.report(data);
  }

  /** `tell` is told once of the end, whichever it is, before whoever waits for it. */
  onEnd(tell: OnEnd): void {
    const before = this.#ended;
    this.#ended =
      before === undefined
        ? tell
        : (call) => {
            before(call);
            tell(call);
          };
  }

  /** Its time starts now. */
  limit(workerId: number): void {
    const { timeoutMs } = this.settings;
    if (timeoutMs === undefined || this.settled || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#late(timeoutMs, workerId), timeoutMs);
    this.#timer.unref();
  }

  #late(timeoutMs: number, workerId: number): void {
    const task = `${this.name} (task #${this.id})`;
    const message = `${task} ran longer than its timeoutMs of ${timeoutMs}`;
    const error = new TaskTimeoutError(message, timeoutMs, { task, index: 0, workerId });
    this.giveUp(error);
  }

  /** Fails, and need not go on where it is. */
  giveUp(error: unknown): void {
    const { holder } = this;
    this.fail(error);
    holder?.drop(error);
  }

  #end(status: TaskStatus): boolean {
    if (this.settled) return false;
    this.status = status;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.settings.signal !== undefined) unwatchSignal(this.settings.signal, this);
    this.args = none;
    this.holder = undefined;
    this.#ended?.(this);
    return true;
  }
}

const none: readonly unknown[] = [];

function ignore(): void {
  // Replaced by the task, where there is one.
}
