/** How many CPUs this process may really use: affinity and cgroup quota, not what the host has. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { environmentInteger } from './environment.ts';

/** The largest number of workers that an executor accepts. */
export const MAX_WORKERS = 1024;

let cached: number | undefined;

/**
 * The number of CPUs that this process may use, at least 1: what executors take as their number of workers.
 *
 * It is the smallest of: the CPUs in the process's affinity mask (`taskset`, cpusets), the CPU quota of its
 * cgroup and of every cgroup above it (containers, systemd, Slurm; cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`),
 * and `os.availableParallelism()`. A quota of 1.5 CPUs counts as 2: rounding down would leave half a CPU
 * unused all the time, rounding up is throttled for a part of it only. On macOS and Windows it is
 * `os.availableParallelism()`. The environment variable `TUTTI_WORKERS` (1 to 1024) replaces all of this.
 *
 * Measured once per thread, by reading a few files under `/proc` and `/sys` (well below a millisecond); blocks meanwhile.
 *
 * @returns an integer ≥ 1
 * @throws RangeError when `TUTTI_WORKERS` is set and not an integer from 1 to 1024
 *
 * @example
 * ```ts
 * import { usableCores } from 'tutti';
 *
 * usableCores() >= 1; // => true
 * Number.isInteger(usableCores()); // => true
 * ```
 */
export function usableCores(): number {
  cached ??=
    environmentInteger('TUTTI_WORKERS', 1, MAX_WORKERS) ??
    measureCores({ platform: process.platform, parallelism: availableParallelism(), read: readText });
  return cached;
}

/** What {@link measureCores} looks at. */
export interface CoreSources {
  readonly platform: string;
  /** What the operating system says through Node. */
  readonly parallelism: number;
  /** A file's text; `undefined` when it cannot be read. */
  read(path: string): string | undefined;
}

/** The rule behind {@link usableCores}, on any sources. */
export function measureCores(sources: CoreSources): number {
  let cores = sources.parallelism;
  if (sources.platform === 'linux') {
    const affinity = parseAllowedCpus(sources.read('/proc/self/status') ?? '');
    if (affinity !== undefined) cores = Math.min(cores, affinity);
    const quota = cgroupQuota(sources);
    if (quota !== undefined) cores = Math.min(cores, Math.ceil(quota - 1e-9));
  }
  return Math.max(1, cores);
}

/** The number of CPUs in `Cpus_allowed_list` of a `/proc/<pid>/status` text. */
export function parseAllowedCpus(status: string): number | undefined {
  const list = /^Cpus_allowed_list:[ \t]*(.*)$/m.exec(status)?.[1];
  const count = list === undefined ? 0 : countCpuList(list);
  return count > 0 ? count : undefined;
}

/** The number of CPUs in a kernel CPU list such as `0-3,8,10-15:2/4` (cpuset(7), "List format"). */
export function countCpuList(list: string): number {
  let count = 0;
  for (const part of list.trim().split(',')) {
    const range = /^(\d+)(?:-(\d+)(?::(\d+)\/(\d+))?)?$/.exec(part.trim());
    if (!range) continue;
    const length = Number(range[2] ?? range[1]) - Number(range[1]) + 1;
    if (length <= 0) continue;
    if (range[3] === undefined) {
      count += length;
    } else {
      // `first-last:used/group`: the first `used` CPUs of every `group`.
      const used = Number(range[3]);
      const group = Math.max(1, Number(range[4]));
      count += Math.floor(length / group) * Math.min(used, group) + Math.min(length % group, used);
    }
  }
  return count;
}

/** Where one cgroup hierarchy with CPU control is mounted, and which cgroup of it is visible at the mount point. */
export interface CgroupMount {
  readonly mountPoint: string;
  readonly root: string;
}

/** The cgroup mounts in a `/proc/self/mountinfo` text that can limit CPU: v2, and v1's `cpu` controller (proc(5)). */
export function parseCgroupMounts(mountinfo: string): { v2?: CgroupMount; v1?: CgroupMount } {
  const mounts: { v2?: CgroupMount; v1?: CgroupMount } = {};
  for (const line of mountinfo.split('\n')) {
    // id parent major:minor ROOT MOUNT-POINT options [tags] - TYPE source SUPER-OPTIONS
    const [before, after] = line.split(' - ');
    const [root, mountPoint] = (before ?? '').split(' ').slice(3, 5);
    const [type, , options] = (after ?? '').split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    const mount = { root: unescapeMount(root), mountPoint: unescapeMount(mountPoint) };
    if (type === 'cgroup2') mounts.v2 ??= mount;
    else if (type === 'cgroup' && (options ?? '').split(',').includes('cpu')) mounts.v1 ??= mount;
  }
  return mounts;
}

/** The process's cgroup paths in a `/proc/self/cgroup` text: of v2, and of v1's `cpu` controller (cgroups(7)). */
export function parseCgroupPaths(cgroup: string): { v2?: string; v1?: string } {
  const paths: { v2?: string; v1?: string } = {};
  for (const line of cgroup.split('\n')) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === '0' && controllers === '') paths.v2 = path;
    else if (controllers?.split(',').includes('cpu')) paths.v1 = path;
  }
  return paths;
}

/** The CPUs that a `cpu.max` text allows (`150000 100000` → 1.5); `undefined` for no limit. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/);
  return ratio(Number(quota), Number(period ?? 100_000));
}

/** The smallest CPU quota of the process's cgroup and all cgroups above it, as far as they are visible. */
function cgroupQuota(sources: CoreSources): number | undefined {
  const mounts = parseCgroupMounts(sources.read('/proc/self/mountinfo') ?? '');
  const paths = parseCgroupPaths(sources.read('/proc/self/cgroup') ?? '');
  let smallest: number | undefined;
  const take = (quota: number | undefined) => {
    if (quota !== undefined && !(quota >= (smallest ?? Infinity))) smallest = quota;
  };
  if (mounts.v2) {
    for (const folder of cgroupFolders(mounts.v2, paths.v2)) {
      take(parseCpuMax(sources.read(`${folder}/cpu.max`) ?? ''));
    }
  }
  if (mounts.v1) {
    for (const folder of cgroupFolders(mounts.v1, paths.v1)) {
      const quota = Number(sources.read(`${folder}/cpu.cfs_quota_us`) ?? Number.NaN);
      take(ratio(quota, Number(sources.read(`${folder}/cpu.cfs_period_us`) ?? Number.NaN)));
    }
  }
  return smallest;
}

/**
 * The folders of a cgroup and of those above it, deepest first, up to the mount point.
 *
 * A container may see its own cgroup at the mount point (`root` is then a prefix of `path`), or a path that lies
 * outside of what is mounted (`/../..`, or a host path): then only the mount point itself is of use.
 */
export function cgroupFolders(mount: CgroupMount, path: string | undefined): string[] {
  const top = mount.mountPoint.replace(/\/+$/, '');
  const root = mount.root === '/' ? '' : mount.root;
  const folders: string[] = [];
  if (path !== undefined && (path === root || path.startsWith(`${root}/`)) && !path.includes('/..')) {
    const names = path.slice(root.length).split('/').filter(Boolean);
    for (let length = names.length; length > 0; length--) {
      folders.push(`${top}/${names.slice(0, length).join('/')}`);
    }
  }
  folders.push(top);
  return folders;
}

/** quota / period when both say something; a quota of −1 or `max` means no limit. */
function ratio(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

/** Spaces and the like are written as `\040` in mountinfo. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // absent or not readable for us: it says nothing about our limits
  }
}
