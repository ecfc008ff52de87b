/**
 * The unordered map: each result as soon as it is there, however long its neighbours take.
 *
 * The first item waits until this thread has seen the result of another one. An ordered stream would hold everything
 * back behind it (and this program would never end); an unordered one does not.
 *
 * Python: multiprocessing.Pool.imap_unordered, pathos' uimap, joblib's return_as='generator_unordered'
 */
import { shared, threads } from 'tutti';

const pool = threads({ workers: 2 });
const gate = shared(Int32Array, 1);

function job(name: string): string {
  if (name === 'patient') Atomics.wait(gate, 0, 0);
  return name;
}

const jobs = ['patient', 'a', 'b', 'c', 'd'];
const arrived: string[] = [];
for await (const name of pool.stream(jobs, job, { ordered: false, chunk: 1 })) {
  arrived.push(name);
  if (arrived.length === 1) {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  }
}

console.log(`the first to arrive was another one: ${arrived[0] !== 'patient'}`);
console.log(`in the end everyone came: ${arrived.sort().join(' ')}`);

await pool.close();

// expected output:
// the first to arrive was another one: true
// in the end everyone came: a b c d patient
