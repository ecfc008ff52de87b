/** The suite of a real problem: our loop and our pool, C with OpenMP, joblib, and packages for worker pools. */
import { loadPeer } from './contenders.ts';
import { openmp } from './openmp.ts';
import { piscina } from './peers/piscina.ts';
import { plainOf } from './peers/plain.ts';
import { tinypool } from './peers/tinypool.ts';
import type { Peer } from './peers/peer.ts';
import type { Prepared, Problem } from './problems/problem.ts';
import { python } from './python.ts';
import { median } from './statistics.ts';
import type { Comparison, Sample, Scale, Suite } from './suite.ts';

const WORKERS = 2;
const rounds = (scale: Scale): number => (scale.quick ? 1 : 7);
const KERNELS = '../problems/kernels.js';

const packages: Readonly<Record<string, Peer>> = {
  plain: plainOf(KERNELS),
  piscina: piscina('no timing', { recordTiming: false }, KERNELS),
  tinypool: tinypool('defaults', {}, KERNELS),
};

/** Runs, times and checks. */
async function timed(prepared: Prepared, run: () => unknown): Promise<number> {
  prepared.reset?.();
  const start = performance.now();
  const result = await run();
  const ms = performance.now() - start;
  prepared.check(result);
  return ms;
}

/** Engines optimise what runs often: rounds that come before this much time has passed do not count. */
const WARM_UP_MS = 1000;

/**
 * The serial loop and a pool in turns, so that both see the same machine. The pool runs twice, and the second run counts: in
 * the serial loop all cores but one were idle, and those of a virtual machine take tens of milliseconds to come back.
 */
async function inTurns(prepared: Prepared, onPool: () => unknown, scale: Scale): Promise<Sample> {
  const serial: number[] = [];
  const parallel: number[] = [];
  const turn = async (): Promise<void> => {
    serial.push(await timed(prepared, () => prepared.serial()));
    if (!scale.smoke) await timed(prepared, onPool);
    parallel.push(await timed(prepared, onPool));
  };
  if (!scale.smoke) {
    const until = performance.now() + WARM_UP_MS;
    do await turn();
    while (performance.now() < until);
  }
  const warmUps = serial.length;
  for (let round = 0; round < rounds(scale); round++) await turn();
  return scaled(median(serial.slice(warmUps)), median(parallel.slice(warmUps)));
}

async function ours(problem: Problem, scale: Scale): Promise<Sample> {
  const { threads } = await import('tutti');
  const prepared = problem.prepare(scale);
  const pool = threads({ workers: WORKERS });
  const sample = await inTurns(prepared, () => prepared.threads(pool), scale);
  await pool.close();
  return sample;
}

function scaled(serialMs: number, wallMs: number): Sample {
  return { serialMs, wallMs, scaling: serialMs / wallMs };
}

async function onPackage(problem: Problem, peer: Peer, scale: Scale): Promise<Sample> {
  const pool = await (await loadPeer(peer))(WORKERS);
  const prepared = problem.prepare(scale);
  const onPool = (): unknown => prepared.tasks((kernel, argument) => pool.run(kernel, argument));
  const sample = await inTurns(prepared, onPool, scale);
  await pool.close();
  return sample;
}

/** Checks what another language printed and keeps the times. */
function checked(problem: Problem, values: Readonly<Record<string, number>>, scale: Scale): Sample {
  problem.checkOthers(values, scale);
  return scaled(values['serialMs'] ?? Number.NaN, values['wallMs'] ?? Number.NaN);
}

const labels: Comparison['labels'] = {
  tutti: 'tutti',
  openmp: 'C with OpenMP (-O3 -march=native)',
  joblib: 'joblib with NumPy',
  plain: 'worker_threads (by hand, a message per task)',
  piscina: 'piscina (no timing)',
  tinypool: 'tinypool (defaults)',
};

const comparison = (
  title: string,
  metric: string,
  unit: Comparison['unit'],
  better: Comparison['better'],
): Comparison => ({ title, metric, unit, better, ours: 'tutti', labels });

/** Problems whose scaling has a goal. */
const GOALS = new Set(['ep', 'nbody', 'mandelbrot']);

export function problemSuite(name: string, problem: Problem): Suite {
  const { c } = problem;
  const isGoal = GOALS.has(name);
  return {
    title: problem.title,
    about:
      `${problem.about} Two workers; the serial loop and the parallel run take turns in one process, a wrong result fails ` +
      'the line. Rounds of the first second do not count, nor does the first parallel run after each serial one: idle cores take ' +
      'a while to come back. Scaling is the serial time over the time on two.',
    rounds: { full: 5, quick: 1 },
    variants: {
      tutti: (scale) => ours(problem, scale),
      ...(c === undefined
        ? {}
        : {
            openmp: async (scale: Scale) =>
              checked(problem, openmp(name, [rounds(scale), ...c(scale)]), scale),
          }),
      joblib: async (scale) => checked(problem, python('problems', name, scale), scale),
      ...Object.fromEntries(
        Object.entries(packages).map(([key, peer]) => [
          key,
          (scale: Scale): Promise<Sample> => onPackage(problem, peer, scale),
        ]),
      ),
    },
    quickVariants: ['tutti', 'openmp', 'joblib', 'plain', 'piscina'],
    rows: [
      {
        label: 'scaling: serial loop ÷ two workers',
        value: { variant: 'tutti', metric: 'scaling' },
        unit: '',
        ...(isGoal ? { goal: { atLeast: 1.9 } } : {}),
      },
      ...(c === undefined
        ? []
        : [
            {
              label: 'scaling ÷ the scaling of C with OpenMP',
              value: { variant: 'tutti', metric: 'scaling' },
              over: { variant: 'openmp', metric: 'scaling' },
              unit: '',
              ...(isGoal ? { goal: { atLeast: 0.97 } } : {}),
            } as const,
          ]),
      {
        label: 'scaling ÷ the scaling of `worker_threads` by hand',
        value: { variant: 'tutti', metric: 'scaling' },
        over: { variant: 'plain', metric: 'scaling' },
        unit: '',
      },
    ],
    comparisons: [
      comparison('time on two workers', 'wallMs', 'ms', 'less'),
      comparison('serial time', 'serialMs', 'ms', 'less'),
      comparison('scaling', 'scaling', '', 'more'),
    ],
  };
}
