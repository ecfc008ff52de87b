/** Decides how a chunk's items travel, and refuses what cannot, before anything is sent. */
import { pack, scanPlain, type Packed } from '../closure/index.ts';
import type { Chunk } from './backend.ts';
import type { ItemCoding } from './part.ts';
import { sliceOf } from './serial-backend.ts';

/** Below this many items a typed array gains nothing over a plain one. */
const worthwhileNumbers = 16;

/** @throws {CaptureError} when an item cannot travel; its path names the item. */
export function encodeItems(chunk: Chunk): { coding: ItemCoding; packed: Packed | undefined } {
  const { items, from, to, op } = chunk;
  if (op === 'range' || ArrayBuffer.isView(items)) return { coding: 'plain', packed: undefined };
  if (to - from >= worthwhileNumbers && allNumbers(items, from, to))
    return { coding: 'numbers', packed: undefined };
  for (let k = from; k < to; k++) {
    if (scanPlain(items[k], [])) continue;
    const slice = op === 'call' ? items[from] : sliceOf(items, from, to);
    const packed = pack(slice, { root: op === 'call' ? 'args' : 'items' });
    return { coding: 'packed', packed: op === 'call' ? pack([slice], { root: 'args' }) : packed };
  }
  return { coding: 'plain', packed: undefined };
}

function allNumbers(items: ArrayLike<unknown>, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (typeof items[k] !== 'number') return false;
  return true;
}
