/**
 * Messages in the executor's words: broadcast, scatter, gather, reduce.
 *
 * `broadcast` runs a call once on every worker, results in the order of the workers' ids. Cutting data into pieces is
 * the scatter, `map` over the pieces runs them and gathers, `reduce` combines.
 *
 * Python: mpi4py's bcast, scatter, gather, reduce; dask's Client.run and scatter; ray.put
 */
import { context, threads } from 'tutti';

const pool = threads({ workers: 3 });

// Broadcast: every worker gets the same data, once.
const config = { tuning: 440 };
const tuned = await pool.broadcast((given: typeof config) => {
  globalThis.tuning = given.tuning;
  return `worker ${context().workerId} at ${globalThis.tuning} Hz`;
}, config);
for (const line of tuned) console.log(line);

declare global {
  var tuning: number | undefined;
}

// Scatter and gather: one piece per worker, and each uses what the broadcast left there.
const semitones = Array.from({ length: 12 }, (_, k) => k);
const pieces = Array.from({ length: pool.workers }, (_, rank) => semitones.slice(rank * 4, rank * 4 + 4));
const scale = await pool.map(
  pieces,
  (piece) => piece.map((k) => Math.round((globalThis.tuning ?? 0) * 2 ** (k / 12))),
  { chunk: 1 },
);
for (const notes of scale) console.log(notes.join(' '));

// Reduce.
console.log(`highest: ${await pool.reduce(scale.flat(), (a, b) => Math.max(a, b))} Hz`);

await pool.close();

// expected output:
// worker 1 at 440 Hz
// worker 2 at 440 Hz
// worker 3 at 440 Hz
// 440 466 494 523
// 554 587 622 659
// 698 740 784 831
// highest: 831 Hz
