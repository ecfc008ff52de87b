/** Compiles a program in Go, once, and runs it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MissingError } from './missing.ts';
import type { Sample, Scale } from './suite.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Runs `bench/go/<suite>.go <contender> <scale>`, which prints the sample. */
export function go(suite: string, contender: string, scale: Scale): Sample {
  const size = scale.smoke ? 'smoke' : scale.quick ? 'quick' : 'full';
  const { status, stdout, stderr } = spawnSync(compile(suite), [contender, size], { encoding: 'utf8' });
  if (status !== 0) throw new RangeError(stderr.trim().split('\n')[0] ?? `exit code ${status}`);
  return JSON.parse(stdout) as Sample;
}

/** The compiled program, compiled again when its source is newer. */
function compile(suite: string): string {
  const folder = join(root, '.build', 'bench', 'go');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, suite);
  const source = join(root, 'bench', 'go', `${suite}.go`);
  const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > statSync(source).mtimeMs) return program;
  const { status, stderr, error } = spawnSync('go', ['build', '-o', program, source], { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const why = error === undefined ? stderr.trim().split('\n')[0] : error.message;
    throw new MissingError(`needs go (${why})`);
  }
  return program;
}
