/**
 * Calls to actors between threads and processes: up to the scheduler, down to a worker, until they meet the actor's owner.
 *
 * | notice | from | meaning |
 * |---|---|---|
 * | `ask` | the caller's side | call this actor; an answer is awaited |
 * | `answer`, `streamed`, `report` | the actor's side | how it ended; what it returned is read bit by bit; news of it |
 * | `drop` | the caller's side | whoever asked does not wait any more |
 * | `pending`, `started`, `missing` | an actor's worker | of a call that came as a part: see `owned-actor.ts` |
 * | `find` | a worker | which actor has this name |
 * | `route` | a worker | actors of that thread are reached by this way |
 */
import { ActorDiedError, ActorNameError } from '../../base/errors.ts';
import { pack, packError, realm, unpack, unpackError, type Packed } from '../../closure/index.ts';
import { parentChannel, readNotices, type NoticePeer } from '../notices.ts';
import type { Transferable } from '../wire.ts';
import { RelayedCall, Special, type ActorCall, type ActorCallSettings, type Outcome } from './actor-call.ts';
import { callHere } from './local-call.ts';
import type { Batch } from './open-streams.ts';
import { space, stateOf, type ActorRef, type Awaited, type Sent } from './space.ts';

/** What a handle is made of, wherever it goes. */
export interface HandleData {
  readonly ref: ActorRef;
  readonly methods: readonly string[];
}

export type Notice =
  | readonly [
      'ask',
      id: number,
      ref: ActorRef,
      method: number,
      label: string,
      args: Packed,
      chain: string,
      timeoutMs: number | undefined,
      graceMs: number | undefined,
    ]
  | readonly ['answer', id: number, ok: boolean, packed: Packed]
  | readonly ['streamed', id: number, stream: number, actor: number]
  | readonly ['report', id: number, packed: Packed, actor: number]
  | readonly ['drop', id: number, reason: Packed]
  | readonly ['pending', id: number, started: boolean, actor: number]
  | readonly ['started', id: number]
  | readonly ['missing', id: number, actor: number]
  | readonly ['find', id: number, name: string]
  | readonly ['route', realm: string];

/**
 * Sends a call where its actor is, or to the next thread on the way there.
 *
 * `from`: who has asked for it. That one does not know the way either: a thread that is gone was on it.
 */
export function route(call: ActorCall, from?: NoticePeer): void {
  const { ref } = call;
  const owned = space.owned.get(ref.key) ?? space.ended.get(ref.key);
  if (owned !== undefined) return owned.accept(call);
  const instance = call.method >= Special.done ? space.instances.get(ref.key) : undefined;
  if (instance !== undefined) return callHere(instance, call);
  const peer = ref.realm === realm ? undefined : (space.routes.get(ref.realm) ?? parentChannel());
  if (peer === undefined || peer === from) {
    // What is to be done is done.
    if (call.method === Special.kill || call.method === Special.dispose) return call.value(undefined);
    throw new ActorDiedError(
      `cannot call ${call.name}(): the actor ${ref.name} was disposed, or has died, or the thread that made it is gone`,
      ref.name,
    );
  }
  ask(peer, call);
}

/** Tells the scheduler, once, that actors of this thread are reached through it. */
export function announce(owner: string): void {
  const parent = parentChannel();
  if (parent === undefined || owner !== realm || space.announced) return;
  space.announced = true;
  tell(parent, ['route', realm]);
}

/** The actor of this name, of this thread or of one above it. */
export function findActor(name: string): HandleData | Promise<HandleData> {
  const owned = space.names.get(name);
  if (owned?.making !== undefined) {
    const again = (): HandleData | Promise<HandleData> => findActor(name);
    return owned.making.then(again, again);
  }
  if (owned !== undefined) return { ref: owned.ref, methods: owned.methods };
  const peer = parentChannel();
  if (peer === undefined) throw nameless(name);
  return new Promise((resolve, reject) => {
    const given = (data: unknown): void => resolve(data as HandleData);
    const outcome: Outcome = { given, failed: reject, opened: ignore, reports: ignore };
    const ref: ActorRef = { key: '', realm: '', name, most: Infinity };
    const call = new RelayedCall({ ref, method: Special.state, label: '', settings }, [], '', outcome);
    wait(peer, call);
    tell(peer, ['find', call.id, name]);
  });
}

/** No actor has this name. */
export function nameless(name: string): ActorNameError {
  return new ActorNameError(
    `no actor is called \`${name}\`: make it with pool.actor({ name: '${name}' }, …), and ask for it while it lives`,
    name,
  );
}

const settings: ActorCallSettings = { signal: undefined, timeoutMs: undefined, graceMs: undefined };

