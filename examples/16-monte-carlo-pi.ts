/**
 * π by throwing darts: the share that lands in the quarter circle, times four.
 *
 * The work is cut into blocks, each with its own random stream; the hits are added up by `reduce`. With a seed the
 * result is the same on any machine, whatever its number of cores.
 *
 * Python: the tutorial's Monte Carlo π with multiprocessing.Pool.map, mpi4py's cpi
 */
import { context, map, reduce } from 'tutti';

const BLOCKS = 40;
const DARTS = 50_000;

function hitsOf(darts: number): number {
  const here = context();
  let hits = 0;
  for (let dart = 0; dart < darts; dart++) {
    const x = here.random();
    const y = here.random();
    if (x * x + y * y < 1) hits++;
  }
  return hits;
}

const blocks = new Array<number>(BLOCKS).fill(DARTS);
const hits = await map(blocks, hitsOf, { seed: 314 });
const total = await reduce(hits, (a, b) => a + b);
const pi = (4 * total) / (BLOCKS * DARTS);

console.log(`${BLOCKS * DARTS} darts: π ≈ ${pi.toFixed(4)}`);

const again = await map(blocks.slice(0, 3), hitsOf, { seed: 314 });
console.log(`the first blocks repeat: ${again.every((count, k) => count === hits[k])}`);
console.log(`within a thousandth: ${Math.abs(pi - Math.PI) < 0.001 * Math.PI ? '✓' : '✗'}`);

// expected output:
// 2000000 darts: π ≈ 3.1406
// the first blocks repeat: true
// within a thousandth: ✓
