/**
 * Waiting for some of many: in the order in which they end, for the first, for a failure, for the fastest.
 *
 * Tasks and plain promises go together. Only `race` cancels: the losers.
 *
 * Python: concurrent.futures.as_completed, concurrent.futures.wait, asyncio.wait
 */
import { asCompleted, race, shared, threads, wait } from 'tutti';

const pool = threads({ workers: 3 });

// Each task waits until this thread opens its gate, so that they end in the order 2, 0, 1.
const gates = shared(Int32Array, 3);
const open = (k: number) => {
  Atomics.store(gates, k, 1);
  Atomics.notify(gates, k);
};
const tasks = [0, 1, 2].map((k) =>
  pool.submit((n: number) => {
    Atomics.wait(gates, n, 0);
    if (n === 0) throw new RangeError('out of luck');
    return `result ${n}`;
  }, k),
);

const order = [2, 0, 1];
open(order.shift()!);
for await (const { task, ...outcome } of asCompleted(tasks)) {
  const what = outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).message;
  console.log(`task ${tasks.indexOf(task)}: ${what}`);
  const next = order.shift();
  if (next !== undefined) open(next);
}

// Those that end, one after the other, until one is left; it goes on.
const stuck = pool.submit(() => {
  for (;;);
});
let left = new Set([stuck, pool.submit(() => 'a'), pool.submit(() => 'b')]);
while (left.size > 1) left = (await wait(left, { until: 'first' })).pending;
console.log(`left: the endless one: ${left.has(stuck)}, which is ${stuck.status}`);

// Time is up: what there is.
const quick = pool.submit(() => 'c');
await quick;
const { done, pending } = await wait([stuck, quick], { timeoutMs: 10 });
console.log(`done ${done.size}, pending ${pending.size}`);

// Whoever is first; the endless one is stopped for good.
const winner = await race<string>([
  stuck,
  (signal) => fetchSomewhere(signal),
  pool.submit(() => 'the worker'),
]);
console.log(`${winner} won, the endless one is ${stuck.status}`);

/** A request that takes for ever, unless it is told to stop. */
function fetchSomewhere(signal: AbortSignal): Promise<string> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      console.log('the request was given up');
      reject(signal.reason as Error);
    });
  });
}

await pool.close();

// expected output:
// task 2: result 2
// task 0: out of luck
// task 1: result 1
// left: the endless one: true, which is running
// done 1, pending 1
// the request was given up
// the worker won, the endless one is cancelled
