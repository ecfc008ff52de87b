/** Other versions of Node to test on, brought by npm. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { npm } from './install.mjs';
import { root } from './paths.mjs';

const { versions, newestLts } = JSON.parse(
  readFileSync(new URL('./node-versions.json', import.meta.url), 'utf8'),
);
const known = join(root, '.build', 'nodes.json');
const majorOf = (version) => version.split('.')[0];

/** Whether `version` is of the newest line that is supported for long. */
export const isNewestLts = (version) => majorOf(version) === majorOf(newestLts);

/**
 * The versions to test on, in order: the running one first, so that what is wrong shows early, and the newest
 * LTS last, because its summary closes the output. The running one stands for all of its major version.
 * @param {readonly string[]} [majors] only these
 */
export function versionsToTest(majors) {
  const current = process.versions.node;
  const all = [current, ...versions.filter((version) => majorOf(version) !== majorOf(current))];
  const ordered = [...all.filter((version) => !isNewestLts(version)), ...all.filter(isNewestLts)];
  return majors === undefined ? ordered : ordered.filter((version) => majors.includes(majorOf(version)));
}

/**
 * The path of a Node of exactly this version, installed into npm's cache when it is not there yet.
 * @param {string} version
 * @returns {{ path: string } | { missing: string }} `missing` says why there is none
 */
export function nodeOf(version) {
  if (version === process.versions.node) return { path: process.execPath };
  const paths = existsSync(known) ? JSON.parse(readFileSync(known, 'utf8')) : {};
  if (paths[version] !== undefined && versionAt(paths[version]) === version) return { path: paths[version] };

  // On Linux the binaries are packages of their own; elsewhere `node` knows their names (by an install script).
  const packages = process.platform === 'linux' ? [`node-linux-${process.arch}`, 'node'] : ['node'];
  let why = '';
  for (const name of packages) {
    const args = ['exec', '--yes', `--package=${name}@${version}`, '--', 'node', '-p', 'process.execPath'];
    const { stdout, stderr, error } = npm(args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const path = stdout?.trim().split('\n').at(-1) ?? '';
    if (versionAt(path) === version) {
      mkdirSync(dirname(known), { recursive: true });
      writeFileSync(known, JSON.stringify({ ...paths, [version]: path }, null, 2));
      return { path };
    }
    why ||= error?.message ?? stderr?.trim().split('\n').slice(-3).join(' ') ?? '';
  }
  return { missing: why };
}

function versionAt(path) {
  if (path === '' || !existsSync(path)) return undefined;
  const { stdout } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return stdout?.trim();
}
