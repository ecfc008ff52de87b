/**
 * An actor from its owner's side: where it is in its life, which calls wait, which are under way.
 *
 * ```
 *             construct() done             dispose()                  all calls ended, object disposed
 *   starting ─────────────────▶ alive ───────────────▶ closing ───────────────────────────────────────▶ dead
 *      │                        │   ▲                     │ worker lost                                  ▲
 *      │ failed    worker lost  ▼   │ construct() done    └──────────────────────────────────────────────┤
 *      │                     restarting ── no restart left, or the constructor failed ───────────────────┤
 *      └─────────────────────────────────────────── kill(), terminate() from anywhere ───────────────────┘
 * ```
 *
 * A call is in `#queue`, in `#out` (its worker has it, or is about to), or ended; those that are asynchronous, or wait at the
 * worker, are in `#pending`, too. Calls begin in the order of their ids: only from the head of the queue, and what a lost worker had not begun
 * goes back to its place there. Reads of streams (`pull`, `done`) keep no order with calls and no call waits for them: they are sent at once, and
 * stand at the head of the queue while there is no object.
 */
import { WorkerCrashedError, type ActorDiedError } from '../../base/errors.ts';
import { describeError } from '../crash-error.ts';
import type { ExecutorCore } from '../executor-core.ts';
import type { NoticePeer } from '../notices.ts';
import { Special, type ActorCall } from './actor-call.ts';
import { goesBefore, isRead } from './call-order.ts';
import type { Made } from './act.ts';
import { Delivery } from './delivery.ts';
import { bury, callBack, death, lostWith, refusalOf } from './afterlife.ts';
import type { ActorState, ActorStatus } from './actor-state.ts';
import type { ErrandEnd } from './errand.ts';
import type { Lodging, Tenant } from './lodging.ts';
import { PendingCall, stopOrKill, type PendingOwner } from './pending-call.ts';
import type { Resident } from './place.ts';
import { space, type ActorRef, type Owned, type Sent } from './space.ts';

/** What the options of `actor()` say of an actor's life. */
export interface Policy {
  readonly restarts: number;
  readonly onRestart: ((restarts: number, cause: unknown) => void) | undefined;
  readonly onDeath: ((error: ActorDiedError) => void) | undefined;
}

/** Calls that an actor's worker is sent although it has as many under way as may be. */
const AHEAD = 16;
/** Deaths in the constructor, in a row, after which the actor is given up. */
const FUTILE = 3;
/** Time, beyond its grace, in which the worker of a call that was dropped may still say that it goes on. */
const ORPHAN_MS = 1000;

export class OwnedActor implements Owned, Tenant, PendingOwner, Resident {
  readonly ref: ActorRef;
  readonly id = ++space.counter;
  readonly #core: ExecutorCore;
  readonly #lodging: Lodging;
  readonly #policy: Policy;
  /** Told when it is dead. */
  readonly #gone: () => Promise<void>;
  #status: Exclude<ActorStatus, 'closing'> = 'starting';
  #restarts = 0;
  #futile = 0;
  #methods: readonly string[] = [];
  readonly #asyncMethods = new Set<number>([Special.pull]);
  readonly #queue: ActorCall[] = [];
  readonly #out = new Map<number, ActorCall>();
  readonly #pending = new Set<ActorCall>();
  /** Calls that read streams, among those in the queue and out. */
  #reads = 0;
  /** Why it is dead. */
  #end: ActorDiedError | undefined;
  #whenIdle: (() => void) | undefined;
  #disposal: Promise<void> | undefined;
  #creation: Promise<void> | undefined;
  #created: ((error: unknown) => void) | undefined;

  /** `gone` is called once, when it is dead, and resolves when it has left its place. */
  constructor(
    core: ExecutorCore,
    ref: ActorRef,
    lodging: Lodging,
    policy: Policy,
    gone: (actor: OwnedActor) => Promise<void>,
  ) {
    this.#core = core;
    this.ref = ref;
    this.#lodging = lodging;
    this.#policy = policy;
    this.#gone = () => gone(this);
  }

  get methods(): readonly string[] {
    return this.#methods;
  }

  get graceMs(): number {
    return this.#core.options.graceMs;
  }

