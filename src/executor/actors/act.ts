/**
 * What an actor's worker runs: the functions that its owner calls there, as parts.
 *
 * They travel by reference. Numbers name actor, call and method, so that a call with small arguments stays in the record
 * of its slot. A call that does not end at once says so by a notice, which comes before the end of its part.
 */
import { noteImport, packError, unpack, unpackError, type Packed } from '../../closure/index.ts';
import { parentChannel, type NoticePeer } from '../notices.ts';
import { contextStore, type ContextProvider, type ContextSource } from '../runner.ts';
import { handed, Instance } from './instance.ts';
import { InstanceCall, type Reply } from './instance-call.ts';
import { Special } from './actor-call.ts';
import { answering, tell } from './router.ts';
import { space, stateOf, type ActorRef } from './space.ts';

/** Calls a method of an actor of this worker: {@link codeOf} both. */
export function act(code: number, ...args: unknown[]): unknown {
  return serve('', code, args, false);
}

/**
 * {@link act} for what is likely to return a promise. Of its own, because the lane gives a function that has once returned a
 * promise a context for each call.
 */
export function actAsync(code: number, ...args: unknown[]): unknown {
  return serve('', code, args, true);
}

/** {@link act} for a call that calls of other actors led to: `chain` names them. */
export function actFor(chain: string, code: number, ...args: unknown[]): unknown {
  return serve(chain, code, args, false);
}

/** {@link actAsync} for such a call. */
export function actAsyncFor(chain: string, code: number, ...args: unknown[]): unknown {
  return serve(chain, code, args, true);
}

/** Methods have numbers below this. */
const METHODS = 65_536;
/** Specials are below zero. */
const SPECIALS = 16;

/** An actor's number and that of what is called, in one. */
export function codeOf(actor: number, method: number): number {
  return actor * METHODS + method + SPECIALS;
}

/** What is known of an object that was made. */
export interface Made {
  /** The names of its methods. */
  readonly methods: readonly string[];
  /** Those which are declared to be asynchronous, by number. */
  readonly asyncMethods: readonly number[];
}

/** Makes an actor's object here. */
export async function construct(
  actor: number,
  ref: ActorRef,
  packedClass: Packed,
  packedArgs: Packed,
  methods: readonly string[] | undefined,
): Promise<Made> {
  const Class = (await unpack(packedClass)) as new (...args: unknown[]) => object;
  const args = (await unpack(packedArgs)) as unknown[];
  const instance = new Instance(ref, new Class(...args), methods);
  space.hosted.set(actor, instance);
  space.instances.set(ref.key, instance);
  return { methods: instance.methods, asyncMethods: instance.asyncMethods };
}

/** Lets an actor go for `reason`: what it does is asked to stop. */
export async function leave(actor: number, reason: Packed): Promise<void> {
  const instance = space.hosted.get(actor);
  if (instance === undefined) return;
  space.hosted.delete(actor);
  space.instances.delete(instance.ref.key);
  instance.abandon(await unpackError(reason));
}

for (const fn of [act, actAsync, actFor, actAsyncFor, construct, leave]) {
  const specifier = import.meta.url;
  noteImport(fn, { specifier, base: specifier, name: fn.name });
}

function serve(chain: string, code: number, args: readonly unknown[], hold: boolean): unknown {
  const actor = Math.floor(code / METHODS);
  const part = contextStore.getStore() as ContextProvider;
  const instance = space.hosted.get(actor);
  if (instance === undefined) {
    tell(parent(), ['missing', (part.source() as ContextSource).taskId, actor]);
    return undefined;
  }
  instance.endTurn();
  const call = new HostedCall(instance, actor, (code % METHODS) - SPECIALS, args, chain, part);
  // Its neighbours here ask its owner from now on, who refuses them.
  if (call.method === Special.leave) space.instances.delete(instance.ref.key);
  const value = instance.begin(call, hold);
  return value === handed ? undefined : value;
}

function parent(): NoticePeer {
  return parentChannel() as NoticePeer;
}

/** A call of the owner's. What does not end with its part ends by notices. */
class HostedCall extends InstanceCall implements Reply {
  declare private readonly instance: Instance;
  declare private readonly actor: number;
  declare private id: number;

  constructor(
    instance: Instance,
    actor: number,
    method: number,
    args: readonly unknown[],
    chain: string,
    part: ContextProvider,
  ) {
    super(method, args, chain, instance.ref.key, part);
    this.instance = instance;
    this.actor = actor;
    this.id = 0;
  }

  override get taskId(): number {
    if (this.id === 0) this.id = this.part?.source()?.taskId ?? 0;
    return this.id;
  }

  override get reply(): this {
    return this;
  }

  override detach(entered: boolean): void {
    // The part knows it.
    void this.taskId;
    super.detach(entered);
  }

  pending(started: boolean): void {
    const drop = (reason: unknown): void => this.instance.drop(this, reason);
    stateOf(parent()).served.set(this.taskId, { drop });
    tell(parent(), ['pending', this.taskId, started, this.actor]);
  }

  started(): void {
    tell(parent(), ['started', this.taskId]);
  }

  value(value: unknown): void {
    this.over();
    answering(parent(), this.taskId).given(value);
  }

  error(error: unknown): void {
    this.over();
    tell(parent(), ['answer', this.taskId, false, packError(error)]);
  }

  stream(id: number): void {
    this.over();
    tell(parent(), ['streamed', this.taskId, id, this.actor]);
  }

  reports(data: unknown): void {
    answering(parent(), this.taskId, this.actor).reports(data);
  }

  private over(): void {
    if (this.method === Special.leave) space.hosted.delete(this.actor);
    stateOf(parent()).served.delete(this.taskId);
  }
}
