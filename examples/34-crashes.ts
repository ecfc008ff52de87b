/**
 * When a worker dies: the task it ran fails with the reason, everyone else's tasks do not notice.
 *
 * A task that ends its thread or runs out of memory takes one worker with it. The pool replaces the worker, and tasks
 * that were waiting there run elsewhere. `maxTasksPerWorker` replaces workers on purpose.
 *
 * Python: concurrent.futures' BrokenProcessPool (where the whole pool is lost), Pool(maxtasksperchild=…)
 */
import { threads, WorkerCrashedError } from 'tutti';

const pool = threads({ workers: 2, resourceLimits: { maxOldGenerationSizeMb: 64 } });

const work = Array.from({ length: 20 }, (_, n) => pool.submit((k: number) => k * k, n));
const exits = pool.submit(() => process.exit(3));
const devours = pool.submit(() => {
  let hoard: unknown;
  for (;;) hoard = { before: hoard };
});

for (const task of [exits, devours]) {
  const error = await task.catch((reason: unknown) => reason);
  if (error instanceof WorkerCrashedError) console.log(`${error.name}, ${error.code}`);
}

const squares = await Promise.all(work);
console.log(`the others are all there: ${squares.length}, the last is ${squares.at(-1)}`);
console.log(`the pool works: ${await pool.submit(() => 'yes')}`);
console.log(`workers lost: ${pool.stats().crashed}`);
await pool.close();

const fresh = threads({ workers: 1, maxTasksPerWorker: 2 });
for (let n = 0; n < 6; n++) await fresh.submit(() => n);
await fresh.close();
console.log(`workers replaced on purpose: ${fresh.stats().retired >= 2}`);

// expected output:
// WorkerCrashedError, ERR_TUTTI_WORKER_CRASHED
// WorkerCrashedError, ERR_TUTTI_WORKER_CRASHED
// the others are all there: 20, the last is 361
// the pool works: yes
// workers lost: 2
// workers replaced on purpose: true
