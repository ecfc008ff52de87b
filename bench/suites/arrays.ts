/** 100 MB to each of two worker processes and back, and what that takes of their memory. */
import { load } from '../contenders.ts';
import type { PeerPool } from '../peers/peer.ts';
import { comparison, expectEqual, labels as poolLabels, WORKERS } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import { median } from '../statistics.ts';
import type { Comparison, Row, Sample, Scale, Suite } from '../suite.ts';

const length = (scale: Scale): number => (scale.smoke ? 2 ** 14 : 12_500_000);
const calls = (scale: Scale): number => (scale.smoke ? 1 : scale.quick ? 2 : 5);
/** Both tasks can end up on one worker: then they say nothing of memory. */
const ATTEMPTS = 5;

/** What holds the numbers of a call: memory of its own, a new array in shared memory, or the same one for all calls. */
type Memory = 'own' | 'new' | 'kept';

async function maker(memory: Memory): Promise<(size: number) => Float64Array> {
  if (memory === 'own') return (size) => new Float64Array(size);
  const { shared } = await import('tutti');
  const make = (size: number): Float64Array =>
    shared(Float64Array, size, { across: 'processes' }) as Float64Array;
  if (memory === 'new') return make;
  let kept: Float64Array | undefined;
  return (size) => (kept?.length === size ? kept : (kept = make(size)));
}

async function measure(pool: PeerPool, scale: Scale, make: (size: number) => Float64Array): Promise<Sample> {
  const size = length(scale);
  const both = async (task: 'lengthOf' | 'noop' | 'privateMb', argument: unknown): Promise<unknown[]> =>
    Promise.all(Array.from({ length: WORKERS }, () => pool.run(task, argument)));
  const workersMb = async (array: Float64Array): Promise<number | undefined> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answers = (await both('privateMb', array)) as [pid: number, mb: number][];
      if (new Set(answers.map(([pid]) => pid)).size < WORKERS) continue;
      return answers.reduce((sum, [, mb]) => sum + mb, 0);
    }
    return undefined;
  };

  const empty = await workersMb(new Float64Array(0));
  const filled = make(size);
  filled.fill(1.5);
  const full = await workersMb(filled);
  const into: number[] = [];
  const back: number[] = [];
  for (let i = 0; i <= calls(scale); i++) {
    const array = make(size);
    array.fill(i + 0.5);
    let start = performance.now();
    for (const answer of await both('lengthOf', array)) expectEqual(answer, size);
    const inMs = performance.now() - start;
    start = performance.now();
    const answers = (await both('noop', array)) as Float64Array[];
    const inOutMs = performance.now() - start;
    // The first one loads what the others find loaded.
    if (i > 0 || scale.smoke) {
      into.push(inMs);
      back.push(inOutMs);
    }
    for (const answer of answers) {
      expectEqual(answer.length, size);
      for (const at of [0, size >> 1, size - 1]) expectEqual(answer[at], i + 0.5);
    }
  }
  return {
    inMs: median(into),
    inOutMs: median(back),
    ...(empty === undefined || full === undefined ? {} : { workersMb: Math.max(0, full - empty) }),
  };
}

const variant =
  (key: string, memory: Memory = 'own') =>
  async (scale: Scale): Promise<Sample> => {
    const pool = await (await load(key))(WORKERS);
    await Promise.all(Array.from({ length: 200 }, (_, i) => pool.run('noop', i)));
    const sample = await measure(pool, scale, await maker(memory));
    await pool.close();
    return sample;
  };

/** Those of Node that keep a typed array what it is. */
const copying = ['tuttiProcesses', 'tuttiSockets', 'tinypoolAdvanced', 'workerpoolAdvanced', 'forkAdvanced'];

const labels: Comparison['labels'] = {
  tuttiShared: "tutti (`processes()`, one array of `shared(…, { across: 'processes' })` for all calls)",
  tuttiNewShared: "tutti (`processes()`, a new array of `shared(…, { across: 'processes' })` for each call)",
  ...Object.fromEntries(copying.map((key) => [key, poolLabels[key] ?? key])),
  pyProcesses: 'Python concurrent.futures (ProcessPoolExecutor), pickled',
  pyPool: 'Python multiprocessing.Pool, pickled',
  loky: 'loky, pickled',
  joblib: 'joblib (loky), memory-mapped by itself',
  pySharedMemory: 'Python concurrent.futures, multiprocessing.shared_memory',
};

const compare = (title: string, metric: string, unit: Comparison['unit']): Comparison => ({
  ...comparison(title, metric, unit, 'less', 'tuttiShared'),
  labels,
});

/** How many times faster than `advanced` IPC. */
const faster = (label: string, metric: string, ours: string, goal?: number): Row => ({
  label,
  value: { variant: 'forkAdvanced', metric },
  over: { variant: ours, metric },
  unit: 'ms',
  ...(goal === undefined ? {} : { goal: { atLeast: goal } }),
});

export const suite: Suite = {
  title: '100 MB to each of two worker processes, and back',
  about:
    'A `Float64Array` of 12,500,000 numbers, filled anew for each call, as the argument of two tasks at once. It is a new one ' +
    'each time, but for the row that says otherwise: memory that is shared already stays where it is. In: the tasks return its length. In and out: they return the array. Memory: what both workers have of their own (RssAnon) while ' +
    'they hold the array and have read it, less what they had before. Rows say how many times as long `advanced` IPC ' +
    'takes, with its time in brackets; `json` makes an object of a typed array and does not take part.',
  rounds: { full: 5, quick: 1 },
  variants: {
    tuttiShared: variant('tuttiProcesses', 'kept'),
    tuttiNewShared: variant('tuttiProcesses', 'new'),
    ...Object.fromEntries(copying.map((key) => [key, variant(key)])),
    ...pythonVariants('arrays', ['pyProcesses', 'pyPool', 'loky', 'joblib', 'pySharedMemory']),
  },
  quickVariants: ['tuttiShared', 'tuttiNewShared', 'tuttiProcesses', 'forkAdvanced', 'joblib'],
  rows: [
    faster('`advanced` IPC ÷ memory that is shared already, in', 'inMs', 'tuttiShared', 20),
    faster('the same, in and out', 'inOutMs', 'tuttiShared', 20),
    faster('`advanced` IPC ÷ new shared memory for each call, in', 'inMs', 'tuttiNewShared'),
    faster('the same, in and out', 'inOutMs', 'tuttiNewShared'),
    faster('`advanced` IPC ÷ an ordinary array, in', 'inMs', 'tuttiProcesses'),
    faster('the same, in and out', 'inOutMs', 'tuttiProcesses'),
    faster('`advanced` IPC ÷ an ordinary array over sockets alone, in', 'inMs', 'tuttiSockets'),
    {
      label: 'workers’ own memory, shared ÷ `advanced` IPC',
      value: { variant: 'tuttiShared', metric: 'workersMb' },
      over: { variant: 'forkAdvanced', metric: 'workersMb' },
      unit: 'MB',
    },
    {
      label: 'workers’ own memory, an ordinary array ÷ `advanced` IPC',
      value: { variant: 'tuttiProcesses', metric: 'workersMb' },
      over: { variant: 'forkAdvanced', metric: 'workersMb' },
      unit: 'MB',
    },
  ],
  comparisons: [
    compare('in', 'inMs', 'ms'),
    compare('in and out', 'inOutMs', 'ms'),
    compare('workers’ own memory', 'workersMb', 'MB'),
  ],
};
