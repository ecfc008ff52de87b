/** Which process is which, across the reuse of pids. */
import { readFileSync } from 'node:fs';

/** Linux gives pids of at most 22 bits; the 9 bits above tell a process from a later one with the same pid. */
const PID_BITS = 22;
const PID_MASK = (1 << PID_BITS) - 1;

/** The pid with a digest of its start time above, a positive number; undefined when there is no such process, or only its exit status. */
export function processIdentity(pid: number): number | undefined {
  if (process.platform !== 'linux') return pid & PID_MASK;
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it has ended
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined; // its parent may be the one who waits here
  const digest = Number(fields[19]) % 509; // the start time in ticks, field 22 of proc(5)
  return (pid & PID_MASK) | (digest << PID_BITS);
}

/** The pid of an identity. */
export function pidOf(identity: number): number {
  return identity & PID_MASK;
}

/** Whether the process of an identity still runs. */
export function isProcessAlive(identity: number): boolean {
  const pid = pidOf(identity);
  if (process.platform === 'linux') return processIdentity(pid) === identity;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, but somebody else's
  }
}
