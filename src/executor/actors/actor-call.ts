/** One call to an actor, in the thread where it is made, and in every thread that it passes through. */
import { TaskTimeoutError } from '../../base/errors.ts';
import { nextTaskId } from '../call.ts';
import { appendCaller, type Caller } from '../caller-stack.ts';
import type { Progress } from '../options.ts';
import { unwatchSignal, watchSignal, type Abortable } from '../signal-hub.ts';
import type { TaskSource, TaskStatus } from '../task.ts';
import type { ActorRef } from './space.ts';

/**
 * What is called besides methods, which have the numbers from 0. Down to `done` it is the object that is called; `leave` is what its owner
 * calls there last.
 */
export const Special = { get: -1, pull: -2, done: -3, dispose: -4, kill: -5, state: -6, leave: -7 } as const;

/** How a call may be told to end. */
export interface ActorCallSettings {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  /** `undefined`: that of the actor's executor. */
  readonly graceMs: number | undefined;
}

/** Where the outcome of a call goes. */
export interface Outcome {
  given(value: unknown): void;
  failed(error: unknown): void;
  /** What was returned is read bit by bit, by this number. */
  opened(stream: number): void;
  reports(data: unknown): void;
}

/** What is called, and how: the same for all calls of one method of a handle. */
export interface CallTarget {
  readonly ref: ActorRef;
  readonly method: number;
  /** What messages call it. */
  readonly label: string;
  readonly settings: ActorCallSettings;
}

/** Whoever has a call that has not ended. */
export interface Holder {
  /** The call has ended here: it need not go on there. */
  drop(reason: unknown): void;
}

/** Told of a call's end. */
export type OnEnd = (call: ActorCall) => void;

export abstract class ActorCall implements TaskSource<unknown>, Abortable {
  // As for `Call`: fields once, and no methods that cost one.
  declare readonly id: number;
  declare readonly target: CallTarget;
  declare args: readonly unknown[];
  /** The calls of actors that led to this one, with commas between them: see `InstanceCall`. */
  declare readonly chain: string;
  declare status: TaskStatus;
  declare progress: Progress | undefined;
  declare resolve: (value: unknown) => void;
  declare holder: Holder | undefined;
  declare private readonly caller: Caller | undefined;
  declare private ended: OnEnd | undefined;
  declare private timer: NodeJS.Timeout | undefined;

  constructor(target: CallTarget, args: readonly unknown[], caller: Caller | undefined, chain: string) {
    this.id = nextTaskId();
    this.target = target;
    this.args = args;
    this.chain = chain;
    this.status = 'queued';
    this.progress = undefined;
    this.resolve = ignore;
    this.holder = undefined;
    this.caller = caller;
    this.ended = undefined;
    this.timer = undefined;
  }

  /** Who waits for it is told how it ended. */
  protected abstract outcome(): Outcome;

  get ref(): ActorRef {
    return this.target.ref;
  }

  get method(): number {
    return this.target.method;
  }

  get settings(): ActorCallSettings {
    return this.target.settings;
  }

  get name(): string {
    return `${this.ref.name}.${this.target.label}`;
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
    if (signal !== undefined) watchSignal(signal, this);
    try {
      send(this);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Its method is called now. */
  started(): void {
    if (!this.settled) this.status = 'running';
  }

  value(value: unknown): void {
    if (!this.end('done')) return;
    this.outcome().given(value);
  }

  /** What it returned is read bit by bit. */
  stream(id: number): void {
    if (!this.end('done')) return;
    this.outcome().opened(id);
  }

  fail(error: unknown): void {
    if (!this.end('failed')) return;
    if (this.caller !== undefined) appendCaller(error, `${this.name} (task #${this.id})`, this.caller);
    this.outcome().failed(error);
  }

  cancel(given?: unknown): boolean {
    if (this.settled) return false;
    const reason = given ?? new DOMException(`task ${this.name} #${this.id} was cancelled`, 'AbortError');
    const { holder } = this;
    this.end('cancelled');
    this.outcome().failed(reason);
    holder?.drop(reason);
    return true;
  }

  reported(data: unknown): void {
    if (this.settled) return;
    this.progress = { completed: 0, total: 1, index: 0, data };
    this.outcome().reports(data);
  }

  /** `tell` is told once of the end, whichever it is, before whoever waits for it. */
  onEnd(tell: OnEnd): void {
    const before = this.ended;
    this.ended =
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
    if (timeoutMs === undefined || this.settled || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.late(timeoutMs, workerId), timeoutMs);
  }

  private late(timeoutMs: number, workerId: number): void {
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

  private end(status: TaskStatus): boolean {
    if (this.settled) return false;
    this.status = status;
    if (this.timer !== undefined) clearTimeout(this.timer);
    if (this.settings.signal !== undefined) unwatchSignal(this.settings.signal, this);
    this.args = none;
    this.holder = undefined;
    this.ended?.(this);
    return true;
  }
}

/** A call whose outcome goes to `told`. */
export class RelayedCall extends ActorCall {
  readonly #told: Outcome;

  constructor(target: CallTarget, args: readonly unknown[], chain: string, told: Outcome) {
    super(target, args, undefined, chain);
    this.#told = told;
  }

  protected override outcome(): Outcome {
    return this.#told;
  }
}

const none: readonly unknown[] = [];

function ignore(): void {
  // Replaced by the task, where there is one.
}
