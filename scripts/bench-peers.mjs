/** Installs the packages that the benchmarks compare with, in their own folder: nobody else needs them. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './install.mjs';
import { root } from './paths.mjs';

const folder = join(root, 'bench', 'peers');

/** True when every package of the lock that this platform needs is there in its version. */
export function peersInstalled() {
  const hidden = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (present[path] === undefined ? optional === true : present[path].version === version),
  );
}

/** Brings `bench/peers/node_modules` up to date, without install scripts; says so and goes on when that fails. */
export function ensurePeers() {
  if (!peersInstalled()) {
    console.error('Installing the peers to compare with (npm ci in bench/peers) …');
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status } = npm(args, { cwd: folder, stdio: ['ignore', 2, 2] });
    if (status !== 0) console.error('npm ci failed: the peers are left out of the tables');
  }
  link();
}

/** Compiled adapters find the peers through a link beside them. */
function link() {
  const at = join(root, '.build', 'bench', 'peers', 'node_modules');
  mkdirSync(join(at, '..'), { recursive: true });
  rmSync(at, { force: true, recursive: true });
  symlinkSync(join(folder, 'node_modules'), at, 'junction');
}
