/**
 * Every primitive under load: `npm run soak -- sync [seconds] [seed]`, and a short form in the tests.
 *
 * In each round three workers, and mostly this thread too, use one primitive in all its forms, with time limits that are over at
 * once or never; what it promises is checked by numbers that plain reads and writes would get wrong.
 */
import { processes, shared, threads } from 'tutti';
import type { SyncOptions } from 'tutti/sync';
import { Dice } from '../soak/dice.ts';
import { rounds, workers, type Load } from './rounds.ts';

export interface StressReport {
  readonly rounds: number;
  readonly operations: number;
  /** By place and primitive. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Every primitive in every place at least once, then more until the time is up. */
export async function stress(
  seconds: number,
  seed: number,
  options: { readonly isolated: boolean; readonly n: number; readonly log?: (line: string) => void },
): Promise<StressReport> {
  const dice = new Dice(seed);
  const counts = new Map<string, number>();
  let [done, operations] = [0, 0];
  const end = performance.now() + seconds * 1000;
  for (let pass = 0; pass === 0 || performance.now() < end; pass++) {
    for (const place of options.isolated ? ['threads', 'processes'] : ['threads']) {
      const isolated = place === 'processes';
      const pool = (isolated ? processes : threads)({ workers });
      const sync: SyncOptions = isolated ? { across: 'processes' } : {};
      try {
        for (const [name, round] of Object.entries(rounds)) {
          if (pass > 0 && performance.now() >= end) break;
          const load: Load = {
            pool,
            dice,
            sync,
            n: dice.from(options.n, 2 * options.n),
            numbers: (length) => shared(Int32Array, length, isolated ? { across: 'processes' } : {}),
          };
          const count = await round(load);
          operations += count;
          done++;
          counts.set(`${name} of ${place}`, (counts.get(`${name} of ${place}`) ?? 0) + count);
        }
      } catch (error) {
        // What waits for each other would not end by itself.
        await pool.terminate();
        throw error;
      }
      await pool.close();
    }
    options.log?.(`pass ${pass + 1}: ${operations} operations in ${done} rounds`);
  }
  return { rounds: done, operations, counts };
}
