/** What a thread knows of actors: one table for all copies of these files in it. */
import { registrySlot } from '../../base/registry.ts';
import type { NoticePeer } from '../notices.ts';
import type { ActorCall } from './actor-call.ts';
import type { Instance } from './instance.ts';

/** How an actor is found from anywhere. Plain data: it travels. */
export interface ActorRef {
  /** Unique among all threads and processes. */
  readonly key: string;
  /** The thread that owns the actor: it made it, and makes it again. */
  readonly realm: string;
  /** Its name, or its class's. */
  readonly name: string;
  /** Calls that may be under way at a time. */
  readonly most: number;
}

/** An actor of this thread, as calls see it. */
export interface Owned {
  readonly ref: ActorRef;
  readonly methods: readonly string[];
  /** While its object is made for the first time, which its methods are known after: settles with that. */
  readonly making: Promise<void> | undefined;
  accept(call: ActorCall): void;
  /** A call that its worker has got as a part, and whose part has not ended. */
  sent(id: number): Sent | undefined;
}

/** A call that was sent to an actor's worker as a part, until it is known what becomes of it. */
export interface Sent {
  readonly call: ActorCall;
  /** The call goes on after its part; `started`: its method was called already. */
  pending(peer: NoticePeer, started: boolean): void;
  /** The worker does not have the actor. */
  missing(): void;
  /** What it returned is read bit by bit. */
  streamed(stream: number): void;
}

/** A call whose answer comes as a notice. */
export interface Awaited {
  readonly call: ActorCall;
  started(): void;
  /** It has its answer. */
  over(): void;
  /** The peer is gone without an answer. */
  gone(error: unknown): void;
}

/** A call that a peer waits for. */
export interface Served {
  drop(reason: unknown): void;
}

/** What is under way between this thread and one peer. */
export interface PeerState {
  readonly awaited: Map<number, Awaited>;
  readonly served: Map<number, Served>;
  /** Streams that the peer reads, by actor: they end with it. */
  readonly streams: Map<string, ActorRef>;
  /** Cancelled calls whose worker is lost if they do not end: what to do when they have. */
  readonly dying: Map<number, () => void>;
  /** Requests whose arguments are still being rebuilt: what comes after them waits. */
  tail: Promise<void> | undefined;
}

interface Space {
  readonly owned: Map<string, Owned>;
  /** Actors that are gone, the latest ones: for what their callers are told. */
  readonly ended: Map<string, Pick<Owned, 'accept'>>;
  readonly names: Map<string, Owned>;
  /** Objects that live here, by key, and by the number that their owner has given them. */
  readonly instances: Map<string, Instance>;
  readonly hosted: Map<number, Instance>;
  /** The actors of this thread by the numbers that their workers know. */
  readonly numbered: Map<number, Owned>;
  /** Why calls that were sent should not go on when their worker says that they do. */
  readonly orphans: Map<number, (peer: NoticePeer) => void>;
  readonly routes: Map<string, NoticePeer>;
  readonly peers: WeakMap<NoticePeer, PeerState>;
  /** The scheduler knows that this thread owns actors. */
  announced: boolean;
  counter: number;
}

export const space = registrySlot<Space>('actors', 1).take(() => ({
  owned: new Map(),
  ended: new Map(),
  names: new Map(),
  instances: new Map(),
  hosted: new Map(),
  numbered: new Map(),
  orphans: new Map(),
  routes: new Map(),
  peers: new WeakMap(),
  announced: false,
  counter: 0,
}));

export function stateOf(peer: NoticePeer): PeerState {
  let state = space.peers.get(peer);
  if (state === undefined) {
    state = {
      awaited: new Map(),
      served: new Map(),
      streams: new Map(),
      dying: new Map(),
      tail: undefined,
    };
    space.peers.set(peer, state);
  }
  return state;
}
