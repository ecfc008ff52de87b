/** One slow item among a thousand: whoever cuts the input into fixed pieces waits for the piece with the slow one. */
import { calibrate } from '../busy.ts';
import type { PeerPool } from '../peers/peer.ts';
import { busy } from '../peers/tasks.ts';
import { comparison, expectEqual, labels, poolVariants, QUICK } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const ITEMS = 1000;
const SLOW_AT = 500;
const calls = (scale: Scale): number => (scale.smoke ? 1 : scale.quick ? 2 : 7);

/** Iterations per item: small ones of 0.1 ms, and one that takes as long as all others together. */
function work(scale: Scale): number[] {
  const small = Math.round(calibrate(scale.smoke ? 0.002 : scale.quick ? 0.03 : 0.1));
  return Array.from({ length: ITEMS }, (_, i) => (i === SLOW_AT ? small * ITEMS : small));
}

async function measure(scale: Scale, run: (iterations: number[]) => Promise<unknown[]>): Promise<Sample> {
  const iterations = work(scale);
  const wanted = iterations.map(busy);
  const ratios: number[] = [];
  for (let call = 0; call <= calls(scale); call++) {
    const start = performance.now();
    const results = await run(iterations);
    const wallMs = performance.now() - start;
    results.forEach((result, i) => expectEqual(result, wanted[i]));
    const serial = performance.now();
    iterations.forEach(busy);
    // With two workers and nothing else to do, half of the serial time is the limit.
    const limitMs = (performance.now() - serial) / WORKERS_AT_BEST;
    if (call > 0) ratios.push(wallMs / limitMs);
  }
  return { overLimit: median(ratios) };
}

const WORKERS_AT_BEST = 2;

const onPool = (pool: PeerPool, scale: Scale): Promise<Sample> =>
  measure(scale, (iterations) => Promise.all(iterations.map((n) => pool.run('busy', n))));

async function bulk(scale: Scale): Promise<Sample> {
  const { threads } = await import('tutti');
  const pool = threads({ workers: 2 });
  await pool.map([1, 2, 3, 4], (n) => busy(n));
  const sample = await measure(scale, (iterations) => pool.map(iterations, (n) => busy(n)));
  await pool.close();
  return sample;
}

export const suite: Suite = {
  title: 'One slow item among a thousand',
  about:
    '999 items of 0.1 ms and one in the middle that takes as long as all others together. Wall time over the limit, which ' +
    'is half of the serial time measured right after in the same process, in the same language. Pools get one task per item, `pool.map` the array.',
  rounds: { full: 5, quick: 1 },
  variants: { map: bulk, ...poolVariants(onPool), ...pythonVariants('skew') },
  quickVariants: [...QUICK, 'map', 'joblib'],
  rows: [],
  comparisons: [
    {
      ...comparison('wall time ÷ limit', 'overLimit', ''),
      ours: 'map',
      labels: { ...labels, map: 'tutti (`pool.map`)', tutti: 'tutti (`pool.submit` per item)' },
    },
  ],
};
