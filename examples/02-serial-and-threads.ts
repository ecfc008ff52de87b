/**
 * One program, two executors: the same calls in this thread and on every core, timed.
 *
 * `serial()` runs functions as they are; `threads()` sends them to worker threads. The answers are the same, the time
 * is not: the figures go to stderr, because they differ from machine to machine.
 *
 * Python: time.perf_counter() around a loop, threading.Thread and multiprocessing.Process (without the GIL's surprise)
 */
import { serial, threads } from 'tutti';

/** Steps until n reaches 1, the longest of a block of 10,000 starts. */
function longestCollatz(first: number): number {
  let longest = 0;
  for (let start = first; start < first + 10_000; start++) {
    let steps = 0;
    for (let n = start; n !== 1; n = n % 2 === 0 ? n / 2 : 3 * n + 1) steps++;
    longest = Math.max(longest, steps);
  }
  return longest;
}

const blocks = Array.from({ length: 30 }, (_, k) => 1 + k * 10_000);
const answers = new Map<string, number[]>();

for (const executor of [serial(), threads()]) {
  await executor.broadcast(() => 'ready'); // start the workers before the clock
  const start = performance.now();
  answers.set(executor.name, await executor.map(blocks, longestCollatz));
  const elapsed = performance.now() - start;
  console.error(`${executor.name}: ${elapsed.toFixed(0)} ms on ${executor.workers} worker(s)`);
  await executor.close();
}

console.log(`longest chain below 300,000: ${Math.max(...answers.get('serial')!)} steps`);
const same = answers.get('serial')!.join() === answers.get('threads')!.join();
console.log(`serial and threads agree: ${same ? '✓' : '✗'}`);

// expected output:
// longest chain below 300,000: 442 steps
// serial and threads agree: ✓
