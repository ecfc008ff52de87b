/** Decides how a chunk's items travel, and refuses what cannot, before anything is sent. */
import { types } from 'node:util';
import { pack, scanPlain, type Packed } from '../closure/index.ts';
import type { Arguments } from './arguments.ts';
import { memoryHandle } from '../memory/handle.ts';
import type { Chunk } from './backend.ts';
import { isSmallCall } from './part.ts';
import { sliceOf } from './serial-backend.ts';
import type { Transferable } from './wire.ts';

/**
 * Below this many items a typed array gains little over a plain one. Chunks that small are of slow items, whose function is
 * better off with what a plain array keeps: integers that are integers to the engine, and no doubles.
 */
const worthwhileNumbers = 512;

/** From so many bytes on, mapped memory is mapped by the workers, too, and not copied to them. */
const worthwhileMapping = 2 ** 23;

/** How the items of a chunk travel. Of `mapped` ones a handle does, and workers read the file or segment themselves. */
export type ItemCoding = 'numbers' | 'plain' | 'packed' | 'mapped';

/** Items in their wire form, with the memory that moves with them. */
export interface PackedItems {
  readonly packed: Packed;
  readonly transfer: Transferable[];
}

const plain: { readonly coding: ItemCoding; readonly packed: undefined } = {
  coding: 'plain',
  packed: undefined,
};
const numbers: typeof plain = { coding: 'numbers', packed: undefined };

/** @throws {CaptureError} when an item cannot travel; its path names the item. */
export function encodeItems(chunk: Chunk): {
  readonly coding: ItemCoding;
  readonly packed: PackedItems | undefined;
} {
  if (isSmallCall(chunk) && areSimple(chunk.args)) return plain;
  const { items, from, to, op } = chunk;
  if (op === 'range') return plain;
  if (ArrayBuffer.isView(items)) {
    if (isMappedByAll(items)) return { coding: 'mapped', packed: undefined };
    return isCopied(items) ? numbers : plain;
  }
  if (to - from >= worthwhileNumbers && allNumbers(items, from, to)) return numbers;
  for (let k = from; k < to; k++) {
    if (scanPlain(items[k], [])) continue;
    return { coding: 'packed', packed: packItems(chunk, from, to) };
  }
  return plain;
}

/** Arguments that are certainly plain: mostly they go into a record. */
function areSimple(args: Arguments): boolean {
  if (!Array.isArray(args)) return isSimple(args);
  for (let i = 0; i < args.length; i++) if (!isSimple(args[i])) return false;
  return true;
}

function isSimple(value: unknown): boolean {
  switch (typeof value) {
    case 'symbol':
    case 'function':
    case 'bigint':
      return false;
    case 'object':
      return value === null;
    default:
      return true;
  }
}

/** Packs the items `from ≤ k < to`; of a `call`, its argument list alone. */
export function packItems(chunk: Chunk, from: number, to: number): PackedItems {
  const { items, op, base } = chunk;
  const transfer: Transferable[] = [];
  if (op === 'call')
    return { packed: pack(items[from], { root: 'args', transfer, holder: chunk }), transfer };
  // The index in an error's path counts from the start of the slice.
  const root = base + from === 0 ? 'items' : `items.slice(${base + from})`;
  return { packed: pack(sliceOf(items, from, to), { root, transfer, holder: chunk }), transfer };
}

/** Typed arrays over files and segments, which any thread or process finds by their handles. */
function isMappedByAll(items: ArrayBufferView): boolean {
  return (
    items.byteLength >= worthwhileMapping && types.isTypedArray(items) && memoryHandle(items) !== undefined
  );
}

/** Typed arrays of numbers are copied; those over shared memory travel as they are. */
function isCopied(items: ArrayBufferView): boolean {
  if (items.buffer instanceof SharedArrayBuffer || !types.isTypedArray(items)) return false;
  return !types.isBigInt64Array(items) && !types.isBigUint64Array(items);
}

/** Numbers `from ≤ k < to` of `items`, which are copied to the start of `target`. */
export function copyNumbers(items: ArrayLike<number>, from: number, to: number, target: Float64Array): void {
  if (ArrayBuffer.isView(items)) target.set((items as Float64Array).subarray(from, to));
  else for (let k = from; k < to; k++) target[k - from] = items[k] as number;
}

function allNumbers(items: ArrayLike<unknown>, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (typeof items[k] !== 'number') return false;
  return true;
}
