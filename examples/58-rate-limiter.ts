/**
 * A rate limiter: at most so many calls in a while, however many workers make them.
 *
 * A bucket of tokens, as a semaphore: each call takes one and does not give it back; a timer in this thread fills the bucket up again.
 * What may be done at once is the size of the bucket, what may be done in the long run is how fast it is filled.
 *
 * Python: a token bucket with threading.Semaphore and a Timer; celery's rate_limit
 */
import { threads } from 'tutti';
import { AtomicInt32, Semaphore } from 'tutti/sync';

const burst = 5;
const everyMs = 20;
const pool = threads({ workers: 4 });
const bucket = new Semaphore(burst);
const called = new AtomicInt32(0);

// Four workers want to make twenty calls, at once.
const calls = pool.map(
  Array.from({ length: 20 }, (_, n) => n),
  (n) => {
    bucket.acquire();
    called.add(1);
    return n;
  },
);

// Before anything is filled up, the first five get through, and no more.
while (called.value < burst) await new Promise((resolve) => setTimeout(resolve, 5));
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(`calls in the first burst: ${called.value}`);

let refills = 0;
const timer = setInterval(() => {
  // The bucket never holds more than a burst.
  const missing = Math.min(2, burst - bucket.value);
  if (missing < 1) return;
  bucket.release(missing);
  refills++;
}, everyMs);
const done = await calls;
clearInterval(timer);
console.log(`calls in all: ${done.length}, each once: ${new Set(done).size === 20}`);
// Fifteen more at two at a time.
console.log(`at least 8 refills were needed: ${refills >= 8}`);
await pool.close();

// expected output:
// calls in the first burst: 5
// calls in all: 20, each once: true
// at least 8 refills were needed: true
