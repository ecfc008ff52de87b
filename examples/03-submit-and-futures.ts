/**
 * Futures: `submit` starts one call and returns at once with a task, which is a promise of the result.
 *
 * Being promises, tasks need no helpers of their own: Promise.all waits for all, Promise.race for the first,
 * Promise.allSettled keeps the failures apart. A task also knows its name, its id and its status.
 *
 * Python: concurrent.futures.Executor.submit, Future.result(), as_completed, wait(return_when=FIRST_COMPLETED)
 */
import { shared, threads } from 'tutti';

const pool = threads({ workers: 2 });
const power = (base: number, exponent: number) => base ** exponent;

const task = pool.submit(power, 2, 10);
console.log(`${task.name} is ${task.status}`);
console.log(`${task.name} = ${await task}, ${task.status}`);

// Wait for all, in the order of the calls.
const cubes = await Promise.all([1, 2, 3, 4].map((n) => pool.submit(power, n, 3)));
console.log(`cubes: ${cubes.join(' ')}`);

// Take results as they come: the slow task waits for a gate that this thread opens.
const gate = shared(Int32Array, 1);
const slow = pool.submit(() => (Atomics.wait(gate, 0, 0), 'slow'));
const quick = pool.submit(() => 'quick');
console.log(`first: ${await Promise.race([slow, quick])}`);
Atomics.store(gate, 0, 1);
Atomics.notify(gate, 0);
console.log(`then: ${await slow}`);

// A failure stays with its task and keeps its class.
const outcomes = await Promise.allSettled(['42', 'forty-two'].map((text) => pool.submit(BigInt, text)));
for (const outcome of outcomes) {
  if (outcome.status === 'fulfilled') console.log(`parsed: ${outcome.value}`);
  else console.log(`failed: ${(outcome.reason as Error).name}`);
}

await pool.close();

// expected output:
// power is queued
// power = 1024, done
// cubes: 1 8 27 64
// first: quick
// then: slow
// parsed: 42
// failed: SyntaxError
