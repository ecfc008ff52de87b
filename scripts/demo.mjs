/** Runs `tutti demo` from this checkout. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BuildError, buildSources } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { root } from './paths.mjs';

/** Brings the build up to date and runs the demo; returns the exit status. */
export function runDemo(args) {
  ensureInstalled();
  try {
    buildSources();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    return 1;
  }
  const { status, signal } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli', 'main.js'), 'demo', ...args],
    {
      stdio: 'inherit',
    },
  );
  if (signal !== null) process.kill(process.pid, signal);
  return status ?? 1;
}
