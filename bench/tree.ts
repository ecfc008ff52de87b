/** CPU time and memory of this process and its descendants, as far as the system tells (Linux); undefined elsewhere. */
import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks per second in `/proc`: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** What a file under `/proc` says; undefined when the process has ended meanwhile. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ESRCH' && code !== 'EACCES') throw error;
    return undefined;
  }
}

/** Ids and CPU times of all descendants. */
function descendants(): { pid: number; ticks: number }[] {
  const children = new Map<number, { pid: number; ticks: number }[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) continue;
    // The name, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const parent = Number(fields[1]);
    const one = { pid: Number(name), ticks: Number(fields[11]) + Number(fields[12]) };
    children.set(parent, [...(children.get(parent) ?? []), one]);
  }
  const found: { pid: number; ticks: number }[] = [];
  const todo = [process.pid];
  for (let pid = todo.pop(); pid !== undefined; pid = todo.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      todo.push(child.pid);
    }
  }
  return found;
}

/** Milliseconds of CPU that this process and its living descendants have taken. */
export function treeCpuMs(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const { user, system } = process.cpuUsage();
  const ticks = descendants().reduce((sum, child) => sum + child.ticks, 0);
  return (user + system) / 1000 + (ticks * 1000) / TICKS;
}

/** Proportional set size: pages that processes share count once. */
export function treeMemoryMb(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let kilobytes = 0;
  for (const pid of [process.pid, ...descendants().map((child) => child.pid)]) {
    const pss = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
    if (pss !== undefined) kilobytes += Number(pss);
  }
  return (kilobytes * 1024) / 1e6;
}
