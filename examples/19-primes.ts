/**
 * Counting primes: a range cut into segments, one sieve per segment, the counts added up.
 *
 * The small primes are found once, here, and travel to every worker with the function that uses them.
 *
 * Python: the classic multiprocessing.Pool example; numba.prange over a sieve
 */
import { threads } from 'tutti';

const LIMIT = 10_000_000;
const SEGMENT = 250_000;

/** The primes below `end`. */
function smallPrimes(end: number): number[] {
  const composite = new Uint8Array(end);
  const primes: number[] = [];
  for (let n = 2; n < end; n++) {
    if (composite[n]) continue;
    primes.push(n);
    for (let multiple = n * n; multiple < end; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

const base = smallPrimes(Math.ceil(Math.sqrt(LIMIT)) + 1);

/** How many primes there are from `low` on, in one segment. */
function countPrimes(low: number): number {
  const composite = new Uint8Array(SEGMENT);
  for (const p of base) {
    const first = Math.max(p * p, Math.ceil(low / p) * p);
    for (let multiple = first - low; multiple < SEGMENT; multiple += p) composite[multiple] = 1;
  }
  let count = 0;
  for (let k = low < 2 ? 2 - low : 0; k < SEGMENT; k++) if (!composite[k]) count++;
  return count;
}

const pool = threads();
const segments = Array.from({ length: LIMIT / SEGMENT }, (_, k) => k * SEGMENT);
const counts = await pool.map(segments, countPrimes);

const below = (limit: number) => counts.slice(0, limit / SEGMENT).reduce((a, b) => a + b, 0);
console.log(`primes below  1,000,000: ${below(1_000_000)}`);
console.log(`primes below 10,000,000: ${below(LIMIT)}`);
console.log(`as the tables say: ${below(LIMIT) === 664_579 ? '✓' : '✗'}`);

await pool.close();

// expected output:
// primes below  1,000,000: 78498
// primes below 10,000,000: 664579
// as the tables say: ✓
