/**
 * The iterative map: results one by one, in order, while later items are still at work.
 *
 * The input may be endless: `stream` takes no more items than its window allows, and leaving the loop stops the rest
 * and closes the input.
 *
 * Python: multiprocessing.Pool.imap, pathos' imap
 */
import { threads } from 'tutti';

const pool = threads({ workers: 2 });

let taken = 0;
function* naturals() {
  try {
    for (let n = 1; ; n++) {
      taken++;
      yield n;
    }
  } finally {
    console.log('the input was closed');
  }
}

/** The sum of the proper divisors. */
function divisorSum(n: number): number {
  let sum = 0;
  for (let d = 1; d < n; d++) if (n % d === 0) sum += d;
  return sum;
}

let n = 0;
for await (const sum of pool.stream(naturals(), divisorSum, { window: 64 })) {
  n++;
  if (sum === n) console.log(`${n} is perfect`);
  if (n === 500) break;
}
console.log(`read ${n} results, took at most 64 more items than that: ${taken <= n + 64}`);

await pool.close();

// expected output:
// 6 is perfect
// 28 is perfect
// 496 is perfect
// the input was closed
// read 500 results, took at most 64 more items than that: true
