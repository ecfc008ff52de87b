/**
 * Shared memory that numbers travel in: items on the way out, results on the way back, in the same places.
 *
 * Fresh memory is what costs most when a million numbers go to workers and come back: the system has to clear every page
 * of it. Blocks are used again, by whichever pool comes next. One is given back only when no worker can write to it any
 * more: its part has been reported as ended. That of a worker that died is left to the garbage collector.
 */

/** A block of numbers in shared memory; a part uses its first elements. */
export type NumberBlock = Float64Array<SharedArrayBuffer>;

/** Below this many numbers a message is as good. */
const least = 512;
/** Parts are hardly ever larger: theirs is not kept. */
const largest = 2 ** 20;
/** Bytes kept for the next calls. */
const keptBytes = 2 ** 24;

/** Free blocks by length, a power of two. */
const free = new Map<number, NumberBlock[]>();
let freeBytes = 0;

/** A block for so many numbers; its content is anything. Undefined where a block is not worth it. */
export function takeBlock(length: number): NumberBlock | undefined {
  if (length < least || length > largest) return undefined;
  const size = 2 ** Math.ceil(Math.log2(length));
  const block = free.get(size)?.pop();
  if (block === undefined) return new Float64Array(new SharedArrayBuffer(size * 8));
  freeBytes -= block.byteLength;
  return block;
}

/** Gives a block back that nobody uses any more. */
export function giveBlock(block: NumberBlock): void {
  if (freeBytes + block.byteLength > keptBytes) return;
  freeBytes += block.byteLength;
  const blocks = free.get(block.length);
  if (blocks === undefined) free.set(block.length, [block]);
  else blocks.push(block);
}
