/** In which order calls of an actor wait for their delivery. */
import { Special, type ActorCall } from './actor-call.ts';

/** Reads a stream, or ends it. */
export function isRead(call: ActorCall): boolean {
  return call.method <= Special.pull;
}

/** The order of the queue: reads first, then by id. */
export function goesBefore(call: ActorCall, other: ActorCall): boolean {
  return isRead(call) === isRead(other) ? call.id < other.id : isRead(call);
}
