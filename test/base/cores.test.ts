import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import {
  cgroupFolders,
  countCpuList,
  measureCores,
  parseAllowedCpus,
  parseCgroupMounts,
  parseCgroupPaths,
  parseCpuMax,
  usableCores,
} from '#src/base/cores.js';
import { fromRoot } from '../root.ts';

const timeout = 10_000;

const V2_MOUNTS = `22 1 0:20 / /proc rw,nosuid - proc proc rw
29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`;
const V1_MOUNTS = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
34 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:12 - cgroup cgroup rw,cpu,cpuacct
35 31 0:30 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:13 - cgroup cgroup rw,memory
`;

function cores(parallelism: number, files: Record<string, string>, platform = 'linux'): number {
  return measureCores({ platform, parallelism, read: (path) => files[path] });
}

test('CPU lists of every form are counted', { timeout }, () => {
  assert.equal(countCpuList('0'), 1);
  assert.equal(countCpuList('0-3'), 4);
  assert.equal(countCpuList('0-3,8,10-11\n'), 7);
  assert.equal(countCpuList('0-31:2/16'), 4);
  assert.equal(countCpuList('0-16:2/16'), 3);
  assert.equal(countCpuList(''), 0);
  assert.equal(countCpuList('rubbish,3-1'), 0);
});

test('the affinity mask is read from the status text', { timeout }, () => {
  assert.equal(
    parseAllowedCpus('Name:\tnode\nCpus_allowed:\tf\nCpus_allowed_list:\t0-1,5\nMems_allowed:\t1\n'),
    3,
  );
  assert.equal(parseAllowedCpus('Name:\tnode\nCpus_allowed:\tf\n'), undefined);
  assert.equal(parseAllowedCpus('Cpus_allowed_list:\t\nMems_allowed_list:\t0-3\n'), undefined);
});

test('cpu.max is quota over period, and max means no limit', { timeout }, () => {
  assert.equal(parseCpuMax('max 100000\n'), undefined);
  assert.equal(parseCpuMax('150000 100000\n'), 1.5);
  assert.equal(parseCpuMax('50000'), 0.5);
  assert.equal(parseCpuMax(''), undefined);
  assert.equal(parseCpuMax('-1 100000'), undefined);
});

test('cgroup mounts are told apart by type and controller', { timeout }, () => {
  assert.deepEqual(parseCgroupMounts(V2_MOUNTS), { v2: { root: '/', mountPoint: '/sys/fs/cgroup' } });
  assert.deepEqual(parseCgroupMounts(V1_MOUNTS), {
    v1: { root: '/docker/abc', mountPoint: '/sys/fs/cgroup/cpu,cpuacct' },
  });
  assert.deepEqual(parseCgroupMounts('5 1 0:2 / /my\\040groups rw - cgroup2 none rw\n'), {
    v2: { root: '/', mountPoint: '/my groups' },
  });
  assert.deepEqual(parseCgroupMounts('35 31 0:30 / /c rw - cgroup cgroup rw,cpuset\n'), {});
});

test('cgroup paths are told apart by hierarchy and controller, colons in names included', { timeout }, () => {
  assert.deepEqual(parseCgroupPaths('0::/user.slice/a:b.scope\n'), { v2: '/user.slice/a:b.scope' });
  assert.deepEqual(parseCgroupPaths('12:cpuset:/x\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/y\n0::/\n'), {
    v1: '/docker/abc',
    v2: '/',
  });
});

test('the folders of a cgroup end at the mount point', { timeout }, () => {
  const top = { root: '/', mountPoint: '/cg' };
  assert.deepEqual(cgroupFolders(top, '/a/b'), ['/cg/a/b', '/cg/a', '/cg']);
  assert.deepEqual(cgroupFolders(top, '/'), ['/cg']);
  assert.deepEqual(cgroupFolders(top, undefined), ['/cg']);
  assert.deepEqual(cgroupFolders(top, '/../../other'), ['/cg']);
  const inside = { root: '/docker/abc', mountPoint: '/cg/' };
  assert.deepEqual(cgroupFolders(inside, '/docker/abc'), ['/cg']);
  assert.deepEqual(cgroupFolders(inside, '/docker/abc/x'), ['/cg/x', '/cg']);
  assert.deepEqual(cgroupFolders(inside, '/docker/abcdef'), ['/cg']);
});

test('the smallest quota along the v2 hierarchy wins, rounded up', { timeout }, () => {
  const files = {
    '/proc/self/mountinfo': V2_MOUNTS,
    '/proc/self/cgroup': '0::/slurm/job_7/step_0\n',
    '/sys/fs/cgroup/slurm/job_7/step_0/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/slurm/job_7/cpu.max': '350000 100000\n',
    '/sys/fs/cgroup/slurm/cpu.max': '1600000 100000\n',
  };
  assert.equal(cores(32, files), 4);
  assert.equal(cores(32, { ...files, '/sys/fs/cgroup/slurm/cpu.max': '20000 100000' }), 1);
  assert.equal(cores(2, files), 2);
});

test('a v1 container sees its quota at the mount point', { timeout }, () => {
  const files = {
    '/proc/self/mountinfo': V1_MOUNTS,
    '/proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n0::/\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '250000\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  };
  assert.equal(cores(16, files), 3);
  assert.equal(cores(16, { ...files, '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n' }), 16);
});

test('a quota of whole CPUs is not rounded up by floating point', { timeout }, () => {
  const files = {
    '/proc/self/mountinfo': V2_MOUNTS,
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.max': '300000 100000',
  };
  assert.equal(cores(16, files), 3);
});

test('affinity limits, and nothing readable means what the operating system says', { timeout }, () => {
  assert.equal(cores(8, { '/proc/self/status': 'Cpus_allowed_list:\t4-6\n' }), 3);
  assert.equal(cores(8, {}), 8);
  assert.equal(cores(0, {}), 1);
  assert.equal(cores(8, { '/proc/self/status': 'Cpus_allowed_list:\t4-6\n' }, 'darwin'), 8);
});

test('usableCores() of this process is between 1 and what the system has', { timeout }, () => {
  assert.ok(Number.isInteger(usableCores()) && usableCores() >= 1);
  if (process.env['TUTTI_WORKERS'] === undefined) assert.ok(usableCores() <= availableParallelism());
  assert.equal(usableCores(), usableCores());
});

function usableCoresWith(value: string): string {
  const url = new URL(`file://${fromRoot('dist/base/cores.js')}`).href;
  const code = `const { usableCores } = await import(${JSON.stringify(url)});
    try { console.log(usableCores()); } catch (error) { console.log(error.name + ': ' + error.message); }`;
  const env = { ...process.env, TUTTI_WORKERS: value };
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    env,
    encoding: 'utf8',
  }).trim();
}

test('TUTTI_WORKERS replaces the measured number and is checked', { timeout: 30_000 }, () => {
  assert.equal(usableCoresWith('7'), '7');
  assert.match(usableCoresWith(''), /^\d+$/);
  for (const wrong of ['0', '1025', '2.5', 'many']) {
    const got = usableCoresWith(wrong);
    assert.equal(
      got,
      `RangeError: environment variable TUTTI_WORKERS must be an integer from 1 to 1024, but is ${JSON.stringify(wrong)}; correct or unset it`,
    );
  }
});
