/**
 * What an actor's worker runs: the functions that its owner calls there, as parts.
 *
 * They travel by reference. Numbers name actor, call and method, so that a call with small arguments stays in the record
 * of its slot. A call that does not end at once says so by a notice, which comes before the end of its part.
 */
import { noteImport, packError, unpack, unpackError, type Packed } from '../../closure/index.ts';
import { parentChannel, type NoticePeer } from '../notices.ts';
import { contextStore } from '../runner.ts';
import { handed, Instance, type InstanceCall, type Reply } from './instance.ts';
import { answering, tell } from './router.ts';
import { space, stateOf, type ActorRef } from './space.ts';

/** Calls a method of an actor of this worker. */
export function act(actor: number, id: number, method: number, ...args: unknown[]): unknown {
  return serve('', actor, id, method, args);
}

/** {@link act} for a call that other actors wait for: `chain` names them. */
export function actFor(
  chain: string,
  actor: number,
  id: number,
  method: number,
  ...args: unknown[]
): unknown {
  return serve(chain, actor, id, method, args);
}

/** Makes an actor's object here; returns the names of its methods. */
export async function construct(
  actor: number,
  ref: ActorRef,
  packedClass: Packed,
  packedArgs: Packed,
  methods: readonly string[] | undefined,
): Promise<readonly string[]> {
  const Class = (await unpack(packedClass)) as new (...args: unknown[]) => object;
  const args = (await unpack(packedArgs)) as unknown[];
  const instance = new Instance(ref, new Class(...args), methods);
  space.hosted.set(actor, instance);
  space.instances.set(ref.key, instance);
  return instance.methods;
}

/** Lets an actor go, after its own disposal when `dispose`; otherwise for `reason`. */
export async function leave(actor: number, dispose: boolean, reason: Packed | undefined): Promise<void> {
  const instance = space.hosted.get(actor);
  if (instance === undefined) return;
  space.hosted.delete(actor);
  space.instances.delete(instance.ref.key);
  if (dispose) await instance.dispose();
  else instance.abandon(await unpackError(reason as Packed));
}

for (const fn of [act, actFor, construct, leave]) {
  const specifier = import.meta.url;
  noteImport(fn, { specifier, base: specifier, name: fn.name });
}

function serve(chain: string, actor: number, id: number, method: number, args: readonly unknown[]): unknown {
  const parent = parentChannel() as NoticePeer;
  const instance = space.hosted.get(actor);
  if (instance === undefined) {
    tell(parent, ['missing', id]);
    return undefined;
  }
  const reply = new ParentReply(parent, instance, id);
  const call = instance.call({ id, method, args, chain }, reply, contextStore.getStore());
  reply.call = call;
  const value = instance.begin(call);
  return value === handed ? undefined : value;
}

/** Tells the owner of a call that does not end with its part. */
class ParentReply implements Reply {
  call: InstanceCall | undefined;
  readonly #parent: NoticePeer;
  readonly #instance: Instance;
  readonly #id: number;

  constructor(parent: NoticePeer, instance: Instance, id: number) {
    this.#parent = parent;
    this.#instance = instance;
    this.#id = id;
  }

  pending(started: boolean): void {
    const drop = (reason: unknown): void => this.#instance.drop(this.call as InstanceCall, reason);
    stateOf(this.#parent).served.set(this.#id, { drop });
    tell(this.#parent, ['pending', this.#id, started]);
  }

  started(): void {
    tell(this.#parent, ['started', this.#id]);
  }

  value(value: unknown): void {
    this.#over();
    answering(this.#parent, this.#id).value(value);
  }

  error(error: unknown): void {
    this.#over();
    tell(this.#parent, ['answer', this.#id, false, packError(error)]);
  }

  stream(id: number): void {
    this.#over();
    tell(this.#parent, ['streamed', this.#id, id]);
  }

  report(data: unknown): void {
    answering(this.#parent, this.#id).report(data);
  }

  #over(): void {
    stateOf(this.#parent).served.delete(this.#id);
  }
}
