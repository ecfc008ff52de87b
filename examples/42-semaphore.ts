/**
 * A semaphore: at most so many at a time.
 *
 * Four workers share two connections. A permit is taken before one is used and given back after; who finds none left waits.
 * Unlike a lock it belongs to nobody: one thread may release what another waits for, which makes it a signal, too.
 *
 * Python: threading.Semaphore, threading.BoundedSemaphore
 */
import { threads } from 'tutti';
import { AtomicInt32, BoundedSemaphore, NotHeldError, Semaphore } from 'tutti/sync';

const pool = threads({ workers: 4 });
const connections = new Semaphore(2);
const inUse = new AtomicInt32(0);
const most = new AtomicInt32(0);

const answers = await pool.map([1, 2, 3, 4, 5, 6, 7, 8], (n) =>
  connections.run(() => {
    const now = inUse.add(1) + 1;
    most.update((before) => Math.max(before, now));
    let answer = 0;
    for (let i = 0; i < 50_000; i++) answer += n;
    inUse.add(-1);
    return answer / 50_000;
  }),
);
console.log(`answers: ${answers.join(' ')}`);
console.log(`never more than 2 at a time: ${most.value <= 2}, all given back: ${connections.value}`);

// As a signal: the one waits for what the other has done.
const ready = new Semaphore(0);
const consumer = pool.submit(() => {
  ready.acquire(3);
  return 'three parts are there';
});
await pool.forEach([1, 2, 3], () => ready.release());
console.log(await consumer);

// A bounded one notices when more is given back than was taken.
const exactly = new BoundedSemaphore(2, { name: 'seats' });
try {
  exactly.release();
} catch (error) {
  if (error instanceof NotHeldError) console.log(error.message);
}
await pool.close();

// expected output:
// answers: 1 2 3 4 5 6 7 8
// never more than 2 at a time: true, all given back: 2
// three parts are there
// cannot release 1 of BoundedSemaphore "seats": it has 2 of at most 2 permits; release what was acquired, once
