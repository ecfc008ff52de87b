/** The worker one would write by hand for the loop of the `for` suite. */
import { parentPort, workerData } from 'node:worker_threads';

const { a, out } = workerData as { a: Float64Array; out: Float64Array };
const f = (x: number): number => Math.sqrt(x) * 3 + 1;

parentPort?.on('message', ([from, to]: [number, number]) => {
  run(from, to);
  parentPort?.postMessage(to);
});

function run(from: number, to: number): void {
  for (let i = from; i < to; i++) out[i] = f(a[i] as number);
}
