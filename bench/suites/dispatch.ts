/** What one task costs: round trips one at a time, and floods of tasks that do nothing. */
import { Worker } from 'node:worker_threads';
import { threads } from 'tutti';
import { costOf } from '../meter.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const flood = 50_000;
const trips = (scale: Scale) => (scale.quick ? 2_000 : 10_000);

async function roundTripUs(scale: Scale, trip: () => Promise<unknown>): Promise<number> {
  const count = trips(scale);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await trip();
    times.push((performance.now() - start) * 1000);
  }
  return median(times.slice(count >> 2));
}

async function floodCost(
  submit: (i: number) => Promise<unknown>,
): Promise<{ perSecond: number; cpuUs: number }> {
  const all = () => Promise.all(Array.from({ length: flood }, (_, i) => submit(i)));
  await all();
  await all();
  const costs = [await costOf(all), await costOf(all), await costOf(all)];
  return {
    perSecond: flood / (median(costs.map((cost) => cost.wallMs)) / 1000),
    cpuUs: (median(costs.map((cost) => cost.cpuMs)) * 1000) / flood,
  };
}

/** Two workers that echo, a promise and a message per task. */
async function raw(scale: Scale): Promise<Sample> {
  const workers = [0, 1].map(() => new Worker(new URL('../bare.worker.js', import.meta.url)));
  const waiting = new Map<number, (value: number) => void>();
  const answered = (id: number): void => {
    waiting.get(id)?.(id);
    waiting.delete(id);
  };
  const echo = (id: number): Promise<number> =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      (workers[id % 2] as Worker).postMessage({ echo: id });
    });
  for (const worker of workers) worker.on('message', answered);
  await Promise.all([echo(0), echo(1)]);
  const trip = await roundTripUs(scale, () => echo(0));
  const cost = await floodCost(echo);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { tripUs: trip, ...cost };
}

async function onThreads(scale: Scale): Promise<Sample> {
  const pool = threads({ workers: 2 });
  const noop = (x: number): number => x;
  await Promise.all([pool.submit(noop, 1), pool.submit(noop, 2)]);
  const trip = await roundTripUs(scale, () => pool.submit(noop, 1));
  const cost = await floodCost((i) => pool.submit(noop, i));
  await pool.close();
  return { tripUs: trip, ...cost };
}

/** The blocking form: the caller waits without going through its event loop. */
async function blocking(scale: Scale): Promise<Sample> {
  const pool = threads({ workers: 1 });
  const noop = (x: number): number => x;
  await pool.submit(noop, 1);
  const count = trips(scale);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    pool.submitSync(noop, i);
    times.push((performance.now() - start) * 1000);
  }
  await pool.close();
  return { tripUs: median(times.slice(count >> 2)) };
}

export const suite: Suite = {
  title: 'Tasks that do nothing',
  about:
    'Round trip: one task at a time, awaited; median of many. Flood: 50,000 tasks submitted at once on two workers and ' +
    'awaited together, after two floods of warm-up. The yardstick is `postMessage` there and back with a promise per task.',
  rounds: { full: 9, quick: 2 },
  variants: { raw, threads: onThreads, blocking },
  rows: [
    {
      label: 'round trip of `await pool.submit(noop)` ÷ `postMessage` echo',
      value: { variant: 'threads', metric: 'tripUs' },
      over: { variant: 'raw', metric: 'tripUs' },
      unit: 'µs',
    },
    {
      label: 'round trip of `pool.submitSync(noop)` ÷ `postMessage` echo',
      value: { variant: 'blocking', metric: 'tripUs' },
      over: { variant: 'raw', metric: 'tripUs' },
      unit: 'µs',
    },
    {
      label: 'tasks per second in a flood ÷ `postMessage` echo (more is better)',
      value: { variant: 'threads', metric: 'perSecond' },
      over: { variant: 'raw', metric: 'perSecond' },
      unit: '/s',
    },
    {
      label: 'CPU per task in a flood ÷ `postMessage` echo',
      value: { variant: 'threads', metric: 'cpuUs' },
      over: { variant: 'raw', metric: 'cpuUs' },
      unit: 'µs',
    },
  ],
};
