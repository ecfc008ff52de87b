import { after, test } from 'node:test';
import { missing } from '../memory/mapped.ts';
import { assertNoLeaks } from '../leaks.ts';
import { stress } from './stress.ts';

after(assertNoLeaks);

/** The short form of `npm run soak -- sync`: every primitive once, and more until the time is up. */
const seconds = 4;

test('every primitive keeps its word under load', { timeout: 180_000 }, async (t) => {
  if (missing !== false) t.diagnostic(`threads only: ${missing}`);
  const seed = Date.now() % 2 ** 32;
  t.diagnostic(`seed ${seed}`);
  try {
    const { operations, rounds } = await stress(seconds, seed, { isolated: missing === false, n: 800 });
    t.diagnostic(`${operations} operations in ${rounds} rounds`);
  } catch (error) {
    // A failed test shows its error before its diagnostics.
    console.error(`sync: seed ${seed}`);
    throw error;
  }
});
