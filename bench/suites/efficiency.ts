/** How well two workers are kept busy by tasks of 20 ms. */
import { threads } from 'tutti';
import { Worker } from 'node:worker_threads';
import { busy, calibrate } from '../busy.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const tasks = 64;
const workers = 2;

async function wall(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Two hand-written workers, half of the tasks each: what this machine gives at best. */
async function byHand(pair: readonly Worker[], seeds: readonly number[], iterations: number): Promise<void> {
  await Promise.all(
    pair.map((worker, w) => {
      const share = seeds.filter((_, i) => i % pair.length === w);
      return new Promise<void>((resolve, reject) => {
        let left = share.length;
        const onMessage = (): void => {
          if (--left > 0) return;
          worker.off('message', onMessage);
          resolve();
        };
        worker.on('message', onMessage).once('error', reject);
        worker.postMessage({ seeds: share, iterations });
      });
    }),
  );
}

async function measure(scale: Scale): Promise<Sample> {
  const iterations = calibrate(20);
  const seeds = Array.from({ length: tasks }, (_, i) => i + 1);
  const pool = threads({ workers });
  const pair = Array.from(
    { length: workers },
    () => new Worker(new URL('../bare.worker.js', import.meta.url)),
  );
  const map = () => pool.map(seeds, (seed) => busy(seed, iterations));
  const submit = () => Promise.all(seeds.map((seed) => pool.submit(busy, seed, iterations)));
  const hand = () => byHand(pair, seeds, iterations);
  await Promise.all([map(), hand()]); // every thread has compiled the work once
  const samples: Record<string, number[]> = { map: [], submit: [], hand: [] };
  for (let round = 0; round < (scale.quick ? 1 : 3); round++) {
    const before = await wall(() => seeds.forEach((seed) => busy(seed, iterations)));
    const times = { map: await wall(map), submit: await wall(submit), hand: await wall(hand) };
    const after = await wall(() => seeds.forEach((seed) => busy(seed, iterations)));
    for (const [name, ms] of Object.entries(times)) {
      samples[name]?.push((before + after) / 2 / (workers * ms));
    }
  }
  await pool.close();
  await Promise.all(pair.map((worker) => worker.terminate()));
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
}

export const suite: Suite = {
  title: '64 tasks of 20 ms on 2 workers',
  about:
    'Parallel efficiency = serial wall time ÷ (2 × wall time). Serial passes before and after in the same process; ' +
    'the row by hand (two `Worker`s, 32 tasks each) shows what the machine itself gives while others use it.',
  rounds: { full: 7, quick: 1 },
  variants: { measure },
  rows: [
    {
      label: 'efficiency of `pool.map`',
      value: { variant: 'measure', metric: 'map' },
      goal: { atLeast: 0.95 },
      unit: '',
    },
    {
      label: 'efficiency of 64 × `pool.submit`',
      value: { variant: 'measure', metric: 'submit' },
      goal: { atLeast: 0.95 },
      unit: '',
    },
    { label: 'efficiency by hand', value: { variant: 'measure', metric: 'hand' }, unit: '' },
    {
      label: '`pool.map` ÷ by hand',
      value: { variant: 'measure', metric: 'map' },
      over: { variant: 'measure', metric: 'hand' },
      unit: '',
    },
  ],
};
