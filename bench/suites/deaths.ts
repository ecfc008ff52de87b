/** What the death of a worker process costs the call after it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { load } from '../contenders.ts';
import { comparison, expectEqual, labels as poolLabels } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import { median } from '../statistics.ts';
import type { Comparison, Row, Sample, Scale, Suite } from '../suite.ts';

const workerFile = fileURLToPath(new URL('../fork.worker.js', import.meta.url));

/** Time between two deaths: whoever prepares for the next one can do so meanwhile. */
const betweenMs = 1000;
/** Whoever has not told of a death by then does not tell. */
const patienceMs = 4000;

const deaths = ({ quick, smoke }: Scale): number => (smoke ? 1 : quick ? 2 : 7);

/** Kills a process of its own and has a new one answer. */
async function forked(scale: Scale): Promise<Sample> {
  const times: number[] = [];
  for (let death = 0; death < deaths(scale); death++) {
    const doomed = fork(workerFile);
    doomed.send(20);
    await once(doomed, 'message');
    await sleep(betweenMs);
    const start = performance.now();
    doomed.kill('SIGKILL');
    await once(doomed, 'exit');
    const next = fork(workerFile);
    next.send(20);
    const [result] = (await once(next, 'message')) as [number];
    times.push(performance.now() - start);
    expectEqual(result, 400);
    next.kill();
  }
  return { nextMs: median(times) };
}

/** A task kills its worker; from there to the result of the call that follows the news. */
async function measure(
  scale: Scale,
  run: (task: 'die' | 'square', argument: number) => Promise<unknown>,
): Promise<Sample> {
  expectEqual(await run('square', 20), 400);
  const times: number[] = [];
  for (let death = 0; death < deaths(scale); death++) {
    await sleep(betweenMs);
    const start = performance.now();
    const news = run('die', 0).then(
      () => 'a result',
      () => 'an error',
    );
    expectEqual(await Promise.race([news, sleep(patienceMs, 'nothing')]), 'an error');
    expectEqual(await Promise.race([run('square', 20), sleep(patienceMs, 'nothing')]), 400);
    times.push(performance.now() - start);
  }
  return { nextMs: median(times) };
}

const onPool =
  (key: string) =>
  async (scale: Scale): Promise<Sample> => {
    const pool = await (await load(key))(1);
    return measure(scale, (task, argument) => pool.run(task, argument));
  };

/** With a worker that stands by from the beginning. */
async function spare(scale: Scale): Promise<Sample> {
  const { processes } = await import('tutti');
  const tasks = await import('../peers/tasks.ts');
  const pool = processes({ workers: 1, spare: true });
  const { square, die } = tasks;
  const sample = await measure(scale, (task, argument) =>
    task === 'die' ? pool.submit(die) : pool.submit(square, argument),
  );
  await pool.close();
  return sample;
}

const keys = ['tuttiProcesses', 'tuttiSockets', 'tinypoolProcess', 'workerpoolProcess'];

const labels: Comparison['labels'] = {
  forked: 'a new `fork` by hand',
  spare: 'tutti (`processes({ spare: true })`)',
  ...Object.fromEntries(keys.map((key) => [key, poolLabels[key] ?? key])),
  pyProcesses: 'Python concurrent.futures (a new ProcessPoolExecutor)',
  pyPool: 'Python multiprocessing.Pool (which tells nobody of the death)',
  loky: 'loky (get_reusable_executor, again)',
  joblib: 'joblib (loky, two workers: one would be the process itself)',
};

const row = (label: string, variant: string, goal?: number): Row => ({
  label,
  value: { variant, metric: 'nextMs' },
  over: { variant: 'forked', metric: 'nextMs' },
  unit: 'ms',
  ...(goal === undefined ? {} : { goal: { atMost: goal } }),
});

export const suite: Suite = {
  title: 'After the death of a worker process',
  about:
    'A pool of one worker, which a task kills by SIGKILL: the time from that call to the result of the call that follows its ' +
    'error. The yardstick is to kill a process by hand, wait for its end, and `fork` a new one with a message there and ' +
    'one back. A pool that tells nothing of the death within 4 s, or does not answer any more, has failed.',
  rounds: { full: 5, quick: 1 },
  variants: {
    forked,
    spare,
    ...Object.fromEntries(keys.map((key) => [key, onPool(key)])),
    ...pythonVariants('deaths', ['pyProcesses', 'pyPool', 'loky', 'joblib']),
  },
  quickVariants: ['forked', 'spare', 'tuttiProcesses', 'loky'],
  rows: [
    row('next call, with a spare worker ÷ a new `fork`', 'spare', 0.2),
    row('next call, by default ÷ a new `fork`', 'tuttiProcesses'),
    row('next call, over sockets alone ÷ a new `fork`', 'tuttiSockets'),
  ],
  comparisons: [{ ...comparison('next call', 'nextMs', 'ms', 'less', 'spare'), labels }],
};
