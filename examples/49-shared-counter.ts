/**
 * Shared counters: what several threads add to, without a lock.
 *
 * One number needs no mutex: an atomic one adds in one step. Several numbers that belong together do; who only reads them may use
 * a SeqLock, which never makes readers wait for each other.
 *
 * Python: multiprocessing.Value('i') with its lock, itertools.count
 */
import { shared, threads } from 'tutti';
import { AtomicFloat64, AtomicInt32, AtomicInt64, SeqLock } from 'tutti/sync';

const pool = threads({ workers: 2 });

const hits = new AtomicInt32(0);
const big = new AtomicInt64(2n ** 40n);
const total = new AtomicFloat64(0);
const highest = new AtomicInt32(0);
await pool.forEach(
  Array.from({ length: 1000 }, (_, i) => i),
  (i) => {
    hits.add(1);
    big.add(3n);
    total.add(0.25);
    highest.update((before) => Math.max(before, (i * 7) % 1000));
  },
);
console.log(`hits ${hits.value}, big ${big.value}, total ${total.value}, highest ${highest.value}`);

// A ticket machine: each number is given once.
const next = new AtomicInt32(1);
const tickets = (await pool.broadcast(() => Array.from({ length: 500 }, () => next.add(1)))).flat();
console.log(`tickets: ${tickets.length}, all different: ${new Set(tickets).size === tickets.length}`);

// Two numbers that belong together.
const lock = new SeqLock();
const pair = shared(Float64Array, 2);
const halves = await pool.map([0, 1, 2, 3, 4, 5, 6, 7], (i) => {
  if (i % 2 === 1) return lock.read(() => pair[0]! + pair[1]!) === 0;
  for (let k = 0; k < 1000; k++) {
    lock.write(() => {
      pair[0]! += k;
      pair[1]! -= k;
    });
  }
  return true;
});
console.log(`nobody has seen half of a change: ${halves.every(Boolean)}`);
await pool.close();

// expected output:
// hits 1000, big 1099511630776, total 250, highest 999
// tickets: 1000, all different: true
// nobody has seen half of a change: true
