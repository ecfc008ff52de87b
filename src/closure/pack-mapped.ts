/** Typed arrays over mapped memory as inputs: only their bytes are mapped by the receiver. */
import { partHandle } from '../memory/handle.ts';
import type { Packed } from './wire.ts';

/**
 * The wire form of a typed array over memory that has a handle: a file, or a segment.
 *
 * Other than that of `pack`, which is the same array over the same buffer, it stands for the bytes of the array alone.
 */
export function packMapped(array: ArrayBufferView & { readonly length: number }): Packed {
  const name = Object.prototype.toString.call(array).slice('[object '.length, -1);
  const args = [partHandle(array), name, 0, array.length];
  return { nodes: [{ t: 'construct', make: 'MappedView', args }], root: 0, imports: false };
}
