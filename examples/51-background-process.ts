/**
 * A process in the background: spawn it, name it, watch it, and kill it.
 *
 * A task on a pool of processes has a process to itself. It reports by an event and a counter that both processes see; `cancel()` asks it
 * to stop, and kills its process when it does not listen. The pool starts another.
 *
 * Python: multiprocessing.Process(name, daemon), is_alive, terminate, kill, join
 */
import { context, processes } from 'tutti';
import { AtomicInt32, Event } from 'tutti/sync';

const pool = processes({ workers: 1, name: 'background', graceMs: 500 });
const running = new Event({ across: 'processes' });
const beats = new AtomicInt32(0, { across: 'processes' });

// It never ends, and does not listen.
const metronome = pool.submit(() => {
  running.set();
  for (;;) beats.add(1);
});
console.log(`${pool.name}: ${metronome.status}`);
await running.waitAsync();
console.log(`now: ${metronome.status}`);

console.log(`killed: ${metronome.cancel()}`);
const error = await metronome.catch((reason: Error) => reason);
console.log(`${error.name}, ${metronome.status}`);
// The next task waits for a new process: the old one is gone then, and counts no more.
await pool.submit(() => 0);
const before = beats.value;
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(`it has counted: ${before > 0}, and counts on: ${beats.value !== before}`);

// One that listens ends by itself, and its process stays.
const pid = await pool.submit(() => process.pid);
running.clear();
const polite = pool.submit(async () => {
  const { signal } = context();
  const asked = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  running.set();
  await asked;
});
await running.waitAsync();
polite.cancel();
await polite.catch(() => undefined);
console.log(`the same process goes on: ${(await pool.submit(() => process.pid)) === pid}`);
await pool.close();

// expected output:
// background: queued
// now: running
// killed: true
// AbortError, cancelled
// it has counted: true, and counts on: false
// the same process goes on: true
