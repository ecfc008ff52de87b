/** The actors of one executor: where they are put, and what becomes of them when it ends. */
import { ActorNameError, ExecutorClosedError, UnsupportedError } from '../../base/errors.ts';
import { show } from '../../base/options.ts';
import { pack, realm, snapshot, type Packed } from '../../closure/index.ts';
import { describeError } from '../crash-error.ts';
import type { ExecutorCore } from '../executor-core.ts';
import { unwatchSignal, watchSignal } from '../signal-hub.ts';
import { checkActorOptions, plainSettings, type ActorOptions } from './actor-options.ts';
import { makeHandle, type ActorHandle } from './handle.ts';
import { LocalLodging, WorkerLodging, type Lodging } from './lodging.ts';
import { OwnedActor } from './owned-actor.ts';
import { Place } from './place.ts';
import { nameless } from './router.ts';
import { space, type ActorRef } from './space.ts';

type AnyClass = new (...args: unknown[]) => object;

/** Time for an object's own disposal when its executor closes. */
const DISPOSAL_MS = 5000;

export class ActorSystem {
  readonly #core: ExecutorCore;
  readonly #actors = new Set<OwnedActor>();
  readonly #places = new Set<Place>();
  /** Ends the watch of the signals that kill actors. */
  readonly #watching = new WeakMap<OwnedActor, () => void>();
  /** Places that are on their way out. */
  readonly #leaving = new Map<Place, Promise<void>>();

  constructor(core: ExecutorCore) {
    this.#core = core;
  }

  /** `actor(options?, Class, ...args)`. */
  async create(given: readonly unknown[]): Promise<ActorHandle> {
    const stated = typeof given[0] !== 'function';
    const options = (stated ? checkActorOptions(given[0]) : {}) as ActorOptions;
    const Class = given[stated ? 1 : 0] as AnyClass;
    if (typeof Class !== 'function') {
      throw new TypeError(`actor() takes a class, after options if there are any, but got ${show(Class)}`);
    }
    const args = given.slice(stated ? 2 : 1);
    const core = this.#core;
    const { signal } = options;
    if (core.closed) throw core.closedError(`new ${Class.name}`);
    signal?.throwIfAborted();
    const actor = this.#open(Class, args, options);
    if (signal !== undefined) {
      const kill = { cancel: (reason: unknown) => (actor.kill(reason), true) };
      watchSignal(signal, kill);
      this.#watching.set(actor, () => unwatchSignal(signal, kill));
    }
    core.enter(counted);
    try {
      await actor.create();
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    } finally {
      core.leave(counted);
    }
    return makeHandle({ ref: actor.ref, methods: actor.methods }, plainSettings);
  }

  /** The actor of this name, of this executor. */
  async find(name: string): Promise<ActorHandle> {
    const found = space.names.get(name);
    if (found === undefined || !this.#actors.has(found as OwnedActor)) throw nameless(name);
    // One that cannot be made is no actor: whoever makes it is told why.
    if (found.making !== undefined) await found.making.catch(() => Promise.reject(nameless(name)));
    return makeHandle({ ref: found.ref, methods: found.methods }, plainSettings);
  }

  #open(Class: AnyClass, args: readonly unknown[], options: ActorOptions): OwnedActor {
    const { name, maxConcurrency = 1, restarts = 0, onRestart, onDeath } = options;
    if (name !== undefined && space.names.has(name)) {
      throw new ActorNameError(
        `an actor is called \`${name}\` already: choose another name, use it by getActor('${name}'), or dispose of it first`,
        name,
      );
    }
    const ref: ActorRef = {
      key: `${realm}.a${++space.counter}`,
      realm,
      name: name ?? (Class.name || 'anonymous'),
      most: maxConcurrency,
    };
    const lodging = this.#lodge(Class, args);
    const policy = { restarts: restarts === -1 ? Infinity : restarts, onRestart, onDeath };
    const actor = new OwnedActor(this.#core, ref, lodging, policy, (gone) => this.#left(gone, lodging.place));
    lodging.place.residents.add(actor);
    this.#actors.add(actor);
    space.owned.set(ref.key, actor);
    space.numbered.set(actor.id, actor);
    if (name !== undefined) space.names.set(name, actor);
    return actor;
  }

  #lodge(Class: AnyClass, args: readonly unknown[]): Lodging {
    const { backend } = this.#core;
    if (!backend.capabilities.isolated) {
      return new LocalLodging(this.#place(), () => new Class(...args));
    }
    if (backend.host === undefined) {
      throw new UnsupportedError(
        `${backend.name}: this executor has no place where an actor could stay; use threads()`,
      );
    }
    // As they are now: they may be needed again.
    const label = Class.name || 'class';
    const holder = {};
    const packed: readonly [Packed, Packed] = [
      snapshot(pack(Class, { root: label, holder })),
      snapshot(pack(args, { root: 'args', holder })),
    ];
    return new WorkerLodging(this.#place(), packed, holder);
  }

  /** The place with the fewest actors; a new one while there are fewer than workers. */
  #place(): Place {
    let best: Place | undefined;
    for (const place of this.#places)
      if (best === undefined || place.residents.size < best.residents.size) best = place;
    if (best !== undefined && this.#places.size >= this.#core.backend.workers) return best;
    const place = new Place(this.#core.backend);
    this.#places.add(place);
    return place;
  }

  /** An actor is gone; a place without actors ends. */
  async #left(actor: OwnedActor, place: Place): Promise<void> {
    this.#actors.delete(actor);
    this.#watching.get(actor)?.();
    place.residents.delete(actor);
    if (place.residents.size > 0 || !this.#places.delete(place)) return;
    const closing = place.close();
    this.#leaving.set(place, closing);
    await closing;
    this.#leaving.delete(place);
  }

  /** For a thread that blocks: does what its event loop would. */
  turn(): void {
    for (const place of this.#places) place.turn();
  }

  /** Disposes of all actors, once no call is under way. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#actors].map(async (actor) => {
        try {
          await actor.dispose(DISPOSAL_MS);
        } catch (error) {
          // As with `teardown`: the executor is on its way out, and nobody waits for a result.
          process.emitWarning(
            `the disposal of the actor ${actor.ref.name} failed: ${describeError(error)}`,
            'TuttiWarning',
          );
        }
      }),
    );
    await Promise.all(this.#leaving.values());
  }

  /** Ends all actors and their workers now. */
  async terminate(reason: ExecutorClosedError): Promise<void> {
    // A place that is leaving waits for what it runs: that ends now as well.
    const ending = [...this.#places, ...this.#leaving.keys()].map((place) => place.terminate(reason));
    for (const actor of [...this.#actors]) actor.terminated(reason);
    await Promise.all([...ending, ...this.#leaving.values()]);
  }
}

/** Calls in the books of the core: counted, not kept. */
const counted = { plain: true, fail: ignore, drain: ignore };

function ignore(): void {
  // An actor looks after itself.
}
