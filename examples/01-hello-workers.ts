/**
 * Hello, workers: open a pool, hand it a function, and let each task say where it runs.
 *
 * A pool is defined once and named; its workers are known by their id, and `context()` tells a running task
 * its worker, its task and the index of its item.
 *
 * Python: threading.Thread(target=greet, name='tenor'), threading.current_thread().name
 */
import { isMainThread } from 'node:worker_threads';
import { context, threads } from 'tutti';

const pool = threads({ workers: 3, name: 'choir' });

function greet(voice: string) {
  const { index, workerId } = context();
  return { line: `hello from ${voice}, item ${index}`, workerId, inMainThread: isMainThread };
}

const greetings = await pool.map(['soprano', 'alto', 'tenor', 'bass'], greet);
for (const { line } of greetings) console.log(line);

// Which worker sang which voice is up to the pool: ask every worker for its name instead.
const names = await pool.broadcast(() => `worker ${context().workerId}`);
console.log(`${pool.name} of ${pool.workers}: ${names.join(', ')}`);

const someoneElse = greetings.every(({ inMainThread }) => !inMainThread);
console.log(`this thread stayed free: ${someoneElse}`);

await pool.close();
console.log(`closed: ${pool.closed}`);

// expected output:
// hello from soprano, item 0
// hello from alto, item 1
// hello from tenor, item 2
// hello from bass, item 3
// choir of 3: worker 1, worker 2, worker 3
// this thread stayed free: true
// closed: true
