/** Who this thread is to the system, and whether another thread, of this process or another, is still there. */
import { readFileSync, readlinkSync } from 'node:fs';

/** Linux gives ids of at most 22 bits. */
const ID_MASK = 2 ** 22 - 1;

let mine: number | undefined;

/** The system's id of this thread, unique among all processes; 0 where the system does not tell. */
export function threadIdentity(): number {
  mine ??= process.platform === 'linux' ? readIdentity() : 0;
  return mine;
}

function readIdentity(): number {
  try {
    // `<pid>/task/<tid>` of whoever reads it; a synchronous call reads on the thread itself.
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1)) & ID_MASK;
  } catch {
    return 0; // no /proc: nothing is known about threads
  }
}

/** Whether the thread of an id has ended for certain. All must see each other's ids (not be in containers of their own). */
export function hasEnded(id: number): boolean {
  if (id === 0 || process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
    return state === 'Z' || state === 'X';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH';
  }
}
