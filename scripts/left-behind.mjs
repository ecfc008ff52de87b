/** What a run of tests left on the machine: names of shared memory, and the processes that clean those up. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

const FOLDER = '/dev/shm';
/** The variable that tells the processes of one run from those of others on the same machine. */
export const RUN_VARIABLE = 'TUTTI_TEST_RUN';
const BETWEEN_LOOKS_MS = 100;

/**
 * The names of shared memory that are there now; none where the system shows none.
 * @returns {Set<string>}
 */
export function segmentNames() {
  const own = (/** @type {string} */ name) => {
    try {
      return statSync(`${FOLDER}/${name}`).uid === process.getuid?.();
    } catch (error) {
      if (error.code === 'ENOENT') return false; // it has gone meanwhile
      throw error;
    }
  };
  try {
    return new Set(readdirSync(FOLDER).filter((name) => name.startsWith('tutti-') && own(name)));
  } catch (error) {
    if (error.code === 'ENOENT') return new Set();
    throw error;
  }
}

/**
 * The trackers that run now, by the id that the names of their segments begin with.
 * @param {string} run
 * @returns {Map<string, { pid: string, ofRun: boolean }>}
 */
function trackers(run) {
  const found = new Map();
  if (process.platform !== 'linux') return found;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const id = /^tutti-tracker \S*\/([a-z0-9]{10})/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1];
      if (id === undefined) continue;
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      found.set(id, { pid, ofRun: environment.includes(`${RUN_VARIABLE}=${run}`) });
    } catch (error) {
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) throw error; // it has ended, or is somebody else's
    }
  }
  return found;
}

/**
 * What is left of a run after a while, in words; nothing as soon as nothing is.
 *
 * Other programs of this machine may use shared memory meanwhile: theirs is what a tracker of theirs looks after.
 * @param {ReadonlySet<string>} before the names that were there before the run
 * @param {string} run the value of {@link RUN_VARIABLE} in its processes
 * @param {number} waitMs how long things may take to go
 * @returns {string[]}
 */
export function leftBehind(before, run, waitMs) {
  const end = performance.now() + waitMs;
  for (;;) {
    const alive = trackers(run);
    const problems = [...alive]
      .filter(([, { ofRun }]) => ofRun)
      .map(([id, { pid }]) => `the tracker ${id} still runs (process ${pid}): somebody holds shared memory`);
    for (const name of segmentNames()) {
      const tracker = alive.get(name.slice('tutti-'.length, 'tutti-'.length + 10));
      if (!before.has(name) && tracker?.ofRun !== false) problems.push(`${FOLDER}/${name} was left`);
    }
    if (problems.length === 0 || performance.now() >= end) return problems;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BETWEEN_LOOKS_MS);
  }
}
