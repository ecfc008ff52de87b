/**
 * A barrier: nobody goes on before all have come, round after round.
 *
 * Heat spreads along a rod. Each of three threads computes its own part of the next state out of the present one, where it needs
 * its neighbours' numbers: so all have to be done with one step before anybody begins the next. The barrier's action, called by
 * the last to arrive, counts the steps.
 *
 * Python: threading.Barrier(parties, action, timeout)
 */
import { context, shared, threads } from 'tutti';
import { Barrier, BrokenBarrierError } from 'tutti/sync';

const workers = 3;
const cells = 30;
const steps = 200;
const pool = threads({ workers });
const state = [shared(Float64Array, cells), shared(Float64Array, cells)] as const;
state[0].fill(100, 0, 1);
state[1].fill(100, 0, 1);
const counted = shared(Int32Array, 1);
const barrier = new Barrier(workers, {
  action: () => {
    counted[0]! += 1;
  },
});

await pool.broadcast(() => {
  const share = cells / workers;
  const from = (context().workerId - 1) * share;
  for (let step = 0; step < steps; step++) {
    const [now, next] = step % 2 === 0 ? state : [state[1], state[0]];
    for (let i = Math.max(1, from); i < Math.min(cells - 1, from + share); i++) {
      next[i] = now[i]! + 0.4 * (now[i - 1]! - 2 * now[i]! + now[i + 1]!);
    }
    barrier.wait();
  }
});

const end = state[steps % 2 === 0 ? 0 : 1];
console.log(`steps: ${counted[0]}`);
console.log(
  [...end]
    .filter((_, i) => i % 6 === 0)
    .map((t) => t.toFixed(2))
    .join(' '),
);

// One thread computes the same.
let now = new Float64Array(cells);
now[0] = 100;
for (let step = 0; step < steps; step++) {
  const next = Float64Array.from(now);
  for (let i = 1; i < cells - 1; i++) next[i] = now[i]! + 0.4 * (now[i - 1]! - 2 * now[i]! + now[i + 1]!);
  now = next;
}
console.log(`the same as in one thread: ${now.every((t, i) => t === end[i])}`);

// Who does not come within the limit breaks it, for all.
const error = await pool.submit(() => barrier.wait({ timeoutMs: 20 })).catch((reason: unknown) => reason);
console.log(`alone: ${error instanceof BrokenBarrierError}, broken: ${barrier.broken}`);
barrier.reset();
console.log(`after reset(): ${barrier.broken}`);
await pool.close();

// expected output:
// steps: 200
// 100.00 63.57 34.31 15.36 5.07
// the same as in one thread: true
// alone: true, broken: true
// after reset(): false
