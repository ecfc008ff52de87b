/** What callers of an actor that is gone are told. */
import { ActorDiedError } from '../../base/errors.ts';
import { Special, type ActorCall } from './actor-call.ts';
import type { ActorState } from './actor-state.ts';
import { space, type ActorRef } from './space.ts';

/** Actors that are gone which their callers are told about. */
const REMEMBERED = 256;

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
