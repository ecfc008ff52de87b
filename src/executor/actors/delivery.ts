/** A call on its way to the worker of its actor, as a part of the worker's pool. */
import { CaptureError, TaskTimeoutError, UnsupportedError } from '../../base/errors.ts';
import type { AnyFunction } from '../../closure/index.ts';
import type { Arguments } from '../arguments.ts';
import type { ChunkOutcome, ChunkSink } from '../backend.ts';
import type { NoticePeer } from '../notices.ts';
import type { SmallCall } from '../part.ts';
import { act, actAsync, actAsyncFor, actFor, codeOf } from './act.ts';
import type { ActorCall, Holder } from './actor-call.ts';
import type { Place } from './place.ts';
import type { Sent } from './space.ts';

/** The owner, as its calls on their way see it. */
export interface DeliveryOwner {
  readonly id: number;
  readonly graceMs: number;
  nextSeed(): number;
  /** Calls of the method are likely to return a promise. */
  isAsync(method: number): boolean;
  /** Its worker may say of a call that nobody waits for any more that it goes on. */
  orphan(call: ActorCall, reason: unknown, graceMs: number): void;
  /** The call goes on after its part. */
  pending(call: ActorCall, peer: NoticePeer, started: boolean): void;
  /** The worker does not have the actor: the call has yet to be delivered. */
  again(call: ActorCall): void;
  /** The worker died with the call. */
  crashed(call: ActorCall, error: unknown): void;
}

/** Lists that calls share. */
const plain: readonly AnyFunction[] = [act];
const plainAsync: readonly AnyFunction[] = [actAsync];
const chained: readonly AnyFunction[] = [actFor];
const chainedAsync: readonly AnyFunction[] = [actAsyncFor];

export class Delivery implements SmallCall, ChunkSink, Sent, Holder {
  // As for `Call`: fields once, and no methods that cost one.
  declare readonly call: ActorCall;
  declare readonly args: Arguments;
  declare readonly seed: number;
  declare handle: unknown;
  declare slot: number;
  declare private readonly owner: DeliveryOwner;
  declare private readonly place: Place;
  declare private over: boolean;

  constructor(owner: DeliveryOwner, place: Place, call: ActorCall) {
    const { method, args, chain } = call;
    const code = codeOf(owner.id, method);
    this.call = call;
    this.args = chain !== '' ? [chain, code, ...args] : args.length === 1 ? [code, args[0]] : [code, ...args];
    this.seed = owner.nextSeed();
    this.handle = undefined;
    this.slot = -1;
    this.owner = owner;
    this.place = place;
    this.over = false;
  }

  /** Sends it. */
  run(): void {
    const { call } = this;
    call.holder = this;
    try {
      this.place.backend.run(this);
    } catch (error) {
      if (this.finish()) call.fail(this.explained(error));
    }
  }

  drop(reason: unknown): void {
    if (!this.finish()) return;
    this.owner.orphan(this.call, reason, this.graceMs);
    this.place.backend.cancel(this, reason);
  }

  // ── as a chunk ───────────────────────────────────────────────────────────────────────────────────────────────

  get fns(): readonly AnyFunction[] {
    const { chain, method } = this.call;
    const isAsync = this.owner.isAsync(method);
    if (chain === '') return isAsync ? plainAsync : plain;
    return isAsync ? chainedAsync : chained;
  }
  get op(): 'call' {
    return 'call';
  }
  get items(): readonly unknown[] {
    return [this.args];
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
    return this.call.id;
  }
  get name(): string {
    return this.call.name;
  }
  get priority(): 0 {
    return 0;
  }
  get once(): true {
    return true;
  }
  get timeoutMs(): number | undefined {
    return this.call.settings.timeoutMs;
  }
  get graceMs(): number {
    return this.call.settings.graceMs ?? this.owner.graceMs;
  }
  get sink(): this {
    return this;
  }

  // ── as a sink ────────────────────────────────────────────────────────────────────────────────────────────────

  started(): void {
    // The part has a worker; whether its turn has come only the worker knows.
  }

  results(_k: number, values: ArrayLike<unknown>): void {
    this.ended(values[0]);
  }

  ended(value: unknown): void {
    if (this.finish()) this.call.value(value);
  }

  report(_k: number, data: unknown): void {
    this.call.reported(data);
  }

  end(outcome: ChunkOutcome): void {
    if (!this.finish()) return;
    if (outcome.kind === 'cancelled') return;
    if (outcome.kind === 'done') {
      const message = `the worker of ${this.call.name}() ended it without a result`;
      this.call.fail(new UnsupportedError(message));
    } else if (outcome.crash) this.owner.crashed(this.call, outcome.error);
    else {
      // Its method may return a promise yet, when it is late: that must not go on for ever, either.
      if (outcome.error instanceof TaskTimeoutError)
        this.owner.orphan(this.call, outcome.error, this.graceMs);
      this.call.fail(this.explained(outcome.error));
    }
  }

  // ── as what its worker speaks of ─────────────────────────────────────────────────────────────────────────────

  pending(peer: NoticePeer, started: boolean): void {
    if (this.finish()) this.owner.pending(this.call, peer, started);
  }

  missing(): void {
    if (this.finish()) this.owner.again(this.call);
  }

  streamed(stream: number): void {
    if (this.finish()) this.call.stream(stream);
  }

  /** An error about the arguments, in the caller's numbers: some come before the caller's. */
  private explained(error: unknown): unknown {
    if (!(error instanceof CaptureError)) return error;
    const own = this.call.chain === '' ? 1 : 2;
    const shift = (text: string): string =>
      text.replace(/\bargs\[(\d+)\]/g, (all, k: string) =>
        Number(k) >= own ? `args[${Number(k) - own}]` : all,
      );
    const path = shift(error.path);
    if (path === error.path) return error;
    const { capturedBy, at, cause } = error;
    return new CaptureError(shift(error.message), { path, capturedBy, at, cause });
  }

  private finish(): boolean {
    if (this.over) return false;
    this.over = true;
    return true;
  }
}
