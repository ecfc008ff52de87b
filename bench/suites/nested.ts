/** A map inside a map: what a pool does when its tasks want a pool. */
import { calibrate } from '../busy.ts';
import { load } from '../contenders.ts';
import { busy } from '../peers/tasks.ts';
import { expectEqual } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import { median } from '../statistics.ts';
import type { Comparison, Sample, Scale, Suite } from '../suite.ts';

const OUTER = 8;
const INNER = 16;
const calls = (scale: Scale): number => (scale.smoke ? 1 : scale.quick ? 3 : 7);

async function measure(scale: Scale, run: (iterations: number) => Promise<number[]>): Promise<Sample> {
  const iterations = calibrate(scale.smoke ? 0.05 : 1);
  const wanted = INNER * busy(iterations);
  const ratios: number[] = [];
  for (let call = 0; call <= calls(scale); call++) {
    const start = performance.now();
    const sums = await run(iterations);
    const wallMs = performance.now() - start;
    expectEqual(sums.length, OUTER);
    for (const sum of sums) expectEqual(sum, wanted);
    const serial = performance.now();
    for (let i = 0; i < OUTER * INNER; i++) busy(iterations);
    if (call > 0) ratios.push(wallMs / ((performance.now() - serial) / 2));
  }
  return { overLimit: median(ratios) };
}

/** The free functions inside of a task: the nested executor gets its share of the cores. */
async function tutti(scale: Scale): Promise<Sample> {
  const { map, threads } = await import('tutti');
  const pool = threads({ workers: 2 });
  const sample = await measure(scale, (iterations) =>
    pool.map(
      Array.from({ length: OUTER }, (_, i) => i),
      async () => {
        const inner = await map(
          Array.from({ length: INNER }, () => iterations),
          (n) => busy(n),
        );
        return inner.reduce((a, b) => a + b, 0);
      },
    ),
  );
  await pool.close();
  return sample;
}

/** piscina inside of piscina: each worker opens a pool of two when its first task asks for it. */
async function nestedPiscina(scale: Scale): Promise<Sample> {
  await load('piscina64');
  const { openNested } = await import('../peers/nested-piscina.ts');
  const pool = openNested(2);
  const sample = await measure(scale, (iterations) =>
    Promise.all(Array.from({ length: OUTER }, () => pool.sumOfBusy(INNER, iterations))),
  );
  await pool.close();
  return sample;
}

/** What one does instead: no inner pool, all items of both levels on the outer one. */
async function flattened(scale: Scale): Promise<Sample> {
  const pool = await (await load('piscina64'))(2);
  const sample = await measure(scale, async (iterations) => {
    const results = (await Promise.all(
      Array.from({ length: OUTER * INNER }, () => pool.run('busy', iterations)),
    )) as number[];
    const sums = Array.from({ length: OUTER }, () => 0);
    results.forEach(
      (result, i) => (sums[Math.floor(i / INNER)] = (sums[Math.floor(i / INNER)] ?? 0) + result),
    );
    return sums;
  });
  await pool.close();
  return sample;
}

const labels: Comparison['labels'] = {
  tutti: 'tutti (`map` inside of `pool.map`)',
  nestedPiscina: 'piscina (a pool inside of each worker)',
  flattened: 'piscina (64 tasks per worker, both levels flattened by hand)',
  joblib: 'joblib (loky, `Parallel` inside of `Parallel`)',
  dask: 'Dask (`worker_client` inside of tasks)',
  ray: 'Ray (tasks that start tasks)',
  pyProcesses: 'Python concurrent.futures (a pool of threads inside of processes)',
};

export const suite: Suite = {
  title: 'A map inside of a map',
  about:
    `${OUTER} outer items, each of which maps over ${INNER} items of 1 ms and adds the results up; two workers. ` +
    'Wall time over the limit: half of the serial time measured right after in the same process, in the same language.',
  rounds: { full: 5, quick: 1 },
  variants: {
    tutti,
    nestedPiscina,
    flattened,
    ...pythonVariants('nested', ['joblib', 'dask', 'ray', 'pyProcesses']),
  },
  quickVariants: ['tutti', 'nestedPiscina', 'flattened', 'joblib'],
  rows: [],
  comparisons: [
    { title: 'wall time ÷ limit', metric: 'overLimit', unit: '', better: 'less', ours: 'tutti', labels },
  ],
};
