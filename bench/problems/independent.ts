/** Problems whose pieces know nothing of each other: NPB EP, n-body ensemble, Mandelbrot set, word count. */
import { blocksOf, sumDeviates, verifyDeviates, type Deviates } from '#src/cli/demo/ep.js';
import { shared } from 'tutti';
import type { Scale } from '../suite.ts';
import { countWords, epBlock, mandelbrotRows, nbodySystem } from './kernels.ts';
import { expectNear, ranges, type Problem } from './problem.ts';

const checkEp = (sums: Deviates): void => {
  for (const check of verifyDeviates('S', sums)) {
    if (!check.ok) throw new RangeError(`${check.name}: NPB verification failed`);
  }
};

export const ep: Problem = {
  title: 'NPB EP, class S',
  about: '2^24 pairs of random numbers, Gaussian deviates; sums verified to NPB’s 1e-8.',
  c: () => [24],
  checkOthers: ({ sx, sy }) => {
    expectNear('sum of x', sx, -3247.83465203474, 1e-8);
    expectNear('sum of y', sy, -6958.407078382297, 1e-8);
  },
  prepare: () => {
    const blocks = blocksOf('S');
    return {
      serial: () => sumDeviates(blocks.map((block) => epBlock(block))),
      threads: async (pool) => sumDeviates(await pool.map(blocks, epBlock)),
      tasks: async (run) =>
        sumDeviates((await Promise.all(blocks.map((block) => run('epBlock', block)))) as Deviates[]),
      check: (sums) => checkEp(sums as Deviates),
    };
  },
};

const SYSTEMS = 32;
const years = (scale: Scale): number => (scale.smoke ? 10 : scale.quick ? 30 : 400);

export const nbody: Problem = {
  title: 'n-body ensemble',
  about:
    `${SYSTEMS} solar systems of five bodies as in the Benchmarks Game, 100 steps a year (40,000 steps each); ` +
    'energy of the original one after 1,000 steps verified to nine decimals.',
  c: (scale) => [SYSTEMS, years(scale)],
  checkOthers: ({ energy }) => expectNear('energy', energy, -0.169087605, 3e-9),
  prepare: (scale) => {
    const items = Array.from({ length: SYSTEMS }, (_, k) => ({ k, years: years(scale) }));
    return {
      serial: () => items.map((item) => nbodySystem(item)),
      threads: (pool) => pool.map(items, nbodySystem),
      tasks: (run) => Promise.all(items.map((item) => run('nbodySystem', item))),
      check: (result) => {
        const energies = result as number[][];
        if (energies.length !== SYSTEMS) throw new RangeError(`${energies.length} systems`);
        expectNear('energy', energies[0]?.[20], -0.169087605, 3e-9);
      },
    };
  },
};

const side = (scale: Scale): number => (scale.smoke ? 200 : scale.quick ? 400 : 1200);
const MAX_STEPS = 1000;
/** Area of the set by counting points that stay for 1,000 steps; T. Förstemann's value with the error of the grid. */
const checkArea = (inside: number | undefined, scale: Scale): void =>
  expectNear(
    'area of the set',
    inside === undefined ? undefined : (inside * 7.5) / side(scale) ** 2,
    1.5065918849,
    scale.smoke ? 0.02 : 0.01,
  );

export const mandelbrot: Problem = {
  title: 'Mandelbrot set',
  about:
    '1,200 × 1,200 points, up to 1,000 steps each; the area of the set verified to 1 %, the pixels against the serial loop.',
  c: (scale) => [side(scale), MAX_STEPS],
  checkOthers: ({ inside }, scale) => checkArea(inside, scale),
  prepare: (scale) => {
    const n = side(scale);
    const counts = shared(Int32Array, n * n);
    const view = { counts, width: n, height: n, maxSteps: MAX_STEPS };
    let serialSum: number | undefined;
    return {
      reset: () => counts.fill(0),
      serial: () => mandelbrotRows({ ...view, from: 0, to: n }),
      threads: (pool) => pool.for(n, (row) => mandelbrotRows({ ...view, from: row, to: row + 1 })),
      tasks: (run) =>
        Promise.all(ranges(n, n / 4).map((range) => run('mandelbrotRows', { ...view, ...range }))),
      check: () => {
        let inside = 0;
        let sum = 0;
        for (let i = 0; i < counts.length; i++) {
          const steps = counts[i] as number;
          sum += steps;
          if (steps === MAX_STEPS) inside++;
        }
        checkArea(inside, scale);
        serialSum ??= sum;
        if (sum !== serialSum) throw new RangeError(`${sum} steps instead of ${serialSum}`);
      },
    };
  },
};

const PIECES = 64;
const VOCABULARY = 5000;
const wordsPerPiece = (scale: Scale): number => (scale.smoke ? 500 : scale.quick ? 10_000 : 40_000);

/** Words `w0 … w4999` in the order of a linear congruential generator with the full period 2^16. */
function pieceOfText(piece: number, count: number): string {
  const words: string[] = [];
  let state = piece * 977;
  for (let i = 0; i < count; i++) {
    state = (state * 25_173 + 13_849) & 0xffff;
    words.push(`w${((state >>> 4) * state) % VOCABULARY}`);
  }
  return words.join(' ');
}

export const words: Problem = {
  title: 'word count',
  about:
    '64 texts of 40,000 words out of 5,000; strings go to the workers, maps come back and are added up. ' +
    'The total is verified and every count against the serial loop. There is no version in C.',
  checkOthers: ({ total }, scale) => expectNear('words', total, PIECES * wordsPerPiece(scale), 0),
  prepare: (scale) => {
    const texts = Array.from({ length: PIECES }, (_, p) => pieceOfText(p, wordsPerPiece(scale)));
    const merge = (parts: Iterable<Map<string, number>>): Map<string, number> => {
      const total = new Map<string, number>();
      for (const part of parts) {
        for (const [word, count] of part) total.set(word, (total.get(word) ?? 0) + count);
      }
      return total;
    };
    const expected = merge(texts.map((text) => countWords(text)));
    return {
      serial: () => merge(texts.map((text) => countWords(text))),
      threads: async (pool) => merge(await pool.map(texts, countWords)),
      tasks: async (run) =>
        merge((await Promise.all(texts.map((text) => run('countWords', text)))) as Map<string, number>[]),
      check: (result) => {
        const counts = result as Map<string, number>;
        let total = 0;
        for (const [word, count] of expected) {
          total += count;
          if (counts.get(word) !== count) throw new RangeError(`${word}: ${counts.get(word)} times`);
        }
        expectNear('words', total, PIECES * wordsPerPiece(scale), 0);
        if (counts.size !== expected.size) throw new RangeError('words that are not in the text');
      },
    };
  },
};
