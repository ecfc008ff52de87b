/** Handles of actors: objects with the methods of the actor's class, which travel anywhere. */
import { noteImport, serialize, deserialize } from '../../closure/index.ts';
import { Special, type ActorCallSettings } from './actor-call.ts';
import { actorCallSettings, plainSettings } from './actor-options.ts';
import { callActor } from './actor-task.ts';
import type { Actor, ActorControls } from './actor-type.ts';
import { announce, findActor, type HandleData } from './router.ts';

/** What a handle knows. Not in the handle itself, which has the names of somebody else's class. */
const known = new WeakMap<object, { readonly data: HandleData; readonly settings: ActorCallSettings }>();

/** What all handles have in common. They are made by `pool.actor()` and `getActor()`. */
export class ActorHandle implements AsyncDisposable {
  static [deserialize](data: HandleData): ActorHandle {
    return makeHandle(data, plainSettings);
  }

  [serialize](): HandleData {
    const { data } = knownOf(this);
    announce(data.ref.realm);
    return data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await controls<object>(this as never).dispose();
  }

  get [Symbol.toStringTag](): string {
    return `Actor ${knownOf(this).data.ref.name}`;
  }
}

{
  const specifier = import.meta.url;
  noteImport(ActorHandle, { specifier, base: specifier, name: ActorHandle.name });
}

/** A handle of an actor. Its methods work without it, too: `const { add } = counter`. */
export function makeHandle(data: HandleData, settings: ActorCallSettings): ActorHandle {
  const handle = new ActorHandle();
  known.set(handle, { data, settings });
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(handle, name, { value, enumerable: false, configurable: true, writable: true });
  };
  for (const [name, value] of Object.entries(controlsOf(data, settings))) define(name, value);
  data.methods.forEach((label, index) => {
    const target = { ref: data.ref, method: index, label, settings };
    const method = (...args: unknown[]): unknown => callActor(target, args, method as never);
    define(label, method);
  });
  return handle;
}

function controlsOf(
  data: HandleData,
  settings: ActorCallSettings,
): Omit<ActorControls<object>, typeof Symbol.asyncDispose> {
  const { ref } = data;
  const control = (method: number, label: string, args: readonly unknown[] = []): never =>
    callActor({ ref, method, label, settings }, args, control as never) as never;
  return {
    get: (name: string) => control(Special.get, `get('${name}')`, [name]),
    with: (options: unknown) => makeHandle(data, actorCallSettings(options, settings)) as never,
    state: () => control(Special.state, 'state'),
    dispose: () => control(Special.dispose, 'dispose'),
    kill: () => control(Special.kill, 'kill'),
  };
}

function knownOf(handle: object): { readonly data: HandleData; readonly settings: ActorCallSettings } {
  const found = known.get(handle);
  if (found === undefined) throw new TypeError('controls() takes an actor, as `pool.actor()` makes it');
  return found;
}

/**
 * The controls of an actor whose class has methods of the same names: `get`, `with`, `state`, `dispose`, `kill`.
 *
 * @param actor a handle
 * @returns an object of the five; they work on the actor as its own would
 * @throws {TypeError} for anything that is not an actor
 *
 * @example
 * ```ts
 * import { controls, threads } from 'tutti';
 *
 * await using pool = threads();
 * const map = await pool.actor(Map<string, number>); // its `get` is the method of `Map`
 * await map.set('a', 1);
 * await map.get('a'); // => 1
 * await controls(map).get('size'); // => 1
 * ```
 */
export function controls<T extends object>(
  actor: Actor<T>,
): Omit<ActorControls<T>, typeof Symbol.asyncDispose> {
  const { data, settings } = knownOf(actor);
  return controlsOf(data, settings) as never;
}

/**
 * The actor of a name, of this thread or, inside a task, of a thread above it: what made the task's pool, and so on up.
 *
 * @param name the `name` that `pool.actor({ name }, …)` was given
 * @returns a handle, as `pool.actor()` returned it; its class's type is the caller's to state
 * @throws {ActorNameError} (as a rejection) when no living actor has that name
 *
 * @example
 * ```ts
 * import { getActor, threads } from 'tutti';
 *
 * await using pool = threads();
 * class Tally {
 *   total = 0;
 *   add(n: number): number {
 *     return (this.total += n);
 *   }
 * }
 * await pool.actor({ name: 'tally' }, Tally);
 * await pool.map([1, 2, 3], async (n) => {
 *   const tally = await getActor<Tally>('tally');
 *   await tally.add(n);
 * });
 * await (await getActor<Tally>('tally')).get('total'); // => 6
 * ```
 */
export async function getActor<T extends object>(name: string): Promise<Actor<T>> {
  return makeHandle(await findActor(name), plainSettings) as never;
}
