/** Runs a contender in Go. */
import { spawnSync } from 'node:child_process';
import { compiled } from './compiled.ts';
import { sizeOf, type Sample, type Scale } from './suite.ts';

/** Runs `bench/go/<suite>.go <contender> <scale>`, which prints the sample. */
export function go(suite: string, contender: string, scale: Scale): Sample {
  const program = compiled('go', [`${suite}.go`], 'go', (to, main) => ['go', 'build', '-o', to, main]);
  const { status, stdout, stderr } = spawnSync(program, [contender, sizeOf(scale)], { encoding: 'utf8' });
  if (status !== 0) throw new RangeError(stderr.trim().split('\n')[0] ?? `exit code ${status}`);
  return JSON.parse(stdout) as Sample;
}