/** Has a peer call the actor. */
function ask(peer: NoticePeer, call: ActorCall): void {
  const { id, args, chain } = call;
  const { ref, method, label, settings: own } = call.target;
  const transfer: Transferable[] = [];
  const packed = pack(args, { root: 'args', reply: isUp(peer), transfer, holder: call });
  wait(peer, call);
  call.holder = { drop: (reason) => tell(peer, ['drop', id, packError(reason)]) };
  tell(peer, ['ask', id, ref, method, label, packed, chain, own.timeoutMs, own.graceMs], transfer, (error) =>
    call.fail(error),
  );
}

/** Awaits the answer of a call from a peer. */
function wait(peer: NoticePeer, call: ActorCall): void {
  const { awaited } = stateOf(peer);
  const over = (): void => {
    if (awaited.delete(call.id)) peer.release();
  };
  call.onEnd(over);
  peer.retain();
  awaited.set(call.id, {
    call,
    started: () => call.started(),
    over,
    gone(error) {
      const { name } = call.ref;
      call.fail(
        new ActorDiedError(`${call.name}() was lost: the worker on the way to ${name} is gone`, name, error),
      );
    },
  });
}

/** Sends a notice; what it cannot carry is `failed`'s business. */
export function tell(
  peer: NoticePeer,
  notice: Notice,
  transfer: Transferable[] = [],
  failed: (error: unknown) => void = ignore,
): void {
  peer.notify(notice, transfer, failed);
}

/** Whether functions that came from there go back as what they were. */
function isUp(peer: NoticePeer): boolean {
  return peer === parentChannel();
}

/** Tells a peer how a call ended; `actor` is the number of its actor, where it came as a part. */
export function answering(peer: NoticePeer, id: number, actor = 0): Outcome {
  const failed = (error: unknown): void => tell(peer, ['answer', id, false, packError(error)]);
  return {
    given(value) {
      const transfer: Transferable[] = [];
      try {
        const packed = pack(value, { root: 'result', reply: isUp(peer), transfer });
        tell(peer, ['answer', id, true, packed], transfer, failed);
      } catch (refused) {
        failed(refused);
      }
    },
    failed,
    opened: (stream) => tell(peer, ['streamed', id, stream, actor]),
    reports(data) {
      const transfer: Transferable[] = [];
      const packed = pack(data, { root: 'report', reply: isUp(peer), transfer });
      tell(peer, ['report', id, packed, actor], transfer);
    },
  };
}

readNotices({
  read(peer, data) {
    const notice = data as Notice;
    const id = notice[1] as number;
    switch (notice[0]) {
      case 'ask':
        return serve(peer, notice);
      case 'answer':
        return answered(peer, id, notice[2], notice[3]);
      case 'streamed':
        return streamed(peer, id, notice[2], notice[3]);
      case 'report':
        return told(notice[2], (value) => callOf(peer, id, notice[3])?.reported(value), ignore);
      case 'drop':
        return told(notice[2], (reason) => stateOf(peer).served.get(id)?.drop(reason), ignore, true);
      case 'pending': {
        const sent = sentCall(notice[3], id);
        if (sent === undefined) space.orphans.get(id)?.(peer);
        else sent.pending(peer, notice[2]);
        return;
      }
      case 'started':
        stateOf(peer).awaited.get(id)?.started();
        return;
      case 'missing':
        sentCall(notice[2], id)?.missing();
        return;
      case 'find':
        return find(peer, id, notice[2]);
      case 'route':
        space.routes.set(notice[1], peer);
        // Whoever is above finds the way through here.
        if (parentChannel() !== undefined) tell(parentChannel() as NoticePeer, ['route', notice[1]]);
    }
  },
  gone(peer, error) {
    const state = space.peers.get(peer);
    for (const [owner, by] of space.routes) if (by === peer) space.routes.delete(owner);
    if (state === undefined) return;
    for (const done of state.dying.values()) done();
    for (const awaited of state.awaited.values()) {
      awaited.gone(error);
      awaited.over();
    }
    for (const served of state.served.values()) served.drop(error);
    for (const [key, ref] of state.streams) closeStream(ref, Number(key.slice(key.lastIndexOf(' ') + 1)));
  },
});

function callOf(peer: NoticePeer, id: number, actor: number): ActorCall | undefined {
  return (stateOf(peer).awaited.get(id) ?? sentCall(actor, id))?.call;
}

/** A call that an actor's worker has got as a part, which has not ended. */
function sentCall(actor: number, id: number): Sent | undefined {
  return space.numbered.get(actor)?.sent(id);
}

