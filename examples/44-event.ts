/**
 * An event: a flag that threads wait for. A latch: a count that falls to zero once.
 *
 * All runners wait for one starting shot; the referee waits until all are at the start, and then until all have arrived.
 *
 * Python: threading.Event
 */
import { shared, threads } from 'tutti';
import { Event, Latch } from 'tutti/sync';

const runners = 3;
const pool = threads({ workers: runners });
const atStart = new Latch(runners);
const shot = new Event({ name: 'shot' });
const early = shared(Int32Array, 1);

const race = pool.broadcast(() => {
  atStart.countDown();
  shot.wait();
  if (!shot.isSet) early[0] = 1;
  return 'ran';
});

await atStart.waitAsync();
console.log('all are at the start');
shot.set();
console.log(`all ${(await race).join(', ')}`);
console.log(`nobody ran before the shot: ${early[0] === 0}`);

// It stays set until it is cleared; then whoever comes waits for the next one.
console.log(`late comers do not wait: ${await pool.submit(() => shot.wait())}`);
shot.clear();
console.log(`after clear(), within 20 ms: ${await pool.submit(() => shot.wait({ timeoutMs: 20 }))}`);
await pool.close();

// expected output:
// all are at the start
// all ran, ran, ran
// nobody ran before the shot: true
// late comers do not wait: true
// after clear(), within 20 ms: false
