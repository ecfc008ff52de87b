/**
 * Async functions inside workers: every worker has an event loop of its own.
 *
 * A task may await timers, files or `import()`, and run several coroutines side by side; its result is what the promise
 * resolves to. Heavy computing between the awaits blocks that worker only, never this thread.
 *
 * Python: asyncio event loop, coroutines, asyncio.gather, loop.run_in_executor
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { threads } from 'tutti';

const pool = threads({ workers: 2 });

/** Counts down to lift-off, with pauses. */
async function countdown(from: number): Promise<string> {
  const said: number[] = [];
  for (let n = from; n > 0; n--) {
    said.push(n);
    await sleep(5);
  }
  return `${said.join(' ')} go`;
}
for (const line of await pool.map([3, 2, 1], countdown)) console.log(line);

// Coroutines side by side within one task: the shorter pause comes first.
const order = await pool.submit(async () => {
  const finished: string[] = [];
  const coroutine = async (name: string, pauseMs: number) => {
    await sleep(pauseMs);
    finished.push(name);
  };
  await Promise.all([coroutine('slow', 200), coroutine('quick', 1)]);
  return finished;
});
console.log(`one task, two coroutines: ${order.join(', ')}`);

// While a worker computes, the event loop here keeps turning.
let turns = 0;
const clock = setInterval(() => turns++, 5);
await pool.submit(() => {
  const end = performance.now() + 200;
  while (performance.now() < end);
});
clearInterval(clock);
console.log(`this thread kept going: ${turns > 1}`);

// A module loaded where it is needed.
const zipped = await pool.submit(async (text: string) => {
  const { gzipSync } = await import('node:zlib');
  return gzipSync(text).length;
}, 'la '.repeat(1000));
console.log(`3000 letters zipped to less than 100: ${zipped < 100}`);

await pool.close();

// expected output:
// 3 2 1 go
// 2 1 go
// 1 go
// one task, two coroutines: quick, slow
// this thread kept going: true
// 3000 letters zipped to less than 100: true
