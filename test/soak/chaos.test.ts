import { test } from 'node:test';
import { chaos } from './chaos.ts';

/** The short form of `npm run soak -- chaos`: an era on each backend. */
const seconds = 15;

test(`${seconds} seconds of chaos lose nothing and leave nothing behind`, { timeout: 180_000 }, async (t) => {
  const seed = Date.now() % 2 ** 32;
  t.diagnostic(`seed ${seed}`);
  try {
    const report = await chaos(seconds, seed);
    t.diagnostic(`${report.tasks} tasks, ${report.signals} signals, ${report.crashed} workers died`);
  } catch (error) {
    // A failed test shows its error before its diagnostics.
    console.error(`chaos: seed ${seed}`);
    throw error;
  }
});
