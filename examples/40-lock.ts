/**
 * A lock: one thread at a time may change what several share.
 *
 * `count[0] += 1` is three steps, reading, adding and writing, and another thread may come in between: its increment is lost
 * then. `mutex.run(fn)` calls the function while no other thread is in one of its own, and lets go whatever happens.
 *
 * Python: threading.Lock, `with lock:`
 */
import { shared, threads } from 'tutti';
import { Mutex, NotHeldError } from 'tutti/sync';

const pool = threads({ workers: 2 });
const mutex = new Mutex();
const count = shared(Int32Array, 1);
const rounds = 20_000;

await pool.broadcast(() => {
  for (let i = 0; i < rounds; i++) {
    mutex.run(() => {
      count[0]! += 1;
    });
  }
});
console.log(`two threads, ${rounds} each: ${count[0]}`);

// By hand: whoever locks unlocks, and does it in a `finally`.
const log = shared(Int32Array, 2);
await pool.forEach([1, 2, 3, 4], (n) => {
  mutex.lock();
  try {
    log[0]! += n;
    log[1]! += 1;
  } finally {
    mutex.unlock();
  }
});
console.log(`sum and count belong together: ${log.join(', ')}`);

// A main thread is never blocked: it awaits the lock, tries it, or sets a limit.
await mutex.runAsync(() => {
  console.log(`held here: ${mutex.held}`);
});
console.log(`free, so it can be had at once: ${mutex.tryLock()}`);
console.log(`not by another: ${await pool.submit(() => mutex.lock({ timeoutMs: 20 }))}`);
mutex.unlock();

try {
  mutex.unlock();
} catch (error) {
  if (error instanceof NotHeldError) console.log(error.message);
}
await pool.close();

// expected output:
// two threads, 20000 each: 40000
// sum and count belong together: 10, 4
// held here: true
// free, so it can be had at once: true
// not by another: false
// cannot unlock Mutex: this thread does not hold it, nobody holds it
