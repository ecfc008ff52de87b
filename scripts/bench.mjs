/** `npm run bench`: installs and builds what is not up to date, the peers to compare with included, then runs the benchmarks with the arguments after `--`. */
import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './paths.mjs';

const { BuildError, buildSources, buildTests } = await import('./build.mjs');
const { ensurePeers } = await import('./bench-peers.mjs');
const { ensureInstalled } = await import('./install.mjs');

ensureInstalled();
try {
  buildSources();
  buildTests();
  ensurePeers();
  const args = [join(root, '.build', 'bench', 'run.js'), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
