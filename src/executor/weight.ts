/** About how much memory a result takes: enough to tell megabytes from what is small. */
import { isArrayBuffer } from 'node:util/types';

const { getOwnPropertyDescriptor, keys } = Object;

/** Bytes of arrays, buffers and texts, also of those that an object holds itself; 0 for all else. Runs no getters. */
export function weightOf(value: unknown): number {
  try {
    const own = ofOne(value);
    if (own > 0 || typeof value !== 'object' || value === null) return own;
    let sum = 0;
    for (const key of keys(value)) sum += ofOne(getOwnPropertyDescriptor(value, key)?.value);
    return sum;
  } catch {
    // A proxy that does not want to be looked at: whoever packs it says so.
    return 0;
  }
}

function ofOne(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.length * 8;
  return ArrayBuffer.isView(value) || isArrayBuffer(value) ? value.byteLength : 0;
}