  get state(): ActorState {
    const status = this.#status === 'alive' && this.#disposal !== undefined ? 'closing' : this.#status;
    return { status, restarts: this.#restarts, calls: this.#calls };
  }

  nextSeed(): number {
    return this.#core.seedOf(this.#core.nextTurn());
  }

  isAsync(method: number): boolean {
    return this.#asyncMethods.has(method);
  }

  /** Makes the object; resolves when it is there. */
  create(): Promise<void> {
    this.#creation = new Promise((resolve, reject) => {
      this.#created = (error) => (error === undefined ? resolve() : reject(error as Error));
      this.#construct();
    });
    return this.#creation;
  }

  get making(): Promise<void> | undefined {
    return this.#status === 'starting' ? this.#creation : undefined;
  }

  accept(call: ActorCall): void {
    if (call.method < 0 && this.#acceptSpecial(call)) return;
    if (this.#disposal !== undefined && !isRead(call)) {
      throw death(this.ref, `cannot call ${call.name}()`, 'it is being disposed of', undefined);
    }
    if (isRead(call)) {
      this.#countRead(call);
    } else {
      this.#core.enter(counted);
      call.onEnd(this.#ended);
    }
    const atOnce = isRead(call) || this.#hasLedTo(call);
    if (atOnce ? this.#status === 'alive' : this.#queue.length === 0 && this.#takes) this.#deliver(call);
    else this.#wait(call);
  }

  /** What is not for the object. */
  #acceptSpecial(call: ActorCall): boolean {
    switch (call.method) {
      case Special.state:
        call.value(this.state);
        return true;
      case Special.kill:
        this.kill();
        call.value(undefined);
        return true;
      case Special.dispose:
        this.dispose().then(
          () => call.value(undefined),
          (error: unknown) => call.fail(error),
        );
        return true;
      default:
        return false;
    }
  }

  /** Lets calls end, has the object dispose of itself, and lets it go. What its disposal throws, this rejects with. */
  dispose(timeoutMs?: number): Promise<void> {
    if (this.#end !== undefined && this.#disposal === undefined) return Promise.resolve();
    return (this.#disposal ??= this.#dispose(timeoutMs));
  }

  async #dispose(timeoutMs: number | undefined): Promise<void> {
    this.#core.enter(counted);
    try {
      if (this.#status !== 'alive' || this.#calls > 0) {
        await new Promise<void>((resolve) => (this.#whenIdle = resolve));
      }
      if (this.#end === undefined) await this.#lodging.dispose(this, timeoutMs);
    } finally {
      this.#core.leave(counted);
      this.#die(death(this.ref, 'the actor', 'was disposed of', undefined));
      await this.#gone();
    }
  }

  /** Ends it now. */
  kill(reason?: unknown): void {
    if (this.#end !== undefined) return;
    const error = death(this.ref, 'the actor', 'was killed', reason);
    this.#die(error);
    // A worker that has nobody else need not be asked to stop.
    if (this.#lodging.place.residents.size === 1) void this.#lodging.place.terminate(error);
    else this.#lodging.abandon(this, error);
    void this.#gone();
  }

  /** The executor was terminated, with this error. */
  terminated(error: unknown): void {
    this.#die(death(this.ref, 'the actor', 'ended with its executor', error), error);
    void this.#gone();
  }

  send(call: ActorCall): void {
    this.#countRead(call);
    this.#deliver(call);
  }

  // ── what its place tells ─────────────────────────────────────────────────────────────────────────────────────

  lost(error: WorkerCrashedError): void {
    // Where the object is being made, that part tells how it went, or runs on the next worker.
    if (this.#status === 'alive') this.#again(error);
  }

  sent(id: number): Sent | undefined {
    const holder = this.#out.get(id)?.holder;
    return holder instanceof Delivery ? holder : undefined;
  }

  // ── what its calls tell ──────────────────────────────────────────────────────────────────────────────────────

  pending(call: ActorCall, peer: NoticePeer, started: boolean): void {
    if (!isRead(call)) this.#pending.add(call);
    if (started && call.method >= 0) this.#asyncMethods.add(call.method);
    new PendingCall(this, call, peer, started).begin();
  }

  again(call: ActorCall): void {
    this.#out.delete(call.id);
    this.#pending.delete(call);
    if (call.settled) return;
    if (this.#end !== undefined) call.fail(refusalOf(call, this.#end));
    else {
      this.#wait(call);
      // Whoever is told of a lost worker comes first.
      queueMicrotask(() => this.#pump());
    }
  }

  crashed(call: ActorCall, cause: unknown): void {
    call.fail(lostWith(call, cause));
  }

  orphan(call: ActorCall, reason: unknown, graceMs: number): void {
    const { id } = call;
    const timer = setTimeout(() => space.orphans.delete(id), graceMs + ORPHAN_MS);
    timer.unref();
    space.orphans.set(id, (peer) => {
      clearTimeout(timer);
      space.orphans.delete(id);
      stopOrKill(this, peer, id, reason, graceMs);
    });
  }

  killPlace(reason: unknown): void {
    this.#lodging.place.kill(reason);
  }

  // ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

  get #calls(): number {
    return this.#queue.length + this.#out.size - this.#reads;
  }

  get #takes(): boolean {
    return this.#status === 'alive' && this.#pending.size < this.ref.most + AHEAD;
  }

  /** A method of this actor leads to the call: whether that still runs, and would wait for itself, only the object's thread knows. */
  #hasLedTo(call: ActorCall): boolean {
    return call.chain !== '' && `,${call.chain}`.includes(`,${this.ref.key}/`);
  }

  #deliver(call: ActorCall): void {
    this.#out.set(call.id, call);
    this.#lodging.deliver(this, call);
  }

  /** Puts a call in its place in the queue. */
  #wait(call: ActorCall): void {
    let at = this.#queue.length;
    while (at > 0 && goesBefore(call, this.#queue[at - 1] as ActorCall)) at--;
    this.#queue.splice(at, 0, call);
    call.holder = undefined;
  }

  /** Delivers what waits, as far as it may go. */
  #pump(): void {
    while (this.#queue.length > 0) {
      if (isRead(this.#queue[0] as ActorCall) ? this.#status !== 'alive' : !this.#takes) return;
      this.#deliver(this.#queue.shift() as ActorCall);
    }
  }

  readonly #ended = (call: ActorCall): void => {
    const { status } = call;
    if (status === 'done') this.#core.done++;
    else if (status === 'failed') this.#core.failed++;
    else this.#core.cancelled++;
    this.#core.leave(counted);
    this.#forget(call);
  };

  /** Who reads a stream may wait for ever: nobody waits for that. */
  #countRead(call: ActorCall): void {
    this.#reads++;
    call.onEnd(this.#readEnded);
  }

  readonly #readEnded = (call: ActorCall): void => {
    this.#reads--;
    this.#forget(call);
  };

  #forget(call: ActorCall): void {
    if (!this.#out.delete(call.id)) {
      const at = this.#queue.indexOf(call);
      if (at >= 0) this.#queue.splice(at, 1);
    }
    if (this.#pending.delete(call)) this.#pump();
    this.#lookIdle();
  }

  #lookIdle(): void {
    if (this.#whenIdle === undefined) return;
    if (this.#end === undefined && (this.#status !== 'alive' || this.#calls > 0)) return;
    this.#whenIdle();
    this.#whenIdle = undefined;
  }

  // ── life and death ───────────────────────────────────────────────────────────────────────────────────────────

  #construct(): void {
    const methods = this.#status === 'starting' ? undefined : this.#methods;
    this.#lodging.construct(this, methods, (end) => this.#constructed(end));
  }

  #constructed(end: ErrandEnd): void {
    if (this.#end !== undefined) return;
    if ('value' in end) {
      this.#futile = 0;
      const { methods, asyncMethods } = end.value as Made;
      this.#methods = methods;
      for (const method of asyncMethods) this.#asyncMethods.add(method);
      this.#status = 'alive';
      this.#tellCreated(undefined);
      this.#pump();
      this.#lookIdle();
    } else if (this.#status === 'starting') {
      const gone = death(this.ref, 'the actor', `could not be made: ${describeError(end.error)}`, end.error);
      const told = end.crash && end.error instanceof WorkerCrashedError ? gone : end.error;
      this.#die(gone, told);
      void this.#gone();
    } else if (end.crash && ++this.#futile < FUTILE) this.#again(end.error);
    else this.#died(end.error);
  }

  /** The object is lost: it is made again, if it may be. */
  #again(cause: unknown): void {
    if (this.#disposal !== undefined || this.#restarts >= this.#policy.restarts) return this.#died(cause);
    this.#restarts++;
    this.#status = 'restarting';
    const { onRestart } = this.#policy;
    if (onRestart !== undefined) callBack(() => onRestart(this.#restarts, cause));
    // A callback may have killed it.
    if (this.#end === undefined) this.#construct();
  }

  /** Nobody asked for its end. */
  #died(cause: unknown): void {
    const cure =
      this.#policy.restarts === 0
        ? 'make it with `restarts` to have it made again'
        : `it had been made again ${this.#restarts} times`;
    const error = death(this.ref, 'the actor', `died (${describeError(cause)}); ${cure}`, cause);
    this.#die(error);
    void this.#gone();
    const { onDeath } = this.#policy;
    if (onDeath !== undefined) callBack(() => onDeath(error));
  }

  /** The end. `given`: what calls under way reject with, where that is not the actor's death. */
  #die(end: ActorDiedError, given?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#status = 'dead';
    space.owned.delete(this.ref.key);
    space.numbered.delete(this.id);
    bury(this.ref, end, this.state);
    if (space.names.get(this.ref.name) === this) space.names.delete(this.ref.name);
    for (const call of [...this.#queue, ...this.#out.values()]) call.giveUp(given ?? refusalOf(call, end));
    this.#lookIdle();
    this.#tellCreated(given ?? end);
  }

  #tellCreated(error: unknown): void {
    this.#created?.(error);
    this.#created = undefined;
  }
}

/** Calls in the books of the core: counted, not kept. */
const counted = { plain: true, fail: ignore, drain: ignore };

function ignore(): void {
  // The actor looks after its calls.
}
