import { test } from 'node:test';
import { soak } from './soak.ts';

/** The short form of `npm run soak`. */
const seconds = 30;

test(
  `${seconds} seconds of random load lose nothing and leave nothing behind`,
  { timeout: 180_000 },
  async (t) => {
    const seed = Date.now() % 2 ** 32;
    t.diagnostic(`seed ${seed}`);
    try {
      const report = await soak(seconds, seed);
      t.diagnostic(`${report.calls} calls, ${report.small} small ones, ${report.crashed} workers died`);
    } catch (error) {
      // A failed test shows its error before its diagnostics.
      console.error(`soak: seed ${seed}`);
      throw error;
    }
  },
);
