/** Seeds of calls, derived from the executor's seed: different from call to call, the same from run to run. */

/** Seed of an executor's `call`-th call: 32 bits of `seed` and `call` well mixed (the finaliser of MurmurHash3, twice). */
export function callSeed(seed: number, call: number): number {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  return mix(mix(low ^ Math.imul(high, 0x9e3779b9)) + Math.imul(call, 0x85ebca6b));
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
