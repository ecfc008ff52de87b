/** What callers of an actor that is gone are told. */
import { ActorDiedError } from '../../base/errors.ts';
import { describeError } from '../crash-error.ts';
import { Special, type ActorCall } from './actor-call.ts';
import type { ActorState } from './actor-state.ts';
import { space, type ActorRef } from './space.ts';

/** Actors that are gone which their callers are told about. */
const REMEMBERED = 256;

/** The end of an actor: what cannot be done with it any more, or `the actor` itself, and how it came to that. */
export function death({ name }: ActorRef, what: string, how: string, cause: unknown): ActorDiedError {
  return new ActorDiedError(what === 'the actor' ? `${what} ${name} ${how}` : `${what}: ${how}`, name, cause);
}

/** What a call rejects with that ran when its worker died. */
export function lostWith(call: ActorCall, cause: unknown): ActorDiedError {
  const { name } = call.ref;
  const what = `${call.name}() was lost: the worker of ${name} died while it ran`;
  const cure = 'what it did until then is done, so call it again only if it may run twice';
  return new ActorDiedError(`${what} (${describeError(cause)}); ${cure}`, name, cause);
}

/** What a call gets that comes too late, or whose turn never comes: an error of its own, for the stack of its caller. */
export function refusalOf(call: ActorCall, { message, actor, cause }: ActorDiedError): ActorDiedError {
  return new ActorDiedError(`cannot call ${call.name}(): ${message}`, actor, cause);
}

/** Leaves behind what callers of an actor that is gone are told; of very many actors, only the latest. */
export function bury(ref: ActorRef, end: ActorDiedError, last: ActorState): void {
  const state = { ...last, calls: 0 };
  space.ended.set(ref.key, {
    accept(call) {
      if (call.method === Special.state) call.value(state);
      else if (call.method === Special.kill || call.method === Special.dispose) call.value(undefined);
      else throw refusalOf(call, end);
    },
  });
  if (space.ended.size > REMEMBERED) space.ended.delete(space.ended.keys().next().value as string);
}

/** What a callback of the user's throws is the program's, not the actor's. */
export function callBack(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
