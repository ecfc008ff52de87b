/** How a child process ended, for a thread that blocks: Node tells by an event only. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { WorkerExit } from '../executor/worker-link.ts';

/**
 * How the process ended; undefined while it lives, and where the system has no `/proc`.
 *
 * A process that has ended stays as a zombie until Node has told, with its wait status as the last field of its `stat`
 * (proc(5)).
 */
export function exitStatus(pid: number): WorkerExit | undefined {
  if (process.platform !== 'linux') return undefined;
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return {};
    // It cannot be known now (no file descriptor is left): the next look may tell.
    return undefined;
  }
  // The name, in parentheses, may hold anything.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ');
  if (fields[0] !== 'Z' && fields[0] !== 'X') return undefined;
  return ofWaitStatus(Number(fields.at(-1)));
}

function ofWaitStatus(status: number): WorkerExit {
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff };
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return { signal: name ?? `signal ${signal}` };
}
