/**
 * Order and limits: urgent tasks first, and no more waiting than you allow.
 *
 * Options of single calls come from a view: `pool.with({ priority: 10 })` has the same workers and other defaults.
 * A pool with `maxQueue` refuses what it cannot take soon, so that a flood of requests fails early and visibly.
 *
 * Python: queue.PriorityQueue, queue.Queue(maxsize=…), dask's priority=
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { QueueFullError, shared, threads } from 'tutti';

const pool = threads({ workers: 1, maxQueue: 8 });
const gate = shared(Int32Array, 1);
const served: string[] = [];

// The only worker waits at the gate while the others queue up.
const doorkeeper = pool.submit(() => void Atomics.wait(gate, 0, 0));
while (doorkeeper.status === 'queued') await sleep(5);

const urgent = pool.with({ priority: 10 });
const serve = (guest: string) => guest;
const guests = [
  pool.submit(serve, 'first to come'),
  pool.submit(serve, 'second to come'),
  urgent.submit(serve, 'the conductor'),
].map((guest) => guest.then((name) => served.push(name)));

// More than the queue may hold: the surplus is refused at once.
let refused = 0;
const crowd = Array.from({ length: 50 }, (_, n) =>
  pool
    .submit((k: number) => k, n)
    .catch((error: unknown) => {
      if (error instanceof QueueFullError) refused++;
    }),
);

Atomics.store(gate, 0, 1);
Atomics.notify(gate, 0);
await Promise.all([...guests, ...crowd]);
console.log(`served: ${served.join(', ')}`);
console.log(`some were refused: ${refused > 0}, most of the crowd: ${refused >= 40}`);
console.log(`afterwards there is room again: ${await pool.submit(serve, 'welcome')}`);

await pool.close();

// expected output:
// served: the conductor, first to come, second to come
// some were refused: true, most of the crowd: true
// afterwards there is room again: welcome