/** A peer asks for a call. */
function serve(peer: NoticePeer, notice: Extract<Notice, readonly ['ask', ...unknown[]]>): void {
  const [, id, ref, method, label, packed, chain, timeoutMs, graceMs] = notice;
  const state = stateOf(peer);
  const answer = answering(peer, id);
  const streamKey = (stream: number): string => `${ref.key} ${stream}`;
  const own = { signal: undefined, timeoutMs, graceMs };
  const call = new RelayedCall({ ref, method, label, settings: own }, [], chain, {
    ...answer,
    given(value) {
      if (method === Special.pull && (value as Batch).done) state.streams.delete(streamKey(read));
      answer.given(value);
    },
    failed(reason) {
      if (method === Special.pull) state.streams.delete(streamKey(read));
      answer.failed(reason);
    },
    opened(stream) {
      state.streams.set(streamKey(stream), ref);
      answer.opened(stream);
    },
  });
  let read = 0;
  state.served.set(id, { drop: (reason) => void call.cancel(reason) });
  call.onEnd(() => state.served.delete(id));
  const begin = (args: unknown): void => {
    if (call.settled) return;
    call.args = args as unknown[];
    if (method === Special.pull || method === Special.done) read = call.args[0] as number;
    if (method === Special.done) state.streams.delete(streamKey(read));
    call.start((begun) => route(begun, peer));
  };
  inOrder(state, packed, begin, (error) => call.fail(error));
}

/** Calls of one peer begin in their order, also when the arguments of one need a module that is not there yet. */
function inOrder(
  state: { tail: Promise<void> | undefined },
  packed: Packed,
  then: (args: unknown) => void,
  failed: (error: unknown) => void,
): void {
  let args: unknown;
  try {
    args = unpack(packed);
  } catch (error) {
    return failed(error);
  }
  if (!(args instanceof Promise) && state.tail === undefined) return then(args);
  const before = state.tail;
  const mine: Promise<void> = Promise.resolve(args)
    .then((value) => before?.then(() => value) ?? value)
    .then(then, (error: unknown) => {
      failed(error);
      return before;
    })
    .then(() => {
      if (state.tail === mine) state.tail = undefined;
    });
  state.tail = mine;
}

function answered(peer: NoticePeer, id: number, ok: boolean, packed: Packed): void {
  const state = stateOf(peer);
  const dying = state.dying.get(id);
  if (dying !== undefined) return dying();
  const awaited = state.awaited.get(id);
  if (awaited === undefined) return;
  const { call } = awaited;
  // The peer has nothing more to say of it, though it may take a module to know what it said.
  told(
    packed,
    (value) => end(awaited, () => (ok ? call.value(value) : call.fail(value))),
    (error) => end(awaited, () => call.fail(error)),
    !ok,
  );
}

function end(awaited: Awaited, tellCall: () => void): void {
  awaited.over();
  tellCall();
}

function streamed(peer: NoticePeer, id: number, stream: number, actor: number): void {
  const { awaited: calls, dying } = stateOf(peer);
  const awaited = calls.get(id);
  if (awaited !== undefined) {
    const { call } = awaited;
    return end(awaited, () => call.stream(stream));
  }
  const sent = sentCall(actor, id);
  if (sent !== undefined) return sent.streamed(stream);
  // It was cancelled, and has ended all the same: nobody will read what it returned.
  dying.get(id)?.();
  const owned = space.numbered.get(actor);
  if (owned !== undefined) closeStream(owned.ref, stream);
}

/** Rebuilds what a notice brings. */
function told(
  packed: Packed,
  then: (value: unknown) => void,
  failed: (error: unknown) => void,
  isError = false,
): void {
  let value: unknown;
  try {
    value = isError ? unpackError(packed) : unpack(packed);
  } catch (error) {
    return failed(error);
  }
  if (value instanceof Promise) void value.then(then, failed);
  else then(value);
}

/** A worker asks for an actor by its name. */
function find(peer: NoticePeer, id: number, name: string): void {
  const answer = answering(peer, id);
  try {
    const found = findActor(name);
    if (found instanceof Promise) found.then(answer.given, answer.failed);
    else answer.given(found);
  } catch (error) {
    answer.failed(error);
  }
}

/** Ends a stream that nobody reads any more; whether that works out, nobody waits to hear. */
export function closeStream(ref: ActorRef, stream: number): void {
  const outcome: Outcome = { given: ignore, failed: ignore, opened: ignore, reports: ignore };
  const target = { ref, method: Special.done, label: 'return', settings };
  new RelayedCall(target, [stream], '', outcome).start(route);
}

function ignore(): void {
  // Nobody waits for it.
}
