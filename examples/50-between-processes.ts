/**
 * Between processes: the same locks, barriers, queues and pipes, with `{ across: 'processes' }`.
 *
 * They lie in memory that the worker processes map as well (with the optional package koffi); arrays that belong to them do, too.
 * A process that dies while it holds a lock leaves it abandoned, which whoever comes next is told.
 *
 * Python: multiprocessing.Lock, Barrier, Queue, Pipe
 */
import { processes, shared } from 'tutti';
import { AbandonedError, Barrier, Mutex, pipe, Queue } from 'tutti/sync';

const across = 'processes';
const pool = processes({ workers: 2 });

// A lock, and what it protects.
const mutex = new Mutex({ across, name: 'count' });
const count = shared(Int32Array, 1, { across });
await pool.broadcast(() => {
  for (let i = 0; i < 5000; i++) mutex.run(() => void (count[0]! += 1));
});
console.log(`counted by two processes: ${count[0]}`);

// A barrier: each has its own process, and both wait for each other.
const barrier = new Barrier(2, { across });
const met = await pool.broadcast(() => ({ pid: process.pid, index: barrier.wait() }));
console.log(`processes that met: ${new Set(met.map(({ pid }) => pid)).size}`);
console.log(
  `in the order of their arrival: ${met
    .map(({ index }) => index)
    .sort()
    .join(', ')}`,
);

// A queue: one produces, the other consumes.
const jobs = new Queue<string>(4, { across });
const lengths = pool.submit(() => [...jobs].map((job) => job.length));
const producer = pool.submit(() => {
  for (const job of ['do', 're', 'mi', 'fa', 'sol']) jobs.put(job);
  jobs.shutdown();
});
await producer;
console.log(`lengths: ${(await lengths).join(' ')}`);

// A pipe: this process has an end, a worker the other.
const [here, there] = pipe<number, string>(16, { across });
const answering = pool.submit(() => {
  for (const n of there) there.send('♪'.repeat(n));
});
for (const n of [1, 3]) {
  await here.sendAsync(n);
  console.log(await here.receiveAsync());
}
here.close();
await answering;

// A process that dies with the lock in hand.
const dies = pool.submit(() => {
  mutex.lock();
  process.kill(process.pid, 'SIGKILL');
});
await dies.catch(() => undefined);
const error = await mutex.lockAsync().catch((reason: unknown) => reason);
console.log(`abandoned: ${error instanceof AbandonedError}, taken over: ${mutex.takeOver()}`);
mutex.unlock();
await pool.close();

// expected output:
// counted by two processes: 10000
// processes that met: 2
// in the order of their arrival: 0, 1
// lengths: 2 2 2 2 3
// ♪
// ♪♪♪
// abandoned: true, taken over: true
