/** `npm run soak -- [seconds] [seed]` and `npm run soak -- chaos [seconds] [seed]`: ten minutes by default. */
import { threadsSurvive } from './calls.ts';
import { chaos } from './chaos.ts';
import { soak } from './soak.ts';

const [kind, ...rest] = process.argv.slice(2);
const args = kind === 'chaos' ? rest : process.argv.slice(2);
const [seconds = '600', seed = String(Date.now() % 2 ** 32)] = args;
const log = (line: string): void => console.log(line);

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
} else {
  log(`soak: ${seconds} s, seed ${seed}`);
  const { calls, small, eras, crashed } = await soak(Number(seconds), Number(seed), log);
  log(
    `soak: ${calls} calls and ${small} small ones in ${eras} eras, ${crashed} workers died, nothing lost, nothing left`,
  );
}
