/**
 * The calling thread takes part in the work: `{ help: true }`.
 *
 * A program that only waits for its result leaves a core idle, or, with as many workers as cores, could at least do the
 * first items while the workers start. With `help` the calling thread runs pieces of the call itself, between turns of the
 * event loop and for about 5 ms at a time: timers and results still get their turn. It is worker 0 there.
 *
 * Python: a main thread that works along with its `ThreadPoolExecutor`; OpenMP, where the master thread is one of the team
 */
import { context, shared, threads } from 'tutti';

await using pool = threads({ workers: 1 });

/** Length of the Collatz sequence from n. */
function collatz(n: number): number {
  let steps = 0;
  for (; n !== 1; steps++) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
  return steps;
}

const ran = shared(Int32Array, 2);
const lengths = await pool.map(
  Array.from({ length: 300_000 }, (_, k) => k + 1),
  (n) => {
    Atomics.add(ran, context().workerId === 0 ? 0 : 1, 1);
    return collatz(n);
  },
  { help: true },
);

let longest = 0;
for (const [k, length] of lengths.entries()) if (length > (lengths[longest] as number)) longest = k;
console.log(`below 300000 the longest sequence starts at ${longest + 1}: ${lengths[longest]} steps`);
const [here, there] = Array.from(ran) as [number, number];
console.log(
  `both took part: ${here > 0 && there > 0}, every item ran once: ${here + there === lengths.length}`,
);
console.error(`the calling thread ran ${here} items, the worker ${there}`);

// expected output:
// below 300000 the longest sequence starts at 230631: 442 steps
// both took part: true, every item ran once: true
