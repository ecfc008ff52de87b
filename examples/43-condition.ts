/**
 * A condition: wait, without holding the lock, until somebody has changed what the lock protects.
 *
 * A producer and a consumer share a shelf with one place. `waitFor` looks at the shelf while the mutex is held, lets go of it while
 * it sleeps, and looks again after each call: between a call and who was called another may come in.
 *
 * Python: threading.Condition, wait_for, notify
 */
import { shared, threads } from 'tutti';
import { Condition, Mutex } from 'tutti/sync';

const pool = threads({ workers: 2 });
const mutex = new Mutex();
const changed = new Condition(mutex);
/** What is on the shelf; 0: nothing. */
const shelf = shared(Int32Array, 1);

const consumer = pool.submit(() => {
  const eaten: number[] = [];
  while (eaten.length < 5) {
    mutex.run(() => {
      changed.waitFor(() => shelf[0] !== 0);
      eaten.push(shelf[0]!);
      shelf[0] = 0;
      changed.notify();
    });
  }
  return eaten;
});
const producer = pool.submit(() => {
  for (let item = 1; item <= 5; item++) {
    mutex.run(() => {
      changed.waitFor(() => shelf[0] === 0);
      shelf[0] = item * 10;
      changed.notify();
    });
  }
});
await producer;
console.log(`consumed in order: ${(await consumer).join(' ')}`);

// A limit: false when it is over, and the mutex is held again all the same.
const outcome = await mutex.runAsync(async () => {
  const came = await changed.waitForAsync(() => shelf[0] === 60, { timeoutMs: 20 });
  return `came: ${came}, still holding the mutex: ${mutex.held}`;
});
console.log(outcome);
await pool.close();

// expected output:
// consumed in order: 10 20 30 40 50
// came: false, still holding the mutex: true
