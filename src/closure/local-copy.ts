/** A function as a worker would have it, in this thread: with copies of its variables. */
import { capture } from './capture.ts';
import type { AnyFunction } from './function-type.ts';
import { nextNumber } from './identity.ts';
import { unpack } from './unpack.ts';
import type { WireNode } from './wire.ts';

/** Nodes whose copies and originals can live side by side: functions and data, but no classes. */
const ORDINARY = new Set<WireNode['t']>(
  (
    'raw object shape exotic buffer map set fn scope bound global builtin import commonjs require importer meta ' +
    'counters symbol symbolFor'
  ).split(' ') as WireNode['t'][],
);

/**
 * Captures a function and rebuilds it here. Modules are those of this thread. A promise where a module has to be imported;
 * undefined where the function reaches classes of the program: an instance of the copy would not be one of the original.
 *
 * @throws CaptureError when something it reaches cannot travel
 */
export function localCopy(fn: AnyFunction): AnyFunction | Promise<AnyFunction> | undefined {
  const packed = structuredClone(capture(fn).packed);
  if ('raw' in packed) return undefined;
  for (const node of packed.nodes) {
    if (!ORDINARY.has(node.t)) return undefined;
    if (node.t !== 'fn') continue;
    if (node.code.kind !== 'function' || node.prototype !== undefined) return undefined;
    // Under its own id the original would be found.
    (node as { id: string }).id = `copy.${nextNumber()}.${node.id}`;
  }
  return unpack(packed) as AnyFunction | Promise<AnyFunction>;
}
