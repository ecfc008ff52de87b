/** CPU time of a parallel `for` over shared arrays against the loop one would write. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { shared, threads, usableCores } from 'tutti';
import { steadyCost } from '../meter.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const n = 10_000_000;
const calls = (scale: Scale) => (scale.quick ? 5 : 15);
const warmUps = 12;

function arrays(): { a: Float64Array<SharedArrayBuffer>; out: Float64Array<SharedArrayBuffer> } {
  const a = shared(Float64Array, n);
  for (let i = 0; i < n; i++) a[i] = i;
  return { a, out: shared(Float64Array, n) };
}

function check(out: Float64Array): void {
  if (out[n - 1] !== Math.sqrt(n - 1) * 3 + 1) throw new RangeError('wrong values');
}

async function loop(scale: Scale): Promise<Sample> {
  const { a, out } = arrays();
  const f = (x: number): number => Math.sqrt(x) * 3 + 1;
  const run = (): void => {
    for (let i = 0; i < n; i++) out[i] = f(a[i] as number);
  };
  const cost = await steadyCost(run, warmUps, calls(scale));
  check(out);
  return cost;
}

async function onThreads(scale: Scale): Promise<Sample> {
  const { a, out } = arrays();
  const f = (x: number): number => Math.sqrt(x) * 3 + 1;
  const pool = threads({ workers: usableCores() });
  const run = () =>
    pool.for(n, (i) => {
      out[i] = f(a[i] as number);
    });
  const cost = await steadyCost(run, warmUps, calls(scale));
  check(out);
  await pool.close();
  return cost;
}

/** Hand-written workers, as many as cores, each with its share of the loop. */
async function byHand(scale: Scale): Promise<Sample> {
  const { a, out } = arrays();
  const count = usableCores();
  const url = new URL('../for.worker.js', import.meta.url);
  const workers = Array.from({ length: count }, () => new Worker(url, { workerData: { a, out } }));
  const run = () =>
    Promise.all(
      workers.map((worker, w) => {
        worker.postMessage([Math.floor((n * w) / count), Math.floor((n * (w + 1)) / count)]);
        return once(worker, 'message');
      }),
    );
  const cost = await steadyCost(run, warmUps, calls(scale));
  check(out);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return cost;
}

export const suite: Suite = {
  title: '`for` over 10,000,000 elements of shared arrays',
  about:
    '`out[i] = f(a[i])` with `f = x => Math.sqrt(x) * 3 + 1`: CPU time of the whole process for one call after ' +
    'twelve warm-up calls, against the hand-written loop over the same arrays, in this thread and on hand-written workers.',
  rounds: { full: 11, quick: 2 },
  variants: { loop, byHand, threads: onThreads },
  rows: [
    {
      label: 'CPU of `pool.for` ÷ hand-written loop',
      value: { variant: 'threads', metric: 'cpuMs' },
      over: { variant: 'loop', metric: 'cpuMs' },
      goal: { atMost: 1.1 },
      unit: 'ms',
    },
    {
      label: 'CPU of `pool.for` ÷ the loop on hand-written workers',
      value: { variant: 'threads', metric: 'cpuMs' },
      over: { variant: 'byHand', metric: 'cpuMs' },
      goal: { atMost: 1.1 },
      unit: 'ms',
    },
    {
      label: 'wall time of `pool.for` ÷ hand-written loop',
      value: { variant: 'threads', metric: 'wallMs' },
      over: { variant: 'loop', metric: 'wallMs' },
      unit: 'ms',
    },
  ],
};
