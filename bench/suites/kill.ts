/** What the end of a worker costs the call after it. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const bareUrl = new URL('../bare.worker.js', import.meta.url);

/** Time between two kills: whoever prepares for the next one can do so meanwhile. */
const betweenMs = 250;

const kills = ({ quick, smoke }: Scale): number => (smoke ? 1 : quick ? 4 : 9);

/** Runs an endless loop in a worker of its own, ends it and has a new one answer. */
async function bare(scale: Scale): Promise<Sample> {
  const times: number[] = [];
  for (let kill = 0; kill < kills(scale); kill++) {
    const endless = new Worker('for (;;);', { eval: true });
    await once(endless, 'online');
    await sleep(betweenMs);
    const start = performance.now();
    const ended = endless.terminate();
    const next = new Worker(bareUrl);
    next.postMessage(20);
    const [result] = (await once(next, 'message')) as [number];
    times.push(performance.now() - start);
    if (result !== 400) throw new RangeError(`bare worker answered ${result}`);
    await Promise.all([ended, next.terminate()]);
  }
  return { nextMs: median(times) };
}

/** Cancels an endless loop in a pool of one worker; from there to the result of the next call. */
const pool =
  (spare: boolean) =>
  async (scale: Scale): Promise<Sample> => {
    const { shared, task, threads } = await import('tutti');
    const one = threads({ workers: 1, graceMs: 0, spare });
    const square = task((x: number) => x * x);
    await one.submit(square, 20);
    const times: number[] = [];
    for (let kill = 0; kill < kills(scale); kill++) {
      const runs = shared(Int32Array, 1);
      const endless = one.submit(() => {
        Atomics.store(runs, 0, 1);
        for (;;);
      });
      const cancelled = endless.then(
        () => false,
        () => true,
      );
      while (Atomics.load(runs, 0) === 0) await sleep(5);
      await sleep(betweenMs);
      const start = performance.now();
      endless.cancel();
      const result = await one.submit(square, 20);
      times.push(performance.now() - start);
      if (result !== 400 || !(await cancelled)) throw new RangeError(`the worker answered ${result}`);
    }
    await one.close();
    return { nextMs: median(times) };
  };

export const suite: Suite = {
  title: 'After a kill',
  about:
    'A pool of one worker, an endless loop in it, `cancel()` without grace: the time from there to the result of the next call, ' +
    'with a spare worker and without one. The yardstick is a new bare `Worker` with one message there and one back.',
  rounds: { full: 7, quick: 2 },
  variants: { bare, spare: pool(true), without: pool(false) },
  rows: [
    {
      label: 'next call after a kill, with a spare worker ÷ a new bare `Worker`',
      value: { variant: 'spare', metric: 'nextMs' },
      over: { variant: 'bare', metric: 'nextMs' },
      goal: { atMost: 0.2 },
      unit: 'ms',
    },
    {
      label: 'the same without a spare worker ÷ a new bare `Worker`',
      value: { variant: 'without', metric: 'nextMs' },
      over: { variant: 'bare', metric: 'nextMs' },
      unit: 'ms',
    },
  ],
};
