/** Problems over large shared arrays: the Parallel Research Kernels' stencil, transpose and nstream, and an image filter. */
import { shared } from 'tutti';
import type { Scale } from '../suite.ts';
import { addOne, nstreamRange, smoothRows, stencilRows, transposeRows } from './kernels.ts';
import { expectNear, ranges, type Problem } from './problem.ts';

const grid = (scale: Scale): number => (scale.smoke ? 128 : scale.quick ? 1000 : 2000);
const ITERATIONS = 10;

/** Mean of |out| over the points that the stencil covers; PRK: (iterations + 1) · (1 + 1), with weights that give 1 + 1 here. */
const STENCIL_NORM = 2;

export const stencil: Problem = {
  title: 'PRK stencil',
  about:
    'Star-shaped stencil of radius 2 over 2,000 × 2,000 doubles and an increment of the input, ten times: twenty ' +
    'parallel loops. PRK’s norm verified to 1e-8.',
  c: (scale) => [grid(scale), ITERATIONS],
  checkOthers: ({ norm }) => expectNear('norm', norm, ITERATIONS * STENCIL_NORM, 1e-8),
  prepare: (scale) => {
    const n = grid(scale);
    const input = shared(Float64Array, n * n);
    const out = shared(Float64Array, n * n);
    return {
      reset: () => {
        out.fill(0);
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) input[i * n + j] = i + j;
      },
      serial: () => {
        for (let iteration = 0; iteration < ITERATIONS; iteration++) {
          stencilRows({ input, out, n, from: 0, to: n });
          addOne({ array: input, from: 0, to: n * n });
        }
      },
      threads: async (pool) => {
        for (let iteration = 0; iteration < ITERATIONS; iteration++) {
          await pool.for(n, (i) => stencilRows({ input, out, n, from: i, to: i + 1 }));
          await pool.for(n, (i) => addOne({ array: input, from: i * n, to: (i + 1) * n }));
        }
      },
      tasks: async (run) => {
        const rows = ranges(n);
        for (let iteration = 0; iteration < ITERATIONS; iteration++) {
          await Promise.all(rows.map((range) => run('stencilRows', { input, out, n, ...range })));
          await Promise.all(ranges(n * n).map((range) => run('addOne', { array: input, ...range })));
        }
      },
      check: () => {
        let sum = 0;
        for (let i = 0; i < n * n; i++) sum += Math.abs(out[i] as number);
        expectNear('norm', sum / (n - 4) ** 2, ITERATIONS * STENCIL_NORM, 1e-8);
      },
    };
  },
};

export const transpose: Problem = {
  title: 'PRK transpose',
  about: '`B += Aᵀ; A += 1` over 2,000 × 2,000 doubles, ten times; every element verified.',
  c: (scale) => [grid(scale), ITERATIONS],
  checkOthers: ({ error }) => {
    if (error !== 0) throw new RangeError(`sum of errors is ${error}`);
  },
  prepare: (scale) => {
    const n = grid(scale);
    const a = shared(Float64Array, n * n);
    const b = shared(Float64Array, n * n);
    return {
      reset: () => {
        b.fill(0);
        for (let i = 0; i < n * n; i++) a[i] = i;
      },
      serial: () => {
        for (let k = 0; k < ITERATIONS; k++) transposeRows({ a, b, n, from: 0, to: n });
      },
      threads: async (pool) => {
        const tiles = Math.ceil(n / 16);
        for (let k = 0; k < ITERATIONS; k++) {
          await pool.for(tiles, (t) =>
            transposeRows({ a, b, n, from: t * 16, to: Math.min(n, t * 16 + 16) }),
          );
        }
      },
      tasks: async (run) => {
        for (let k = 0; k < ITERATIONS; k++) {
          await Promise.all(ranges(n).map((range) => run('transposeRows', { a, b, n, ...range })));
        }
      },
      check: () => {
        const added = (ITERATIONS * (ITERATIONS - 1)) / 2;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            if (b[i * n + j] !== ITERATIONS * (j * n + i) + added) {
              throw new RangeError(`B[${i}, ${j}] is ${b[i * n + j]}`);
            }
          }
        }
      },
    };
  },
};

