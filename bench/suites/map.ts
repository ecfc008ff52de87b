/** CPU time of mapping a tiny function over many numbers: what the whole machinery costs per item. */
import { threads, usableCores } from 'tutti';
import { steadyCost } from '../meter.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const n = 1_000_000;
const numbers = (): number[] => Array.from({ length: n }, (_, i) => i);
const calls = (scale: Scale) => (scale.quick ? 7 : 25);
const warmUps = 5;

function check(result: ArrayLike<number>): void {
  if (result.length !== n || result[n - 1] !== (n - 1) ** 2) throw new RangeError('wrong squares');
}

async function push(scale: Scale): Promise<Sample> {
  const xs = numbers();
  const f = (x: number): number => x * x;
  const loop = (): void => {
    const out: number[] = [];
    for (const x of xs) out.push(f(x));
    check(out);
  };
  return steadyCost(loop, warmUps, calls(scale));
}

async function preallocated(scale: Scale): Promise<Sample> {
  const xs = numbers();
  const f = (x: number): number => x * x;
  const loop = (): void => {
    const out = new Array<number>(xs.length);
    for (let i = 0; i < xs.length; i++) out[i] = f(xs[i] as number);
    check(out);
  };
  return steadyCost(loop, warmUps, calls(scale));
}

async function onThreads(scale: Scale): Promise<Sample> {
  const xs = numbers();
  const pool = threads({ workers: usableCores() });
  const cost = await steadyCost(async () => check(await pool.map(xs, (x) => x * x)), warmUps, calls(scale));
  await pool.close();
  return cost;
}

export const suite: Suite = {
  title: '`map` over 1,000,000 numbers, `x => x * x`',
  about:
    'CPU time of the whole process (user and system, all threads) for one call after five warm-up calls, ' +
    'against the loop that collects the results in an array, with the same warm-up.',
  rounds: { full: 11, quick: 2 },
  variants: { push, preallocated, threads: onThreads },
  rows: [
    {
      label: 'CPU of `pool.map` ÷ `const out = []; for (const x of xs) out.push(f(x))`',
      value: { variant: 'threads', metric: 'cpuMs' },
      over: { variant: 'push', metric: 'cpuMs' },
      goal: { atMost: 1.5 },
      unit: 'ms',
    },
    {
      label: 'CPU of `pool.map` ÷ loop into a preallocated array',
      value: { variant: 'threads', metric: 'cpuMs' },
      over: { variant: 'preallocated', metric: 'cpuMs' },
      goal: { atMost: 1.5 },
      unit: 'ms',
    },
    {
      label: 'wall time of `pool.map` ÷ the `push` loop',
      value: { variant: 'threads', metric: 'wallMs' },
      over: { variant: 'push', metric: 'wallMs' },
      unit: 'ms',
    },
    {
      label: 'CPU of the first call, workers started in it ÷ first run of the `push` loop',
      value: { variant: 'threads', metric: 'firstCpuMs' },
      over: { variant: 'push', metric: 'firstCpuMs' },
      unit: 'ms',
    },
  ],
};
