/** Brings node_modules up to date with package-lock.json, and does nothing when it already is. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const modules = join(root, 'node_modules');

/**
 * Runs npm, found by the npm that runs this script or else on the PATH.
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function npm(args, options = {}) {
  const cli = process.env.npm_execpath;
  return cli !== undefined && /npm-cli\.c?js$/.test(cli)
    ? spawnSync(process.execPath, [cli, ...args], options)
    : spawnSync('npm', args, { shell: process.platform === 'win32', ...options });
}

/** True when every package that the lock asks for on this platform is installed in its version. */
function isInstalled() {
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const hidden = join(modules, '.package-lock.json'); // npm writes it last, so it stands for a finished install
  if (!existsSync(hidden)) return false;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const installed = present[path];
    if (installed === undefined) return optional === true; // made for another platform
    return installed.version === version && existsSync(join(root, path));
  });
}

/** Installs the dependencies if they are missing or not those of package-lock.json; ends the process when npm fails. */
export function ensureInstalled() {
  if (isInstalled()) return;
  if (existsSync(modules) && lstatSync(modules).isSymbolicLink()) {
    console.error(
      'node_modules is a link and differs from package-lock.json: run `npm ci` where it points to',
    );
    return;
  }
  console.error('Installing the dependencies (npm ci) …');
  // Without the development dependencies there is no compiler, whatever NODE_ENV says.
  const { status, error } = npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    console.error(`npm ci failed${error ? `: ${error.message}` : ''}; see above`);
    process.exit(1);
  }
}