const streamLength = (scale: Scale): number => (scale.smoke ? 2 ** 14 : scale.quick ? 2 ** 20 : 2 ** 22);
const BLOCK = 2 ** 12;

export const nstream: Problem = {
  title: 'PRK nstream',
  about:
    '`A += B + 3 C` over 4,194,304 doubles, ten times; every element verified. Memory bandwidth is the limit.',
  c: (scale) => [streamLength(scale), ITERATIONS],
  checkOthers: ({ mean }) => expectNear('mean', mean, 8 * ITERATIONS, 0),
  prepare: (scale) => {
    const n = streamLength(scale);
    const [a, b, c] = [shared(Float64Array, n), shared(Float64Array, n), shared(Float64Array, n)];
    return {
      reset: () => {
        a.fill(0);
        b.fill(2);
        c.fill(2);
      },
      serial: () => {
        for (let k = 0; k < ITERATIONS; k++) nstreamRange({ a, b, c, from: 0, to: n });
      },
      threads: async (pool) => {
        for (let k = 0; k < ITERATIONS; k++) {
          await pool.for(n / BLOCK, (t) => nstreamRange({ a, b, c, from: t * BLOCK, to: (t + 1) * BLOCK }));
        }
      },
      tasks: async (run) => {
        for (let k = 0; k < ITERATIONS; k++) {
          await Promise.all(ranges(n).map((range) => run('nstreamRange', { a, b, c, ...range })));
        }
      },
      check: () => {
        for (let i = 0; i < n; i++) {
          if (a[i] !== 8 * ITERATIONS) throw new RangeError(`A[${i}] is ${a[i]}`);
        }
      },
    };
  },
};

const picture = (scale: Scale): number => (scale.smoke ? 128 : scale.quick ? 1500 : 3000);

/** A ramp, which the filter keeps, and a wave, which it scales by a known factor. */
const wave = (x: number, y: number): number => 100 * Math.cos(0.3 * x) * Math.cos(0.2 * y);
const gain = (w: number): number => (6 + 8 * Math.cos(w) + 2 * Math.cos(2 * w)) / 16;

export const image: Problem = {
  title: 'image filter',
  about:
    '5 × 5 binomial filter over 3,000 × 3,000 single-precision pixels of a ramp and a wave; every pixel verified against ' +
    'the filter’s transfer function.',
  c: (scale) => [picture(scale)],
  checkOthers: ({ error }) => {
    if (!((error ?? 1) < 2e-3)) throw new RangeError(`largest error is ${error}`);
  },
  prepare: (scale) => {
    const size = picture(scale);
    const source = shared(Float32Array, size * size);
    const out = shared(Float32Array, size * size);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) source[y * size + x] = 0.5 * x + 0.25 * y + wave(x, y);
    }
    const view = { image: source, out, width: size, height: size };
    const factor = gain(0.3) * gain(0.2);
    return {
      reset: () => out.fill(0),
      serial: () => smoothRows({ ...view, from: 0, to: size }),
      threads: (pool) => pool.for(size, (y) => smoothRows({ ...view, from: y, to: y + 1 })),
      tasks: (run) => Promise.all(ranges(size).map((range) => run('smoothRows', { ...view, ...range }))),
      check: () => {
        for (let y = 2; y < size - 2; y += 7) {
          for (let x = 2; x < size - 2; x++) {
            const wanted = 0.5 * x + 0.25 * y + factor * wave(x, y);
            const error = Math.abs((out[y * size + x] as number) - wanted);
            if (!(error < 2e-3)) throw new RangeError(`pixel ${x}, ${y} is off by ${error}`);
          }
        }
      },
    };
  },
};
