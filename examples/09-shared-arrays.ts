/**
 * Shared values and arrays: all workers read and write the same memory, and a parallel `for` needs no message per item.
 *
 * Each iteration writes elements of its own; where several add to one element, `Atomics` keeps the sum right.
 * Everything the workers wrote is visible once the call has settled.
 *
 * Python: multiprocessing.Value, multiprocessing.Array, shared_memory, numba.prange
 */
import { shared, threads } from 'tutti';

const pool = threads({ workers: 2 });

// An array: every iteration has its own element.
const x = shared(
  Float64Array,
  Array.from({ length: 10_000 }, (_, i) => i),
);
const y = shared(Float64Array, x.length);
await pool.for(x.length, (i) => {
  y[i] = 2 * x[i]! + 1;
});
console.log(`y = 2x + 1: ${y.subarray(0, 5).join(' ')} … ${y.at(-1)}`);

// A value: every iteration adds to the same element.
const counter = shared(Int32Array, 1);
await pool.for(10_000, (i) => {
  if (i % 7 === 0) Atomics.add(counter, 0, 1);
});
console.log(`multiples of 7: ${counter[0]}`);

// A histogram: shared bins, atomic increments.
const bins = shared(Uint32Array, 10);
await pool.for({ start: 1, end: 1001 }, (n) => {
  Atomics.add(bins, Number(String(n * n).at(-1)), 1);
});
console.log(`last digits of squares: ${bins.join(' ')}`);

await pool.close();

// expected output:
// y = 2x + 1: 1 3 5 7 9 … 19999
// multiples of 7: 1429
// last digits of squares: 100 200 0 0 200 100 200 0 0 200
