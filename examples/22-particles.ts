/**
 * A particle simulator: 200 bodies that attract each other, stepped in shared memory.
 *
 * Each step is two parallel loops, with an `await` between them as the barrier: first every body's velocity from all
 * positions, then every position from its velocity. Each element has one writer, so the result is the same to the last bit
 * on any number of workers.
 *
 * Python: the tutorial's particle simulator (Cython prange, mpi4py), numba.prange
 */
import { serial, shared, threads, type Executor } from 'tutti';

const N = 200;
const STEPS = 20;
const DT = 0.001;

/** The same start every time: bodies on a spiral, at rest. */
function start() {
  const angle = (i: number) => i * 2.399963;
  const radius = (i: number) => Math.sqrt(i + 1) / Math.sqrt(N);
  const all = Array.from({ length: N }, (_, i) => i);
  return {
    x: shared(
      Float64Array,
      all.map((i) => radius(i) * Math.cos(angle(i))),
    ),
    y: shared(
      Float64Array,
      all.map((i) => radius(i) * Math.sin(angle(i))),
    ),
    vx: shared(Float64Array, N),
    vy: shared(Float64Array, N),
  };
}

async function simulate(executor: Executor) {
  const { x, y, vx, vy } = start();
  for (let step = 0; step < STEPS; step++) {
    await executor.for(N, (i) => {
      let ax = 0;
      let ay = 0;
      for (let j = 0; j < N; j++) {
        const dx = x[j]! - x[i]!;
        const dy = y[j]! - y[i]!;
        const square = dx * dx + dy * dy + 0.01;
        const pull = 1 / (square * Math.sqrt(square));
        ax += dx * pull;
        ay += dy * pull;
      }
      vx[i]! += ax * DT;
      vy[i]! += ay * DT;
    });
    await executor.for(N, (i) => {
      x[i]! += vx[i]! * DT;
      y[i]! += vy[i]! * DT;
    });
  }
  const sum = (array: Float64Array) => array.reduce((a, b) => a + b, 0);
  const size = Math.max(...x.map((value, i) => Math.hypot(value, y[i]!)));
  return { size, momentum: Math.hypot(sum(vx), sum(vy)), bits: [...x, ...y, ...vx, ...vy].join() };
}

const pool = threads();
const alone = await simulate(serial());
const together = await simulate(pool);

console.log(`after ${STEPS} steps the cloud has a radius of ${together.size.toFixed(4)}`);
console.log(`momentum is conserved: ${together.momentum < 1e-9 ? '✓' : '✗'}`);
console.log(`serial and threads agree to the last bit: ${alone.bits === together.bits ? '✓' : '✗'}`);

await pool.close();

// expected output:
// after 20 steps the cloud has a radius of 0.9368
// momentum is conserved: ✓
// serial and threads agree to the last bit: ✓
