/**
 * A task graph by hand: tasks are promises, so a graph is a few awaits.
 *
 * A node is submitted when what it needs is there; nodes that do not depend on each other run at the same time. The
 * shared node is computed once, however many need it.
 *
 * Python: dask.delayed and compute, the tutorial's task graphs, celery's chain, group and chord
 */
import { shared, threads } from 'tutti';

const pool = threads({ workers: 2 });
const loads = shared(Int32Array, 1);

function load(count: number): number[] {
  Atomics.add(loads, 0, 1);
  return Array.from({ length: count }, (_, k) => ((k * 37) % 101) / 10);
}
const mean = (xs: number[]) => xs.reduce((a, b) => a + b) / xs.length;
const spread = (xs: number[], centre: number) => Math.sqrt(mean(xs.map((x) => (x - centre) ** 2)));
const report = (centre: number, width: number, top: number) =>
  `mean ${centre.toFixed(2)}, spread ${width.toFixed(2)}, top ${top.toFixed(2)}`;

/** A node: a function of other nodes, started as soon as all of them have their values. */
async function node<A extends unknown[], R>(
  fn: (...args: A) => R,
  ...needs: { [K in keyof A]: A[K] | Promise<A[K]> }
) {
  return pool.submit(fn, ...((await Promise.all(needs)) as A));
}

//          ┌─ average ─┬─ deviation ─┐
//   data ──┤───────────┘             ├─ summary
//          └─ highest ───────────────┘
const data = node(load, 101);
const average = node(mean, data);
const highest = node((xs: number[]) => Math.max(...xs), data);
const deviation = node(spread, data, average);
const summary = node(report, average, deviation, highest);

console.log(await summary);
console.log(`loaded ${loads[0]} time for three users`);

// A chord: one task after a whole group, and none if one of the group fails.
const group = [1, 2, 3].map((n) => pool.submit((k: number) => k * k, n));
console.log(`chord: ${await node((...squares: number[]) => squares.reduce((a, b) => a + b), ...group)}`);

await pool.close();

// expected output:
// mean 5.00, spread 2.92, top 10.00
// loaded 1 time for three users
// chord: 14
