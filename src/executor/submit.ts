/** `submit`: one call of a function somewhere else. */
import { QueueFullError, UnsupportedError } from '../base/errors.ts';
import type { AnyFunction } from '../closure/index.ts';
import type { Chunk, ChunkOutcome, ChunkSink } from './backend.ts';
import { argumentList, type Arguments } from './arguments.ts';
import { Call, type CallOrigin } from './call.ts';
import type { Caller } from './caller-stack.ts';
import type { ExecutorCore } from './executor-core.ts';
import type { CallSettings, Progress } from './options.ts';
import type { SmallCall } from './part.ts';

/** `new`: not counted yet; `sent`: the backend has it; `kept`: it waits to be sent again; `over`: not counted any more. */
const Stage = { new: 0, sent: 1, kept: 2, over: 3 } as const;
type Stage = (typeof Stage)[keyof typeof Stage];

/** Timers of calls that wait to be sent again: few do. */
const timers = new WeakMap<object, NodeJS.Timeout>();

/** What calls of one function in a row have in common. */
export interface SubmitOrigin extends CallOrigin {
  readonly fns: readonly [AnyFunction];
}

/** The origin of a call of `fn`: mostly that of the call before, so that tasks share it. */
export function submitOrigin(
  core: ExecutorCore,
  settings: CallSettings,
  caller: Caller,
  fn: AnyFunction,
): SubmitOrigin {
  const before = core.latestSubmit as SubmitOrigin | undefined;
  if (before?.caller === caller && before.fns[0] === fn && before.settings === settings) return before;
  const name = settings.name ?? (fn.name || 'anonymous');
  const origin: SubmitOrigin = { core, settings, name, caller, fns: [fn] };
  core.latestSubmit = origin;
  return origin;
}

/**
 * One call of `fn(...args)`. It is its own chunk and sink: tasks come by the hundred thousand, and what each keeps
 * while it waits is most of its cost.
 */
export class SubmitCall<R> extends Call<R> implements SmallCall, ChunkSink {
  declare protected readonly origin: SubmitOrigin;
  declare args: Arguments;
  declare handle: unknown;
  declare slot: number;
  declare private stage: Stage;

  constructor(origin: SubmitOrigin, args: Arguments) {
    super(origin);
    this.args = args;
    this.handle = undefined;
    this.slot = -1;
    this.stage = Stage.new;
    if (origin.settings.onProgress !== undefined) this.total = 1;
  }

  protected override begin(): void {
    const { core } = this;
    const { maxQueue } = core.options;
    if (core.submitted >= maxQueue + core.backend.workers) {
      throw new QueueFullError(
        `cannot submit ${this.name}: ${maxQueue} tasks wait already; await some of them, or raise \`maxQueue\``,
        maxQueue,
      );
    }
    core.submitted++;
    this.launch();
    core.sentOne();
  }

  private launch(): void {
    this.stage = Stage.sent;
    this.send(this);
  }

  override get plain(): boolean {
    // A call that waits for its next try is unknown to the backend.
    return this.origin.settings.retries === undefined;
  }

  override get progress(): Progress | undefined {
    const latest = super.progress;
    if (this.status !== 'done') return latest && { ...latest, total: 1 };
    return { completed: 1, total: 1, index: latest?.index, data: latest?.data };
  }

  // ── as a chunk ───────────────────────────────────────────────────────────────────────────────────────────────

  get op(): 'call' {
    return 'call';
  }
  get fns(): readonly AnyFunction[] {
    return this.origin.fns;
  }
  get items(): readonly unknown[] {
    return [argumentList(this.args)];
  }
  get from(): 0 {
    return 0;
  }
  get to(): 1 {
    return 1;
  }
  get base(): 0 {
    return 0;
  }
  get taskId(): number {
    return this.id;
  }
  get priority(): number {
    return this.settings.priority;
  }
  get timeoutMs(): number | undefined {
    return this.settings.timeoutMs;
  }
  get graceMs(): number {
    return this.settings.graceMs;
  }
  get sink(): this {
    return this;
  }

  // ── as a sink ────────────────────────────────────────────────────────────────────────────────────────────────

  results(_k: number, values: ArrayLike<unknown>): void {
    this.ended(values[0]);
  }

  ended(value: unknown): void {
    if (this.settled) return;
    if (this.settings.onProgress !== undefined) {
      this.advance(1);
      if (this.settled) return;
    }
    this.release();
    this.finish(value as R);
  }

  override accept(): void {
    // Results come to the sink.
  }

  report(k: number, data: unknown): void {
    this.reported(this, k, data);
  }

  end(outcome: ChunkOutcome): void {
    this.landed(this, outcome);
  }

  protected override landedWell(): void {
    // The result came before; a task must not hang on a backend that forgot it.
    this.fail(
      new UnsupportedError(`the backend ${this.core.backend.name} ended ${this.name} without a result`),
    );
  }

  protected override again(_chunk: Chunk, _k: number, delayMs: number): void {
    const timer = this.later(delayMs, () => this.launch());
    if (timer !== undefined) timers.set(this, timer);
  }

  protected override removed(): void {
    if (this.stage === Stage.sent) this.stage = Stage.kept;
  }

  protected override abandon(reason: unknown): void {
    const sent = this.stage === Stage.sent;
    if (this.stage === Stage.kept) clearTimeout(timers.get(this));
    this.release();
    if (sent) this.core.backend.cancel(this, reason);
  }

  protected override where(): string {
    return `${this.name} (task #${this.id})`;
  }

  /** The task may live long: the arguments need not. */
  private release(): void {
    if (this.stage === Stage.sent || this.stage === Stage.kept) {
      // A function keeps all the data around it alive: it is not kept for the next call when none is under way.
      if (--this.core.submitted === 0) this.core.latestSubmit = undefined;
    }
    this.stage = Stage.over;
    this.args = undefined;
  }
}
