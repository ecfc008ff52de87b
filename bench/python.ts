/** Runs a contender in Python: `bench/.venv` made by `bench/setup-python.sh`, or else the python3 on the path. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MissingError } from './missing.ts';
import { sizeOf, type Sample, type Scale } from './suite.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const own = join(root, 'bench', '.venv', 'bin', 'python');

/** What the tables call the contenders of `bench/python`. */
export const pythonLabels: Readonly<Record<string, string>> = {
  pyProcesses: 'Python concurrent.futures (ProcessPoolExecutor)',
  pyThreads: 'Python concurrent.futures (ThreadPoolExecutor)',
  pyPool: 'Python multiprocessing.Pool',
  loky: 'loky (get_reusable_executor)',
  joblib: 'joblib (loky)',
  dask: 'Dask (LocalCluster of processes)',
  ray: 'Ray (local)',
};

/** The contenders as variants of a suite that `bench/python/<suite>.py` measures. */
export function pythonVariants(
  suite: string,
  keys: readonly string[] = Object.keys(pythonLabels),
): Record<string, (scale: Scale) => Promise<Sample>> {
  return Object.fromEntries(keys.map((key) => [key, async (scale: Scale) => python(suite, key, scale)]));
}

/** Runs `bench/python/<suite>.py <contender> <scale>`, whose last line is the sample. */
export function python(suite: string, contender: string, scale: Scale): Sample {
  const script = join(root, 'bench', 'python', `${suite}.py`);
  const { status, stdout, stderr, error } = spawnSync(
    existsSync(own) ? own : 'python3',
    [script, contender, sizeOf(scale)],
    { encoding: 'utf8' },
  );
  if (error !== undefined) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new MissingError('needs python3');
  }
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0) throw new RangeError(stderr.trim().split('\n').at(-1) ?? `exit code ${status}`);
  const answer = JSON.parse(last) as { sample: Sample } | { missing: string };
  if ('missing' in answer) {
    throw new MissingError(`${answer.missing} is not installed: bench/setup-python.sh`);
  }
  return answer.sample;
}
