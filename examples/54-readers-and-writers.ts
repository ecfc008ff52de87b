/**
 * Readers and writers: many may read a table at a time, or one may write.
 *
 * A writer keeps all others out, so nobody sees half of a change; readers do not keep each other out. A writer that waits comes
 * before readers that come later, so that it is not kept waiting for ever.
 *
 * Python: the readers-writers problem, a hand-made RWLock
 */
import { shared, threads } from 'tutti';
import { Barrier, RwLock } from 'tutti/sync';

const pool = threads({ workers: 4 });
const lock = new RwLock();
/** Prices; the last element is their sum. */
const table = shared(Int32Array, [10, 20, 30, 40, 100]);

const kinds = ['writer', 'reader', 'reader', 'reader'] as const;
const start = new Barrier(kinds.length);
const wrong = await Promise.all(
  kinds.map((kind) =>
    pool.submit(() => {
      start.wait();
      let torn = 0;
      for (let i = 0; i < 1000; i++) {
        if (kind === 'writer') {
          lock.write(() => {
            table[i % 4]! += 1;
            table[4]! += 1;
          });
        } else {
          lock.read(() => {
            if (table[0]! + table[1]! + table[2]! + table[3]! !== table[4]) torn++;
          });
        }
      }
      return torn;
    }),
  ),
);
console.log(`sums that were wrong: ${wrong.reduce((a, b) => a + b)}`);
console.log(`in the end: ${table.join(' ')}`);

// Readers are in together: all three meet at a barrier while they read.
const meeting = new Barrier(3);
const together = await Promise.all(
  Array.from({ length: 3 }, () => pool.submit(() => lock.read(() => meeting.wait({ timeoutMs: 20_000 })))),
);
console.log(`readers that were in at once: ${together.length}`);

// While somebody reads, nobody writes.
const result = await pool.submit(() =>
  lock.read(() => `can write while it is read: ${lock.tryLockWrite()}, readers: ${lock.readers}`),
);
console.log(result);
await pool.close();

// expected output:
// sums that were wrong: 0
// in the end: 260 270 280 290 1100
// readers that were in at once: 3
// can write while it is read: false, readers: 1
