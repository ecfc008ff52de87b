/**
 * Reactive streams with RxJS: operators that run on workers, between those that RxJS has.
 *
 * An observable pushes and cannot be made to wait, so what comes too fast is buffered, up to a limit. Unsubscribing, `take`
 * and errors cancel the work that is under way. RxJS is an optional peer: npm install rxjs
 *
 * Python: RxPY's map with a ThreadPoolScheduler, flat_map, buffer
 */
import { bufferCount, from, lastValueFrom, map, scan, Subject, take, tap, toArray } from 'rxjs';
import { threads } from 'tutti';
import { parallelFilter, parallelMap } from 'tutti/rxjs';

const pool = threads({ workers: 2 });

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
}

/** Steps until Collatz's sequence reaches 1. */
function steps(n: number): number {
  let count = 0;
  for (let x = n; x !== 1; x = x % 2 === 0 ? x / 2 : 3 * x + 1) count++;
  return count;
}

const numbers = Array.from({ length: 1000 }, (_, i) => i + 1);
const records = from(numbers).pipe(
  parallelFilter(pool, isPrime),
  parallelMap(pool, (prime) => ({ prime, count: steps(prime) })),
  scan((best, each) => (each.count > best.count ? each : best)),
);
const { prime, count } = await lastValueFrom(records);
console.log(`${prime} takes the most steps of all primes below 1000: ${count}`);

// A sensor that is switched off when the consumer has enough.
const sensor = new Subject<number>();
const alarms = sensor.pipe(
  bufferCount(2),
  parallelMap(pool, ([a, b]) => (a! + b!) / 2, { ordered: true }),
  map((mean) => `${mean} °C`),
  tap((text) => console.log(text)),
  take(3),
  toArray(),
);
const enough = lastValueFrom(alarms);
for (let tick = 0; tick < 20; tick++) sensor.next(20 + tick);
await enough;
console.log(`the sensor is ${sensor.observed ? 'on' : 'off'}`);

await pool.close();

// expected output:
// 937 takes the most steps of all primes below 1000: 173
// 20.5 °C
// 22.5 °C
// 24.5 °C
// the sensor is off
