/**
 * A queue between producers and consumers, and how to know that all is done.
 *
 * `put` waits while the queue is full, `get` while it is empty. Each item that was taken is reported by `taskDone()`; `join` waits until
 * all that was put in has been. `shutdown()` lets the consumers' loops end when nothing is left.
 *
 * Python: queue.Queue, task_done, join, shutdown
 */
import { threads } from 'tutti';
import { Latch, Queue } from 'tutti/sync';

const producers = 2;
const consumers = 2;
const pool = threads({ workers: producers + consumers });
const orders = new Queue<{ dish: string; table: number }>(4);
const closing = new Latch(producers);

const cooks = Array.from({ length: consumers }, () =>
  pool.submit(() => {
    const served: string[] = [];
    for (const { dish, table } of orders) {
      served.push(`${dish} for table ${table}`);
      orders.taskDone();
    }
    return served;
  }),
);
const waiters = ['soup', 'fish'].map((dish, n) =>
  pool.submit(() => {
    for (let table = 1; table <= 5; table++) orders.put({ dish, table: table + 10 * n });
    closing.countDown();
  }),
);

await closing.waitAsync();
await orders.joinAsync();
console.log(`unfinished: ${orders.unfinished}, in the queue: ${orders.size}`);
orders.shutdown();

const served = (await Promise.all(cooks)).flat();
await Promise.all(waiters);
// Which cook made what is up to chance; that each order was served once is not.
console.log(`served: ${served.length}, each once: ${new Set(served).size === served.length}`);
console.log(served.sort().slice(0, 2).join(', '));
await pool.close();

// expected output:
// unfinished: 0, in the queue: 0
// served: 10, each once: true
// fish for table 11, fish for table 12
