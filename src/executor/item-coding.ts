/** Decides how a chunk's items travel, and refuses what cannot, before anything is sent. */
import { pack, scanPlain, type Packed } from '../closure/index.ts';
import type { Chunk } from './backend.ts';
import { sliceOf } from './serial-backend.ts';
import type { Transferable } from './wire.ts';

/** Below this many items a typed array gains nothing over a plain one. */
const worthwhileNumbers = 16;

/** How the items of a chunk travel. */
export type ItemCoding = 'numbers' | 'plain' | 'packed';

/** Items in their wire form, with the memory that moves with them. */
export interface PackedItems {
  readonly packed: Packed;
  readonly transfer: Transferable[];
}

/** @throws {CaptureError} when an item cannot travel; its path names the item. */
export function encodeItems(chunk: Chunk): { coding: ItemCoding; packed: PackedItems | undefined } {
  const { items, from, to, op } = chunk;
  if (op === 'range' || ArrayBuffer.isView(items)) return { coding: 'plain', packed: undefined };
  if (to - from >= worthwhileNumbers && allNumbers(items, from, to))
    return { coding: 'numbers', packed: undefined };
  for (let k = from; k < to; k++) {
    if (scanPlain(items[k], [])) continue;
    return { coding: 'packed', packed: packItems(chunk, from, to) };
  }
  return { coding: 'plain', packed: undefined };
}

/** Packs the items `from ≤ k < to`; of a `call`, its argument list alone. */
export function packItems({ items, op, base }: Chunk, from: number, to: number): PackedItems {
  const transfer: Transferable[] = [];
  if (op === 'call') return { packed: pack(items[from], { root: 'args', transfer }), transfer };
  // The index in an error's path counts from the start of the slice.
  const root = base + from === 0 ? 'items' : `items.slice(${base + from})`;
  return { packed: pack(sliceOf(items, from, to), { root, transfer }), transfer };
}

function allNumbers(items: ArrayLike<unknown>, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (typeof items[k] !== 'number') return false;
  return true;
}
