/**
 * Map-reduce: count words.
 *
 * The mapper turns a line into pairs of key and value; pairs of one key are combined by the reducer, first inside each
 * worker, then across workers. The result is a Map.
 *
 * Python: the tutorial's map-reduce word count, dask.bag's frequencies, mrjob
 */
import { mapReduce } from 'tutti';

const text = `
Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse,
and nothing particular to interest me on shore, I thought I would sail about a little and see the watery
part of the world. It is a way I have of driving off the spleen and regulating the circulation. Whenever I
find myself growing grim about the mouth; whenever it is a damp, drizzly November in my soul; whenever I
find myself involuntarily pausing before coffin warehouses, and bringing up the rear of every funeral I
meet; and especially whenever my hypos get such an upper hand of me, that it requires a strong moral
principle to prevent me from deliberately stepping into the street, and methodically knocking people's
hats off, then, I account it high time to get to sea as soon as I can.`;

function* words(line: string): Generator<[string, number]> {
  for (const [word] of line.toLowerCase().matchAll(/[a-z']+/g)) yield [word, 1];
}

const lines = text.trim().split('\n');
const counts = await mapReduce(lines, words, (a, b) => a + b);

const ranking = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
for (const [word, count] of ranking.slice(0, 6)) console.log(`${word.padEnd(9)}${count}`);

const total = ranking.reduce((sum, [, count]) => sum + count, 0);
console.log(`${counts.size} different words of ${total}`);

// expected output:
// i        8
// the      7
// and      6
// a        4
// it       4
// me       4
// 98 different words of 145
