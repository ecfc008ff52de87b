/** `npm run soak -- [seconds] [seed]`, and the same with `chaos` or `sync` before: ten minutes by default. */
import { nativeProblem } from '#src/memory/native.js';
import { threadsSurvive } from './calls.ts';
import { chaos } from './chaos.ts';
import { soak } from './soak.ts';
import { stress } from '../sync/stress.ts';

const [kind, ...rest] = process.argv.slice(2);
const args = kind === 'chaos' || kind === 'sync' ? rest : process.argv.slice(2);
const [seconds = '600', seed = String(Date.now() % 2 ** 32)] = args;
const log = (line: string): void => console.log(line);

const missing = nativeProblem('sync')?.message;

if (!threadsSurvive)
  log(
    `note: Node ${process.version} may abort when the heap of a thread runs full; heaps run full on processes() only`,
  );
if (kind === 'chaos') {
  log(`chaos: ${seconds} s, seed ${seed}`);
  const { tasks, eras, signals, crashed } = await chaos(Number(seconds), Number(seed), log);
  log(
    `chaos: ${tasks} tasks in ${eras} eras, ${signals} signals, ${crashed} workers died, nothing lost, nothing left`,
  );
} else if (kind === 'sync') {
  log(`sync: ${seconds} s, seed ${seed}${missing === undefined ? '' : `; threads only: ${missing}`}`);
  const options = { isolated: missing === undefined, n: 20_000, log };
  const { operations, rounds, counts } = await stress(Number(seconds), Number(seed), options);
  for (const [what, count] of counts) log(`sync: ${what}: ${count} operations`);
  log(`sync: ${operations} operations in ${rounds} rounds, nothing lost`);
} else {
  log(`soak: ${seconds} s, seed ${seed}`);
  const { calls, small, eras, crashed } = await soak(Number(seconds), Number(seed), log);
  log(
    `soak: ${calls} calls and ${small} small ones in ${eras} eras, ${crashed} workers died, nothing lost, nothing left`,
  );
}
