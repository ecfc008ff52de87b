/** Runs two sides against each other: as tasks of a pool, or in two bare workers. */
import { MessageChannel, Worker } from 'node:worker_threads';
import { threads } from 'tutti';
import { median } from '../statistics.ts';
import { now } from './records.ts';
import type { Job } from './bare.worker.ts';

/** When a side began and ended, by {@link now}, and the sum of what it received. */
interface Ran {
  readonly start: number;
  readonly end: number;
  readonly sum: number;
}

/** Runs of a variant: the first third warms up. */
const RUNS = 6;

/** Milliseconds from the start of the first side to the end of the later one, median; `sum`: what the second has to end with. */
export async function inPool(first: () => void, second: () => number, sum: number): Promise<number> {
  const pool = threads({ workers: 2 });
  const sender = (): Ran => {
    const start = now();
    first();
    return { start, end: now(), sum: 0 };
  };
  const receiver = (): Ran => {
    const start = now();
    const total = second();
    return { start, end: now(), sum: total };
  };
  const times = await repeat(() => Promise.all([pool.submit(sender), pool.submit(receiver)]), sum);
  await pool.close();
  return times;
}

/** The same in two bare workers, which share sixteen words and a port. */
export async function bare(
  first: Omit<Job, 'side'>,
  second: Omit<Job, 'side'>,
  sum: number,
): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const { port1, port2 } = new MessageChannel();
  const workers = [port1, port2].map(
    (port) =>
      new Worker(new URL('./bare.worker.js', import.meta.url), {
        workerData: { words, port },
        transferList: [port],
      }),
  );
  const run = (job: Omit<Job, 'side'>, side: 0 | 1): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const worker = workers[side] as Worker;
      worker.once('message', resolve).once('error', reject);
      worker.postMessage({ ...job, side });
    });
  const times = await repeat(() => Promise.all([run(first, 0), run(second, 1)]), sum);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return times;
}

async function repeat(once: () => Promise<readonly [Ran, Ran]>, sum: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [first, second] = await once();
    if (second.sum !== sum) throw new RangeError(`wrong result: ${second.sum} instead of ${sum}`);
    times.push(Math.max(first.end, second.end) - first.start);
  }
  return median(times.slice(RUNS / 3));
}
