/**
 * Reductions: combine all items with an associative function, the same way on any number of workers.
 *
 * Floating-point sums depend on the order of the additions. `reduce` combines along a tree that the length of the input
 * alone decides, so the last bit is the same with one worker and with four. filter and flatMap are reductions' kin.
 *
 * Python: functools.reduce, mpi4py's reduce and its ordering, dask.bag.fold
 */
import { threads } from 'tutti';

const numbers = Array.from({ length: 10_000 }, (_, k) => (k % 2 === 0 ? 1 : -0.999) / (k + 1));
const add = (a: number, b: number) => a + b;

const sums: number[] = [];
for (const workers of [1, 2, 4]) {
  const pool = threads({ workers });
  sums.push(await pool.reduce(numbers, add));
  await pool.close();
}
console.log(`sum: ${sums[0]!.toFixed(6)}, the same bits on 1, 2 and 4 workers: ${new Set(sums).size === 1}`);

// Any associative function will do: here the longest run of equal letters, from pieces that know their ends.
interface Run {
  readonly length: number;
  readonly best: number;
  readonly head: [string, number];
  readonly tail: [string, number];
}
const single = (letter: string): Run => ({ length: 1, best: 1, head: [letter, 1], tail: [letter, 1] });
function join(a: Run, b: Run): Run {
  const bridge = a.tail[0] === b.head[0] ? a.tail[1] + b.head[1] : 0;
  const head: Run['head'] = bridge && a.head[1] === a.length ? [a.head[0], a.length + b.head[1]] : a.head;
  const tail: Run['tail'] = bridge && b.tail[1] === b.length ? [b.tail[0], b.length + a.tail[1]] : b.tail;
  return { length: a.length + b.length, best: Math.max(a.best, b.best, bridge), head, tail };
}

const pool = threads({ workers: 2 });
const letters = [...'aabbbbacccabbbbbba'.repeat(50)];
const run = await pool.reduce(letters.map(single), join);
console.log(`${run.length} letters, longest run ${run.best}`);

const vowels = await pool.filter([...'violoncello'], (letter) => 'aeiou'.includes(letter));
const echoes = await pool.flatMap(vowels, (vowel) => [vowel, vowel]);
console.log(`vowels: ${vowels.join('')}, echoed: ${echoes.join('')}`);

await pool.close();

// expected output:
// sum: 0.697644, the same bits on 1, 2 and 4 workers: true
// 900 letters, longest run 6
// vowels: iooeo, echoed: iiooooeeoo
