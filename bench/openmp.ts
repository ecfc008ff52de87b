/** Compiles a problem's C version with OpenMP and runs it. */
import { spawnSync } from 'node:child_process';
import { compiled } from './compiled.ts';

/** The values that the program printed: `serialMs`, `wallMs` and what is to be checked. */
export function openmp(name: string, args: readonly number[]): Readonly<Record<string, number>> {
  const program = compiled('c', [`${name}.c`, 'measure.h'], 'cc with OpenMP', (to, main) => [
    ...(['cc', '-O3', '-march=native', '-fopenmp', '-o'] as const),
    to,
    main,
    '-lm',
  ]);
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
