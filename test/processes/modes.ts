/** The two ways in which a pool and its worker processes speak: tests run in both where it matters. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { processes, type Executor, type ProcessesOptions } from 'tutti';

export interface Mode {
  readonly name: string;
  readonly sharedMemory: boolean;
  readonly open: (options?: ProcessesOptions) => Executor;
}

const names = [
  ['with shared memory', true],
  ['by message', false],
] as const;

/** Only what hangs comes near it. */
export const timeout = 30_000;

/** Declares a test for each mode. */
export function inBothModes(title: string, body: (mode: Mode) => Promise<void>): void {
  for (const [name, sharedMemory] of names) {
    test(`${title}, ${name}`, { timeout }, async () => {
      const opened: Executor[] = [];
      const open = (options?: ProcessesOptions): Executor => {
        const pool = processes({ ...options, sharedMemory });
        opened.push(pool);
        return pool;
      };
      try {
        await body({ name, sharedMemory, open });
      } finally {
        // A test that has failed leaves nothing that runs.
        for (const pool of opened) if (!pool.closed) await pool.terminate();
      }
    });
  }
}

export const onLinux = { timeout, skip: process.platform === 'linux' ? false : 'needs /proc of Linux' };

/** The state letter of a process: `R`, `S`, `T` (stopped), `Z` …; undefined when there is none of this id. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Whether a process runs or could. */
export function lives(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Ids of all processes that have the variable `name=value` in the environment that they were started with. */
export function processesWith(name: string, value: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${name}=${value}`);
      } catch {
        return false; // not ours, or gone
      }
    })
    .map(Number)
    .filter((pid) => lives(pid));
}
