/**
 * EP of the NAS Parallel Benchmarks (NASA RNR-94-007, section 2.3.1): Gaussian deviates by acceptance and rejection,
 * from the benchmark's own generator so that the sums are known to twelve digits.
 */
import { barChart } from './bar-chart.ts';
import { checkNumber, checkSame, type Check } from './check.ts';
import { problem, type Case } from './problem.ts';

/** Known answers: the sums and the number of accepted pairs (NPB 3.4, `EP/verify`), the pairs of S and A per annulus. */
const KNOWN = {
  S: {
    exponent: 24,
    sx: -3247.83465203474,
    sy: -6958.407078382297,
    annuli: [6140517, 5865300, 1100361, 68546, 1648, 17, 0, 0, 0, 0],
  },
  W: { exponent: 25, sx: -2863.319731645753, sy: -6320.053679109499, annuli: undefined },
  A: {
    exponent: 28,
    sx: -4295.875165629892,
    sy: -15807.32573678431,
    annuli: [98257395, 93827014, 17611549, 1110028, 26536, 245, 0, 0, 0, 0],
  },
} as const;

/** Relative difference that NPB allows. */
const EPSILON = 1e-8;

const BLOCK = 2 ** 16; // pairs per piece, as in NPB
/** Numbers that are made at a time; they fit into the nearest cache. */
const NUMBERS = 2048;
const SEED = 271828183;
const MULTIPLIER = 5 ** 13;

const T23 = 2 ** 23;
const R23 = 2 ** -23;
const T46 = 2 ** 46;
const R46 = 2 ** -46;

/** `a · x mod 2^46`, exactly, in doubles: each factor in two halves of 23 bits (NPB's `randlc`). */
export function multiplyModulo46(a: number, x: number): number {
  const a1 = Math.floor(R23 * a);
  const a2 = a - T23 * a1;
  const x1 = Math.floor(R23 * x);
  const x2 = x - T23 * x1;
  const cross = a1 * x2 + a2 * x1;
  const sum = T23 * (cross - T23 * Math.floor(R23 * cross)) + a2 * x2;
  return sum - T46 * Math.floor(R46 * sum);
}

/** The generator's state after `steps` steps from `seed`, by repeated squaring. */
export function leapAhead(seed: number, steps: number): number {
  let state = seed;
  let power: number = MULTIPLIER;
  for (let left = steps; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) state = multiplyModulo46(power, state);
    power = multiplyModulo46(power, power);
  }
  return state;
}

/** Sums of the deviates of some pairs, and how many pairs fell in each square annulus. */
export interface Deviates {
  sx: number;
  sy: number;
  annuli: number[];
}

/** One count per annulus. */
const zeroCounts = (): number[] => Array.from({ length: 10 }, () => 0);

/**
 * Fills an array with the next numbers from −1 to 1 and returns the generator's new state (NPB's `vranlc`). The product of
 * {@link multiplyModulo46} stands here once more: as a call the engine sometimes makes an object of each number.
 */
function fillWithNumbers(numbers: Float64Array, state: number): number {
  const high = Math.floor(R23 * MULTIPLIER);
  const low = MULTIPLIER - T23 * high;
  for (let i = 0; i < numbers.length; i++) {
    const x1 = Math.floor(R23 * state);
    const x2 = state - T23 * x1;
    const cross = high * x2 + low * x1;
    const sum = T23 * (cross - T23 * Math.floor(R23 * cross)) + low * x2;
    state = sum - T46 * Math.floor(R46 * sum);
    numbers[i] = 2 * R46 * state - 1;
  }
  return state;
}

/** The pairs of one block. Any thread can do any block: the generator leaps to where the block begins. */
export function gaussianPairs(block: number): Deviates {
  const numbers = new Float64Array(NUMBERS);
  let state = leapAhead(SEED, 2 * BLOCK * block);
  let sx = 0;
  let sy = 0;
  const annuli = new Float64Array(10);
  for (let left = 2 * BLOCK; left > 0; left -= NUMBERS) {
    state = fillWithNumbers(numbers, state);
    for (let i = 0; i < NUMBERS; i += 2) {
      const x = numbers[i]!;
      const y = numbers[i + 1]!;
      const t = x * x + y * y;
      if (t > 1) continue;
      const scale = Math.sqrt((-2 * Math.log(t)) / t);
      const gx = x * scale;
      const gy = y * scale;
      annuli[Math.floor(Math.max(Math.abs(gx), Math.abs(gy)))]!++;
      sx += gx;
      sy += gy;
    }
  }
  return { sx, sy, annuli: [...annuli] };
}

/** The sum of blocks, always in the order of the blocks: floating-point sums depend on it. */
export function sumDeviates(parts: Iterable<Deviates>): Deviates {
  const total: Deviates = { sx: 0, sy: 0, annuli: zeroCounts() };
  for (const part of parts) {
    total.sx += part.sx;
    total.sy += part.sy;
    part.annuli.forEach((count, i) => (total.annuli[i]! += count));
  }
  return total;
}

/** NPB's verification of a result of class `name`. */
export function verifyDeviates(name: keyof typeof KNOWN, { sx, sy, annuli }: Deviates): Check[] {
  const known = KNOWN[name];
  return [
    checkNumber(`class ${name}: sum of x`, known.sx, sx, EPSILON),
    checkNumber(`class ${name}: sum of y`, known.sy, sy, EPSILON),
    ...(known.annuli === undefined
      ? []
      : [
          checkNumber('pairs accepted', total(known.annuli), total(annuli)),
          checkSame('pairs in each annulus', known.annuli, annuli),
        ]),
  ];
}

const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b);

/** Pieces of a class: one block of 65,536 pairs each. */
export function blocksOf(name: keyof typeof KNOWN): number[] {
  return Array.from({ length: 2 ** KNOWN[name].exponent / BLOCK }, (_, block) => block);
}

export const ep = problem(
  'ep',
  'NPB EP: Gaussian deviates',
  'The NAS Parallel Benchmarks’ “embarrassingly parallel” kernel. Its linear congruential generator is reproduced ' +
    'bit by bit, so the sums and counts of the benchmark’s own verification must come out.',
  ({ problemClass }): Case<number, Deviates> => ({
    input: `class ${problemClass}, 2^${KNOWN[problemClass].exponent} pairs`,
    items: blocksOf(problemClass),
    serial: (blocks) => sumDeviates(blocks.map((block) => gaussianPairs(block))),
    threads: async (pool, blocks, onProgress) =>
      sumDeviates(await pool.map(blocks, gaussianPairs, { onProgress })),
    check: (serial, threads) => [
      ...verifyDeviates(problemClass, threads),
      checkSame(
        'same sums and counts as the loop',
        [serial.sx, serial.sy, ...serial.annuli],
        [threads.sx, threads.sy, ...threads.annuli],
      ),
    ],
    figures: ({ annuli }) => [
      {
        kind: 'svg',
        caption:
          'Accepted pairs by the square annulus l ≤ max(|x|, |y|) < l + 1 that they fall in (logarithmic scale): ' +
          'the tails of the normal distribution.',
        svg: barChart(
          annuli.filter((count) => count > 0).map((count, l) => ({ label: `${l} – ${l + 1}`, value: count })),
          { logarithmic: true, label: 'Accepted pairs per annulus' },
        ),
      },
    ],
  }),
);
