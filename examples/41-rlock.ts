/**
 * A reentrant lock: who holds it may lock it again.
 *
 * Functions that lock can call each other then. It is free when it has been unlocked as often as it was locked. With a plain
 * Mutex the thread would wait for itself: that is noticed, and an error.
 *
 * Python: threading.RLock
 */
import { shared, threads } from 'tutti';
import { DeadlockError, Mutex, ReentrantMutex } from 'tutti/sync';

const pool = threads({ workers: 2 });
const lock = new ReentrantMutex();
/** Items in a box: of both kinds together, and of each. */
const box = shared(Int32Array, 3);

const add = (kind: 1 | 2, n: number) =>
  lock.run(() => {
    box[kind]! += n;
    box[0]! += n;
  });
// Locks, and calls two functions that lock as well.
const exchange = (n: number) =>
  lock.run(() => {
    add(1, -n);
    add(2, n);
    return lock.depth;
  });

await pool.broadcast(() => {
  for (let i = 0; i < 1000; i++) add(1, 2);
  for (let i = 0; i < 1000; i++) exchange(1);
});
console.log(`all: ${box[0]}, of the first kind: ${box[1]}, of the second: ${box[2]}`);
const depth = await pool.submit(() => lock.run(() => exchange(0)));
console.log(`depth within: ${depth}, after: ${lock.depth}`);

const plain = new Mutex({ name: 'plain' });
const error = await pool.submit(() => plain.run(() => plain.run(() => 0))).catch((reason: unknown) => reason);
if (error instanceof DeadlockError) console.log(error.message);
await pool.close();

// expected output:
// all: 4000, of the first kind: 2000, of the second: 2000
// depth within: 2, after: 0
// cannot lock Mutex "plain": this thread holds it already and would wait for itself; use a ReentrantMutex, or unlock it first
