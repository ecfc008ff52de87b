/**
 * Three ways to map: await it, start it and come back later, or block until it is done.
 *
 * `map` returns a task at once, results in the order of the input; `mapSync` blocks this thread like a plain loop.
 * The imported `map` does the same on one pool that the whole process shares and nobody has to close.
 *
 * Python: pathos' map, amap and pipe; multiprocessing.Pool.map and Pool.map_async
 */
import { map, threads } from 'tutti';

const pool = threads({ workers: 2 });
const square = (x: number) => x * x;
const numbers = [1, 2, 3, 4, 5];

// Await it.
console.log(`map:     ${(await pool.map(numbers, square)).join(' ')}`);

// Start it, do something else, come back.
const pending = pool.map(numbers, square);
console.log(`this thread goes on while the map is ${pending.status}`);
console.log(`later:   ${(await pending).join(' ')}`);

// Block until it is done: for scripts, and for code that cannot be async.
console.log(`mapSync: ${pool.mapSync(numbers, square).join(' ')}`);
console.log(`one:     ${pool.submitSync(square, 12)}`);

// Lambdas and what they capture travel by themselves.
const offset = 100;
console.log(`closure: ${(await map(numbers, (x) => square(x) + offset)).join(' ')}`);

await pool.close();

// expected output:
// map:     1 4 9 16 25
// this thread goes on while the map is queued
// later:   1 4 9 16 25
// mapSync: 1 4 9 16 25
// one:     144
// closure: 101 104 109 116 125
