/** The wire form back into values, with all that it takes at hand. */
import { rebuildWith } from './rebuild.ts';
import * as specials from './special-nodes.ts';
import type { Packed } from './wire.ts';

/**
 * The value of a wire form. Takes the message over: what is plain in it becomes part of the value.
 *
 * Synchronous, unless a module must be imported that this thread has not imported for a message before.
 */
export function unpack(packed: Packed): unknown {
  return rebuildWith(packed, specials);
}
