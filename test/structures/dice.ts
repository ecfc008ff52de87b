/** Random numbers for tests, whose seed is printed: `TUTTI_TEST_SEED=…` repeats a run. */
import type { TestContext } from 'node:test';

/** A seed, which goes into the test's output. */
export function seedOf(t: TestContext): number {
  const given = Number(process.env['TUTTI_TEST_SEED'] ?? Number.NaN);
  const seed = Number.isNaN(given) ? Math.floor(Math.random() * 2 ** 31) : given;
  t.diagnostic(`seed ${seed}`);
  return seed;
}

/** Numbers from 0 up to 1: mulberry32, which needs nothing from outside, so that tasks can use it. */
export function dice(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
