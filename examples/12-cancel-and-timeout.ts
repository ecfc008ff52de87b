/**
 * Stopping work: cancel a task, pass an AbortSignal, or set a time limit.
 *
 * The caller has its answer at once. The function is asked first, through `context().signal`; if it does not listen,
 * its worker is replaced after a short grace, even out of an endless loop, and the pool goes on.
 *
 * Python: Future.cancel, asyncio.wait_for, Process.terminate, multiprocessing.TimeoutError
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { context, shared, TaskTimeoutError, threads } from 'tutti';

const pool = threads({ workers: 2, graceMs: 100 });
/** How a task ended. */
const end = (task: Promise<unknown>) =>
  task.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );
const forever = () => {
  for (;;);
};

// Cancel one task.
const endless = pool.submit(forever);
console.log(`cancelled: ${endless.cancel()}, status: ${endless.status}`);
console.log((await end(endless)).replace(/#\d+/, '#…'));

// A reason of one's own, through a signal that may stop many calls at once.
const stop = new AbortController();
const many = pool.map([1, 2, 3], forever, { signal: stop.signal });
stop.abort(new RangeError('enough'));
console.log(`aborted: ${await end(many)}`);

// A time limit per item, counted from when a worker starts it.
const late = await pool.map([1], forever, { timeoutMs: 50 }).catch((error: unknown) => error);
console.log(`timed out: ${late instanceof TaskTimeoutError}`);

// A function that listens leaves in good order.
const started = shared(Int32Array, 1);
const tidied = shared(Int32Array, 1);
const polite = pool.submit(() => {
  Atomics.store(started, 0, 1);
  while (!context().signal.aborted);
  Atomics.store(tidied, 0, 1);
});
while (Atomics.load(started, 0) === 0) await sleep(5);
polite.cancel(new RangeError('that will do'));
console.log(`polite: ${await end(polite)}`);

console.log(`the pool goes on: ${await pool.submit(() => 'here')}`);
await pool.close();
console.log(`tidied up: ${tidied[0] === 1}`);

// expected output:
// cancelled: true, status: cancelled
// AbortError: task forever #… was cancelled
// aborted: RangeError: enough
// timed out: true
// polite: RangeError: that will do
// the pool goes on: here
// tidied up: true
