/** A million items that cost nothing: each pool in the form that suits it best, beside the plain loop. */
import { costOf } from '../meter.ts';
import type { PeerPool } from '../peers/peer.ts';
import { comparison, expectEqual, labels, poolVariants, QUICK } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const count = (scale: Scale): number => (scale.smoke ? 20_000 : scale.quick ? 200_000 : 1_000_000);
const calls = (scale: Scale): number => (scale.smoke ? 2 : scale.quick ? 3 : 9);
/** Items per task for pools without a bulk form, tried from small to large; the best one counts. */
const CHUNKS = [4096, 65_536];

/** Best wall and CPU time of a few calls each, after as many calls that warm up. */
async function steady(scale: Scale, call: () => Promise<ArrayLike<number>>): Promise<Sample> {
  const costs = [];
  for (let i = 0; i < 2 * calls(scale); i++) {
    let result: ArrayLike<number> = [];
    const cost = await costOf(async () => (result = await call()));
    expectEqual(result.length, count(scale));
    expectEqual(result[result.length - 1], (count(scale) - 1) ** 2);
    if (i >= calls(scale)) costs.push(cost);
  }
  return {
    wallMs: median(costs.map((cost) => cost.wallMs)),
    cpuMs: median(costs.map((cost) => cost.cpuMs)),
  };
}

function items(scale: Scale): number[] {
  return Array.from({ length: count(scale) }, (_, i) => i);
}

async function onPool(pool: PeerPool, scale: Scale): Promise<Sample> {
  const xs = items(scale);
  const { squares } = pool;
  if (squares !== undefined) return steady(scale, () => squares(xs));
  let best: Sample | undefined;
  for (const size of CHUNKS) {
    const sample = await steady(scale, async () => {
      const tasks: Promise<unknown>[] = [];
      for (let from = 0; from < xs.length; from += size) {
        tasks.push(pool.run('squares', xs.slice(from, from + size)));
      }
      return ((await Promise.all(tasks)) as number[][]).flat();
    });
    if (best === undefined || (sample['wallMs'] ?? 0) < (best['wallMs'] ?? 0)) best = sample;
  }
  return best as Sample;
}

async function loop(scale: Scale): Promise<Sample> {
  const xs = items(scale);
  const f = (x: number): number => x * x;
  return steady(scale, async () => {
    const out = new Array<number>(xs.length);
    for (let i = 0; i < xs.length; i++) out[i] = f(xs[i] as number);
    return out;
  });
}

const withLoop = { loop: 'plain loop into a preallocated array', ...labels };

export const suite: Suite = {
  title: '1,000,000 tiny items on every pool',
  about:
    '`x => x * x` over an array of numbers, the results in an array, two workers. Pools without a bulk form get tasks of ' +
    `${CHUNKS.map((chunk) => chunk.toLocaleString('en-US')).join(' or ')} items, whichever is faster. Median of nine calls ` +
    'after nine that warm up.',
  rounds: { full: 5, quick: 1 },
  variants: { loop, ...poolVariants(onPool), ...pythonVariants('bulk') },
  quickVariants: [...QUICK, 'loop', 'pyPool', 'joblib'],
  rows: [
    {
      label: 'CPU ÷ the loop',
      value: { variant: 'tutti', metric: 'cpuMs' },
      over: { variant: 'loop', metric: 'cpuMs' },
      unit: 'ms',
      goal: { atMost: 1.15 },
    },
    {
      label: 'wall time ÷ the loop',
      value: { variant: 'tutti', metric: 'wallMs' },
      over: { variant: 'loop', metric: 'wallMs' },
      unit: 'ms',
      goal: { atMost: 1 },
    },
  ],
  comparisons: [
    { ...comparison('wall time', 'wallMs', 'ms'), labels: withLoop },
    { ...comparison('CPU time', 'cpuMs', 'ms'), labels: withLoop },
  ],
};
