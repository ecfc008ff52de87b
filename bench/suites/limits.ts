/** The round trip of a call beside what the engine can do at best. */
import { Worker } from 'node:worker_threads';
import { threads } from 'tutti';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const trips = (scale: Scale): number => (scale.smoke ? 200 : scale.quick ? 2000 : 10_000);

/** Median of many trips, the first quarter left out as warm-up. */
async function tripUs(scale: Scale, trip: (i: number) => unknown): Promise<Sample> {
  const count = trips(scale);
  const times: number[] = [];
  for (let i = 1; i <= count; i++) {
    const start = performance.now();
    const result = trip(i);
    if (result instanceof Promise) await result;
    times.push((performance.now() - start) * 1000);
  }
  return { tripUs: median(times.slice(count >> 2)) };
}

function start(mode: 'echo' | 'wait' | 'spin'): { worker: Worker; words: Int32Array } {
  const words = new Int32Array(new SharedArrayBuffer(256));
  const worker = new Worker(new URL('../limits.worker.js', import.meta.url), { workerData: { mode, words } });
  if (mode !== 'echo') Atomics.wait(words, 32, 0);
  return { worker, words };
}

async function postMessage(scale: Scale): Promise<Sample> {
  const { worker } = start('echo');
  let resolve: (value: number) => void = () => undefined;
  worker.on('message', (value: number) => resolve(value));
  const trip = (i: number): Promise<number> =>
    new Promise((answered) => {
      resolve = answered;
      worker.postMessage(i);
    });
  await trip(0);
  const sample = await tripUs(scale, trip);
  await worker.terminate();
  return sample;
}

/** Both sides block. */
async function wait(scale: Scale): Promise<Sample> {
  const { worker, words } = start('wait');
  const sample = await tripUs(scale, (i) => {
    Atomics.store(words, 0, i);
    Atomics.notify(words, 0, 1);
    while (Atomics.load(words, 16) !== i) Atomics.wait(words, 16, i - 1);
  });
  await worker.terminate();
  return sample;
}

/** The caller stays on its event loop, the worker blocks. */
async function waitAsync(scale: Scale): Promise<Sample> {
  const { worker, words } = start('wait');
  // lib.es2022 does not know Atomics.waitAsync.
  const atomics = Atomics as unknown as {
    waitAsync(words: Int32Array, at: number, value: number): { async: boolean; value: unknown };
  };
  const sample = await tripUs(scale, async (i) => {
    Atomics.store(words, 0, i);
    Atomics.notify(words, 0, 1);
    const answer = atomics.waitAsync(words, 16, i - 1);
    if (answer.async) await answer.value;
  });
  await worker.terminate();
  return sample;
}

/** Both sides burn their core. */
async function spin(scale: Scale): Promise<Sample> {
  const { worker, words } = start('spin');
  const sample = await tripUs(scale, (i) => {
    Atomics.store(words, 0, i);
    while (Atomics.load(words, 16) !== i);
  });
  await worker.terminate();
  return sample;
}

const noop = (x: number): number => x;

async function submit(scale: Scale): Promise<Sample> {
  const pool = threads({ workers: 2 });
  await Promise.all([pool.submit(noop, 1), pool.submit(noop, 2)]);
  const sample = await tripUs(scale, (i) => pool.submit(noop, i));
  await pool.close();
  return sample;
}

async function submitSync(scale: Scale): Promise<Sample> {
  const pool = threads({ workers: 1 });
  await pool.submit(noop, 1);
  const sample = await tripUs(scale, (i) => void pool.submitSync(noop, i));
  await pool.close();
  return sample;
}

const ratio = (label: string, variant: string, over: string): Suite['rows'][number] => ({
  label,
  value: { variant, metric: 'tripUs' },
  over: { variant: over, metric: 'tripUs' },
  unit: 'µs',
});

export const suite: Suite = {
  title: 'Round trip beside the limits of the engine',
  about: 'One call at a time, median of 10,000 after a warm-up. The limits carry a number and nothing else.',
  rounds: { full: 9, quick: 1 },
  variants: { submit, submitSync, postMessage, wait, waitAsync, spin },
  rows: [
    {
      ...ratio('`await pool.submit(noop)` ÷ `postMessage` echo', 'submit', 'postMessage'),
      goal: { atMost: 0.7 },
    },
    ratio('`await pool.submit(noop)` ÷ `Atomics.waitAsync`', 'submit', 'waitAsync'),
    ratio('`pool.submitSync(noop)` ÷ `Atomics.wait` on both sides', 'submitSync', 'wait'),
  ],
  comparisons: [
    {
      title: 'round trip',
      metric: 'tripUs',
      unit: 'µs',
      better: 'less',
      ours: 'submit',
      labels: {
        submit: 'tutti (`await pool.submit(noop)`)',
        submitSync: 'tutti (`pool.submitSync(noop)`)',
        postMessage: '`postMessage` there and back',
        wait: '`Atomics.wait` on both sides',
        waitAsync: '`Atomics.waitAsync` here, `wait` there',
        spin: 'both sides spin',
      },
    },
  ],
};
