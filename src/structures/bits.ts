/** Floats as the integers with the same bits: what `Atomics` can compare and exchange. */

const floats = new Float64Array(1);
const wide = new BigInt64Array(floats.buffer);
const singles = new Float32Array(floats.buffer);
const narrow = new Int32Array(floats.buffer);

export function bitsOf64(value: number): bigint {
  floats[0] = value;
  return wide[0]!;
}

export function float64Of(bits: bigint): number {
  wide[0] = bits;
  return floats[0]!;
}

export function bitsOf32(value: number): number {
  singles[0] = value;
  return narrow[0]!;
}

export function float32Of(bits: number): number {
  narrow[0] = bits;
  return singles[0]!;
}

/**
 * Adds to a 64-bit float in one step; gives the value before.
 *
 * Lock-free: an attempt fails only because another thread's succeeded.
 */
export function addFloat64(words: BigInt64Array, at: number, delta: number): number {
  for (let seen = Atomics.load(words, at); ;) {
    const before = float64Of(seen);
    const found = Atomics.compareExchange(words, at, seen, bitsOf64(before + delta));
    if (found === seen) return before;
    seen = found;
  }
}

/** The same for a 32-bit float: the sum is rounded. */
export function addFloat32(words: Int32Array, at: number, delta: number): number {
  for (let seen = Atomics.load(words, at); ;) {
    const before = float32Of(seen);
    const found = Atomics.compareExchange(words, at, seen, bitsOf32(before + delta));
    if (found === seen) return before;
    seen = found;
  }
}
