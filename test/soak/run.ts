/** `npm run soak -- [seconds] [seed]`: ten minutes by default. */
import { soak } from './soak.ts';

const [seconds = '600', seed = String(Date.now() % 2 ** 32)] = process.argv.slice(2);
console.log(`soak: ${seconds} s, seed ${seed}`);
const report = await soak(Number(seconds), Number(seed), (line) => console.log(line));
console.log(
  `soak: ${report.calls} calls in ${report.eras} eras, ${report.crashed} workers died, nothing lost, nothing left`,
);
