/**
 * Worker processes: the same calls, with a process for each worker.
 *
 * Native code that crashes takes one worker with it, never this program. Arrays that are shared across processes are the same
 * memory in all of them (with the optional package koffi).
 *
 * Python: concurrent.futures.ProcessPoolExecutor, loky, multiprocessing.shared_memory
 */
import { processes, shared, WorkerCrashedError } from 'tutti';

const pool = processes({ workers: 2 });

const scale = 10;
console.log(await pool.map([1, 2, 3], (x) => x * scale));
console.log(`a process of its own: ${(await pool.submit(() => process.pid)) !== process.pid}`);

// What a segmentation fault in native code does.
const crash = pool.submit(() => process.kill(process.pid, 'SIGSEGV'));
const innocent = Array.from({ length: 10 }, (_, n) => pool.submit((k: number) => k + 1, n));
const error = await crash.catch((reason: unknown) => reason);
if (error instanceof WorkerCrashedError) console.log(`${error.name}: ${error.exitSignal}`);
console.log(`the others: ${(await Promise.all(innocent)).join(' ')}`);

const squares = shared(Float64Array, 1000, { across: 'processes' });
await pool.for(squares.length, (i) => {
  squares[i] = i * i;
});
console.log(`999 squared is ${squares[999]}`);
await pool.close();

// expected output:
// [ 10, 20, 30 ]
// a process of its own: true
// WorkerCrashedError: SIGSEGV
// the others: 1 2 3 4 5 6 7 8 9 10
// 999 squared is 998001
