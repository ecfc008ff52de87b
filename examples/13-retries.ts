/**
 * Retries: an item that fails is tried again, as often as you allow, with a growing wait between.
 *
 * Rules say which errors are worth another try. What an item did before it failed happens again, so retry only what
 * may be repeated. Errors of your own classes arrive as such.
 *
 * Python: celery's autoretry_for / retry_backoff, dask's retries=, tenacity
 */
import { shared, threads } from 'tutti';

class Busy extends Error {
  override name = 'Busy';
}

const pool = threads({ workers: 2 });
const attempts = shared(Int32Array, 4);

/** Station k answers at its k-th attempt. */
function fetchTemperature(station: number): number {
  const attempt = Atomics.add(attempts, station, 1) + 1;
  if (attempt < station) throw new Busy(`station ${station} is busy`);
  return 15 + station;
}

const rules = { limit: 2, backoffMs: 5, on: (error: unknown) => error instanceof Busy };
const degrees = await pool.map([1, 2, 3], fetchTemperature, { retries: rules });
console.log(`degrees: ${degrees.join(' ')}`);
console.log(`attempts: ${attempts.subarray(1).join(' ')}`);

// Without retries the first failure is the answer.
attempts.fill(0);
const failure = await pool.map([1, 1, 2], fetchTemperature).catch((error: unknown) => error);
console.log(`without: ${failure instanceof Busy && failure.message}`);

// Nor is an error tried again that the rules do not name.
let refused = 0;
const wrong = await pool
  .with({ retries: { limit: 5, on: (error) => (refused++, error instanceof Busy) } })
  .submit(() => {
    throw new TypeError('no such station');
  })
  .catch((error: Error) => error.message);
console.log(`${wrong}: asked ${refused} time, not tried again`);

await pool.close();

// expected output:
// degrees: 16 17 18
// attempts: 1 2 3
// without: station 2 is busy
// no such station: asked 1 time, not tried again
