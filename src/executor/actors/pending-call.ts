/** A call whose part has ended and which goes on: it waits for its turn at the actor, or for what is asynchronous in it. */
import { packError } from '../../closure/index.ts';
import type { NoticePeer } from '../notices.ts';
import type { ActorCall, Holder } from './actor-call.ts';
import { tell } from './router.ts';
import { stateOf, type Awaited } from './space.ts';

/** Who owns the actor. */
export interface PendingOwner {
  readonly graceMs: number;
  /** The worker died with the call. */
  crashed(call: ActorCall, error: unknown): void;
  /** The call had not begun when its worker died. */
  again(call: ActorCall): void;
  /** Ends the worker: something on it did not stop for `reason`. */
  killPlace(reason: unknown): void;
}

export class PendingCall implements Awaited, Holder {
  readonly call: ActorCall;
  readonly #owner: PendingOwner;
  readonly #peer: NoticePeer;
  #started: boolean;

  constructor(owner: PendingOwner, call: ActorCall, peer: NoticePeer, started: boolean) {
    this.call = call;
    this.#owner = owner;
    this.#peer = peer;
    this.#started = started;
  }

  /** From now on it hears from the worker. */
  begin(): void {
    stateOf(this.#peer).awaited.set(this.call.id, this);
    this.#peer.retain();
    this.call.holder = this;
    this.call.onEnd(() => this.over());
    if (this.#started) this.started();
  }

  started(): void {
    this.#started = true;
    this.call.started();
    this.call.limit(this.#peer.workerId);
  }

  over(): void {
    const { awaited } = stateOf(this.#peer);
    if (awaited.get(this.call.id) !== this) return;
    awaited.delete(this.call.id);
    this.#peer.release();
  }

  gone(error: unknown): void {
    if (this.#started) this.#owner.crashed(this.call, error);
    else this.#owner.again(this.call);
  }

  drop(reason: unknown): void {
    stopOrKill(this.#owner, this.#peer, this.call.id, reason, this.call.settings.graceMs);
  }
}

/** Has a worker stop a call that nobody waits for any more; if the call does not end, the worker does. */
export function stopOrKill(
  owner: Pick<PendingOwner, 'graceMs' | 'killPlace'>,
  peer: NoticePeer,
  id: number,
  reason: unknown,
  graceMs = owner.graceMs,
): void {
  const { dying } = stateOf(peer);
  tell(peer, ['drop', id, packError(reason)]);
  const timer = setTimeout(() => {
    done();
    owner.killPlace(reason);
  }, graceMs);
  timer.unref();
  const done = (): void => {
    clearTimeout(timer);
    dying.delete(id);
  };
  dying.set(id, done);
}
