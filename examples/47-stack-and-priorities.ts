/**
 * Queues in another order: last in, first out; and the most urgent first.
 *
 * All else is as with a `Queue`: any threads put in and take out, with limits and an end. A priority is a number, and the
 * smallest comes first; among equals the one that came first.
 *
 * Python: queue.LifoQueue, queue.PriorityQueue
 */
import { threads } from 'tutti';
import { LifoQueue, PriorityQueue } from 'tutti/sync';

const pool = threads({ workers: 2 });

// A depth-first walk with a stack: one thread fills it, another empties it.
const stack = new LifoQueue<string>(16);
await pool.submit(() => {
  for (const page of ['first', 'second', 'third']) stack.put(page);
});
console.log(await pool.submit(() => [stack.get(), stack.get(), stack.get()]));

// An emergency room: by urgency, then by arrival.
const patients = new PriorityQueue<{ name: string; arrived: number }>(16);
await pool.submit(() => {
  patients.put({ name: 'a sprained ankle', arrived: 1 }, 4);
  patients.put({ name: 'a heart attack', arrived: 2 }, 1);
  patients.put({ name: 'a broken arm', arrived: 3 }, 3);
  patients.put({ name: 'a stroke', arrived: 4 }, 1);
  patients.shutdown();
});
for await (const { name, arrived } of patients) console.log(`${name} (came as number ${arrived})`);

// A full one refuses instead of waiting, when asked so.
const small = new LifoQueue<number>(1);
console.log(`room: ${small.tryPut(1)}, full: ${small.isFull}, more: ${small.tryPut(2)}`);
console.log(`in time: ${await pool.submit(() => small.put(3, { timeoutMs: 20 }))}`);
await pool.close();

// expected output:
// [ 'third', 'second', 'first' ]
// a heart attack (came as number 2)
// a stroke (came as number 4)
// a broken arm (came as number 3)
// a sprained ankle (came as number 1)
// room: true, full: true, more: false
// in time: false
