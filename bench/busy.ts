/** Work that takes CPU and nothing else. */

/** `iterations` steps of Marsaglia's xorshift32. */
export function busy(seed: number, iterations: number): number {
  let x = seed | 1;
  for (let i = 0; i < iterations; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x >>> 0;
}

/** The iterations of {@link busy} that take about `ms` on this machine, now. */
export function calibrate(ms: number): number {
  const probe = 2_000_000;
  let fastest = Infinity;
  for (let round = 0; round < 8; round++) {
    const start = performance.now();
    busy(round, probe);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return Math.round((probe * ms) / fastest);
}
