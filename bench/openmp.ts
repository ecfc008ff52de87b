/** Compiles a problem's C version with OpenMP and runs it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MissingError } from './missing.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The values that the program printed: `serialMs`, `wallMs` and what is to be checked. */
export function openmp(name: string, args: readonly number[]): Readonly<Record<string, number>> {
  const program = compile(name);
  // Threads that spin at a barrier are best on free cores, threads that sleep on busy ones: the better run counts.
  const runs = ['active', 'passive'].map((policy) => {
    const { status, stdout, stderr } = spawnSync(program, args.map(String), {
      encoding: 'utf8',
      env: { ...process.env, OMP_WAIT_POLICY: policy },
    });
    if (status !== 0) throw new RangeError(`${name} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, number>;
  });
  return runs.reduce((a, b) => ((a['wallMs'] ?? Infinity) <= (b['wallMs'] ?? Infinity) ? a : b));
}

/** The compiled program, compiled again when its source is newer. */
function compile(name: string): string {
  const folder = join(root, '.build', 'bench', 'c');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, name);
  const source = join(root, 'bench', 'c', `${name}.c`);
  const header = join(root, 'bench', 'c', 'measure.h');
  const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > Math.max(statSync(source).mtimeMs, statSync(header).mtimeMs)) return program;
  const options = ['-O3', '-march=native', '-fopenmp', '-o', program, source, '-lm'];
  const { status, stderr, error } = spawnSync('cc', options, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const why = error === undefined ? stderr.trim().split('\n')[0] : error.message;
    throw new MissingError(`needs cc with OpenMP (${why})`);
  }
  return program;
}
