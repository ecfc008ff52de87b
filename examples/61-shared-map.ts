/**
 * One map for all threads: counting words into a `SharedMap`.
 *
 * Every task adds to the same map in shared memory: `add()` is one step that no other thread comes between. Nothing is sent back
 * and nothing merged. Where the same few keys are counted again and again, a task does well to count in a Map of its own first,
 * and add each sum once.
 *
 * Python: `multiprocessing.Manager().dict()` (which asks a server process), `collections.Counter` per process, merged
 */
import { threads } from 'tutti';
import { counter, f64, i32, sharedMap, struct, text } from 'tutti/structures';

const verses = [
  'row row row your boat',
  'gently down the stream',
  'merrily merrily merrily merrily',
  'life is but a dream',
];
const lines = Array.from({ length: 400 }, (_, i) => verses[i % 4]!);

const pool = threads();
const counts = sharedMap({ keys: text(16), values: i32, capacity: 100 });
const lineCount = counter();

await pool.forEach(lines, (line) => {
  for (const word of line.split(' ')) counts.add(word);
  lineCount.add();
});
const ranking = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
for (const [word, count] of ranking.slice(0, 3)) console.log(`${word.padEnd(8)}${count}`);
console.log(`${counts.size} words in ${lineCount.get()} lines`);

// In two steps: in a Map of the task's own, then each sum at once.
const again = sharedMap({ keys: text(16), values: i32, capacity: 100 });
await pool.forEach([0, 1, 2, 3], (part) => {
  const own = new Map<string, number>();
  for (let i = part; i < lines.length; i += 4)
    for (const word of lines[i]!.split(' ')) own.set(word, (own.get(word) ?? 0) + 1);
  for (const [word, count] of own) again.add(word, count);
});
console.log(`the same: ${[...counts].every(([word, count]) => again.get(word) === count) ? '✓' : '✗'}`);

// Values may be records, changed by a function: again when another thread was faster, so it has no effects.
const Best = struct({ score: f64, line: i32 });
const longest = sharedMap({ keys: text(1), values: Best, capacity: 26 });
await pool.forEach(verses, (line) => {
  for (const word of line.split(' ')) {
    longest.update(word[0]!, (best) =>
      best !== undefined && best.score >= word.length ? best : { score: word.length, line: line.length },
    );
  }
});
const letters = [...longest].sort(([a], [b]) => (a < b ? -1 : 1));
console.log(
  letters
    .slice(0, 6)
    .map(([letter, { score }]) => `${letter}:${score}`)
    .join(' '),
);

// Full is an error that says so, not a slow crawl.
try {
  const tiny = sharedMap({ keys: i32, values: i32, capacity: 2 });
  for (let key = 0; key < 3; key++) tiny.set(key, key);
} catch (error) {
  console.log(String(error));
}

await pool.close();

// expected output:
// merrily 400
// row     300
// a       100
// 13 words in 400 lines
// the same: ✓
// a:1 b:4 d:5 g:6 i:2 l:4
// CapacityError: set(): the map is full: it was made for 2 entries; make it with a larger `capacity`, or delete some
