/** How an actor's owner has its place do things: on a worker by parts and notices, in the calling thread by calls. */
import { packError, type AnyFunction, type Packed } from '../../closure/index.ts';
import { RelayedCall, Special, type ActorCall, type Outcome } from './actor-call.ts';
import { construct, leave, type Made } from './act.ts';
import { Delivery, type DeliveryOwner } from './delivery.ts';
import { Errand, type ErrandEnd } from './errand.ts';
import { Instance } from './instance.ts';
import { callHere } from './local-call.ts';
import type { Place } from './place.ts';
import type { ActorRef } from './space.ts';

/** The owner. */
export interface Tenant extends DeliveryOwner {
  readonly ref: ActorRef;
  /** Sends a call that is no user's: it waits for nothing, and nothing waits for it. */
  send(call: ActorCall): void;
}

export interface Lodging {
  readonly place: Place;
  /** Makes the object; ends with what is {@link Made}. Its methods are `methods` where it is made again. */
  construct(tenant: Tenant, methods: readonly string[] | undefined, ended: (end: ErrandEnd) => void): void;
  deliver(tenant: Tenant, call: ActorCall): void;
  /** Runs the object's own disposal and lets it go; rejects with what that throws. */
  dispose(tenant: Tenant, timeoutMs: number | undefined): Promise<void>;
  /** Asks what runs to stop and lets the object go. */
  abandon(tenant: Tenant, reason: unknown): void;
}

/** On a worker. */
export class WorkerLodging implements Lodging {
  readonly place: Place;
  /** Keeps functions alive that class and arguments have brought along: what comes back may name them. */
  readonly holder: object;
  readonly #packed: readonly [Class: Packed, args: Packed];

  constructor(place: Place, packed: readonly [Class: Packed, args: Packed], holder: object) {
    this.place = place;
    this.#packed = packed;
    this.holder = holder;
  }

  construct(tenant: Tenant, methods: readonly string[] | undefined, ended: (end: ErrandEnd) => void): void {
    const args = [tenant.id, tenant.ref, ...this.#packed, methods];
    errand(tenant, this.place, `new ${tenant.ref.name}`, construct, args, ended);
  }

  deliver(tenant: Tenant, call: ActorCall): void {
    new Delivery(tenant, this.place, call).run();
  }

  dispose(tenant: Tenant, timeoutMs: number | undefined): Promise<void> {
    // A call, and no errand: a part that takes long would hold up the neighbours.
    return new Promise((resolve, reject) => {
      const outcome: Outcome = { given: () => resolve(), failed: reject, opened: ignore, reports: ignore };
      const settings = { signal: undefined, timeoutMs, graceMs: undefined };
      const target = { ref: tenant.ref, method: Special.leave, label: 'dispose', settings };
      tenant.send(new RelayedCall(target, [], '', outcome));
    });
  }

  abandon(tenant: Tenant, reason: unknown): void {
    const args = [tenant.id, packError(reason)];
    errand(tenant, this.place, `${tenant.ref.name}.kill`, leave, args, () => undefined);
  }
}

/** In the calling thread. */
export class LocalLodging implements Lodging {
  readonly place: Place;
  readonly #make: () => object;
  #instance: Instance | undefined;

  constructor(place: Place, make: () => object) {
    this.place = place;
    this.#make = make;
  }

  construct(tenant: Tenant, methods: readonly string[] | undefined, ended: (end: ErrandEnd) => void): void {
    const make = (): Made => {
      this.#instance = new Instance(tenant.ref, this.#make(), methods);
      return { methods: this.#instance.methods, asyncMethods: [] };
    };
    errand(tenant, this.place, `new ${tenant.ref.name}`, make, [], ended);
  }

  deliver(_tenant: Tenant, call: ActorCall): void {
    callHere(this.#instance as Instance, call);
  }

  dispose(tenant: Tenant, timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (end: ErrandEnd): void => ('value' in end ? resolve() : reject(end.error as Error));
      const dispose = (): unknown => this.#instance?.dispose();
      errand(tenant, this.place, `${tenant.ref.name}.dispose`, dispose, [], ended, timeoutMs);
    });
  }

  abandon(_tenant: Tenant, reason: unknown): void {
    this.#instance?.abandon(reason);
  }
}

function errand(
  tenant: Tenant,
  place: Place,
  name: string,
  fn: AnyFunction,
  args: readonly unknown[],
  ended: (end: ErrandEnd) => void,
  timeoutMs?: number,
): void {
  const { graceMs } = tenant;
  new Errand({ name, fn, args, seed: tenant.nextSeed(), graceMs, timeoutMs }, ended).run(place);
}

function ignore(): void {
  // A disposal returns nothing.
}
