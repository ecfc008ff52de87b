/** From the call to the first result, in a process that has just started. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Sample, Suite } from '../suite.ts';

const bareUrl = new URL('../bare.worker.js', import.meta.url);

async function bare(): Promise<Sample> {
  const start = performance.now();
  const worker = new Worker(bareUrl);
  worker.postMessage(20);
  const [result] = (await once(worker, 'message')) as [number];
  const firstMs = performance.now() - start;
  if (result !== 400) throw new RangeError(`bare worker answered ${result}`);
  await worker.terminate();
  return { firstMs };
}

/** The function has no free names: nothing needs the inspector. */
async function plain(): Promise<Sample> {
  const loadStart = performance.now();
  const { threads } = await import('tutti');
  const start = performance.now();
  const pool = threads({ workers: 1 });
  const result = await pool.submit((x: number) => x * x, 20);
  const firstMs = performance.now() - start;
  if (result !== 400) throw new RangeError(`worker answered ${result}`);
  await pool.close();
  return { firstMs, importMs: start - loadStart };
}

/** A closure with a helper: the first capture of a process opens the inspector. */
async function closure(): Promise<Sample> {
  const { threads } = await import('tutti');
  const factor = 2;
  const helper = (x: number): number => x * factor;
  const start = performance.now();
  const pool = threads({ workers: 1 });
  const result = await pool.submit((x: number) => helper(x) * 10, 20);
  const firstMs = performance.now() - start;
  if (result !== 400) throw new RangeError(`worker answered ${result}`);
  await pool.close();
  return { firstMs };
}

/** The default executor, as many workers as cores. */
async function shared(): Promise<Sample> {
  const { submit } = await import('tutti');
  const start = performance.now();
  const result = await submit((x: number) => x * x, 20);
  const firstMs = performance.now() - start;
  if (result !== 400) throw new RangeError(`worker answered ${result}`);
  return { firstMs };
}

/** A process by hand, one message there and one back. */
async function forked(): Promise<Sample> {
  const start = performance.now();
  const child = fork(fileURLToPath(new URL('../fork.worker.js', import.meta.url)), {
    serialization: 'advanced',
  });
  child.send(20);
  const [result] = (await once(child, 'message')) as [number];
  const firstMs = performance.now() - start;
  if (result !== 400) throw new RangeError(`the process answered ${result}`);
  child.kill();
  return { firstMs };
}

/** As {@link plain}, in a process of its own. */
async function onProcess(): Promise<Sample> {
  const { processes } = await import('tutti');
  const start = performance.now();
  const pool = processes({ workers: 1 });
  const result = await pool.submit((x: number) => x * x, 20);
  const firstMs = performance.now() - start;
  if (result !== 400) throw new RangeError(`worker answered ${result}`);
  await pool.close();
  return { firstMs };
}

export const suite: Suite = {
  title: 'Start to first result',
  about:
    'A fresh process per sample; from the call that makes the executor to the first result. ' +
    'The yardstick is `new Worker(url)` with one message there and one back; that of `processes()` is `fork` with the same. Loading the package itself is a row of its own.',
  rounds: { full: 21, quick: 3 },
  variants: { bare, plain, closure, shared, forked, onProcess },
  rows: [
    {
      label: '`threads({ workers: 1 }).submit(x => x * x, 20)` ÷ bare `new Worker`',
      value: { variant: 'plain', metric: 'firstMs' },
      over: { variant: 'bare', metric: 'firstMs' },
      goal: { atMost: 1.5 },
      unit: 'ms',
    },
    {
      label: 'the same with a closure and a helper ÷ bare `new Worker`',
      value: { variant: 'closure', metric: 'firstMs' },
      over: { variant: 'bare', metric: 'firstMs' },
      unit: 'ms',
    },
    {
      label: '`submit(x => x * x, 20)` on the shared executor ÷ bare `new Worker`',
      value: { variant: 'shared', metric: 'firstMs' },
      over: { variant: 'bare', metric: 'firstMs' },
      goal: { atMost: 1.5 },
      unit: 'ms',
    },
    {
      label: '`processes({ workers: 1 }).submit(x => x * x, 20)` ÷ bare `fork`',
      value: { variant: 'onProcess', metric: 'firstMs' },
      over: { variant: 'forked', metric: 'firstMs' },
      unit: 'ms',
    },
    {
      label: "`import 'tutti'` ÷ bare `new Worker`",
      value: { variant: 'plain', metric: 'importMs' },
      over: { variant: 'bare', metric: 'firstMs' },
      unit: 'ms',
    },
  ],
};
