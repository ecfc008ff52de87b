/**
 * One computation, four ways: a plain loop, array methods, a parallel map and a parallel loop over shared memory.
 *
 * A body as short as this one is where messages cost more than the work: `map` would have to send every number there and
 * back, and begins in the calling thread to see whether that pays; `for` sends none. All give the same numbers; the times go to stderr.
 *
 * Python: the tutorial's loops versus vectors (a Python loop, a comprehension, NumPy, numba.prange)
 */
import { shared, threads } from 'tutti';

const N = 300_000;
const f = (x: number) => Math.sqrt(x) * Math.sin(x);

const pool = threads();
await pool.broadcast(() => 'ready');

const x = shared(
  Float64Array,
  Array.from({ length: N }, (_, i) => i / 100),
);

const ways = {
  'plain loop': () => {
    const y = new Float64Array(N);
    for (let i = 0; i < N; i++) y[i] = f(x[i]!);
    return y;
  },
  'array method': () => x.map(f),
  'parallel map': async () => Float64Array.from(await pool.map(x, f)),
  'parallel for': async () => {
    const y = shared(Float64Array, N);
    await pool.for(N, (i) => {
      y[i] = f(x[i]!);
    });
    return y;
  },
};

let expected: Float64Array | undefined;
for (const [name, compute] of Object.entries(ways)) {
  const start = performance.now();
  const y = await compute();
  console.error(`${name}: ${(performance.now() - start).toFixed(1)} ms`);
  expected ??= y;
  const same = y.length === N && y.every((value, i) => value === expected?.[i]);
  console.log(`${name.padEnd(12)} ${same ? '✓' : '✗'}`);
}

await pool.close();

// expected output:
// plain loop   ✓
// array method ✓
// parallel map ✓
// parallel for ✓
