/** The inner loops of the problems: plain functions over typed arrays and ranges, run by the serial loop and by every pool. */
import { gaussianPairs, type Deviates } from '#src/cli/demo/ep.js';
import { simulate } from '#src/cli/demo/nbody.js';

/** One block of NPB EP. */
export function epBlock(block: number): Deviates {
  return gaussianPairs(block);
}

/** Energies of system `k` of the n-body ensemble, twice a year. */
export function nbodySystem({ k, years }: { k: number; years: number }): number[] {
  return simulate(k, years);
}

/** Rows `from … to` of a picture of the Mandelbrot set: steps until a point escapes, `maxSteps` for those that stay. */
export function mandelbrotRows(argument: {
  counts: Int32Array;
  width: number;
  height: number;
  maxSteps: number;
  from: number;
  to: number;
}): void {
  const { counts, width, height, maxSteps, from, to } = argument;
  for (let row = from; row < to; row++) {
    const y = 1.25 - ((row + 0.5) / height) * 2.5;
    for (let column = 0; column < width; column++) {
      const x = -2.25 + ((column + 0.5) / width) * 3;
      let re = 0;
      let im = 0;
      let step = 0;
      while (step < maxSteps) {
        const re2 = re * re;
        const im2 = im * im;
        if (re2 + im2 > 4) break;
        im = 2 * re * im + y;
        re = re2 - im2 + x;
        step++;
      }
      counts[row * width + column] = step;
    }
  }
}

/** Rows `from … to` of the Parallel Research Kernels' star-shaped stencil of radius 2: `out += W * input`. */
export function stencilRows(argument: {
  input: Float64Array;
  out: Float64Array;
  n: number;
  from: number;
  to: number;
}): void {
  const { input, out, n, from, to } = argument;
  for (let i = Math.max(2, from); i < Math.min(n - 2, to); i++) {
    for (let j = 2; j < n - 2; j++) {
      const at = i * n + j;
      out[at]! +=
        0.25 * (input[at + 1]! - input[at - 1]! + input[at + n]! - input[at - n]!) +
        0.125 * (input[at + 2]! - input[at - 2]! + input[at + 2 * n]! - input[at - 2 * n]!);
    }
  }
}

/** Adds 1 to elements `from … to`. */
export function addOne(argument: { array: Float64Array; from: number; to: number }): void {
  const { array, from, to } = argument;
  for (let i = from; i < to; i++) array[i]! += 1;
}

/** Rows `from … to` of PRK transpose: `b += transposed a`, in tiles of 32 columns, and the rows' share of `a += 1`. */
export function transposeRows(argument: {
  a: Float64Array;
  b: Float64Array;
  n: number;
  from: number;
  to: number;
}): void {
  const { a, b, n, from, to } = argument;
  for (let left = 0; left < n; left += 32) {
    const right = Math.min(n, left + 32);
    for (let i = from; i < to; i++) {
      // Row i of b is column i of a, and nobody else touches that column.
      for (let j = left; j < right; j++) {
        b[i * n + j]! += a[j * n + i]!;
        a[j * n + i]! += 1;
      }
    }
  }
}

/** Elements `from … to` of PRK nstream: `a += b + 3 c`. */
export function nstreamRange(argument: {
  a: Float64Array;
  b: Float64Array;
  c: Float64Array;
  from: number;
  to: number;
}): void {
  const { a, b, c, from, to } = argument;
  for (let i = from; i < to; i++) a[i]! += b[i]! + 3 * c[i]!;
}

/** Rows `from … to` of a picture smoothed by the 5 × 5 binomial filter; two pixels at the border stay as they are. */
export function smoothRows(argument: {
  image: Float32Array;
  out: Float32Array;
  width: number;
  height: number;
  from: number;
  to: number;
}): void {
  const { image, out, width, height, from, to } = argument;
  for (let y = Math.max(2, from); y < Math.min(height - 2, to); y++) {
    for (let x = 2; x < width - 2; x++) {
      let sum = 0;
      for (let dy = -2; dy <= 2; dy++) {
        const at = (y + dy) * width + x;
        const row = image[at - 2]! + image[at + 2]! + 4 * (image[at - 1]! + image[at + 1]!) + 6 * image[at]!;
        sum += (dy === 0 ? 6 : dy * dy === 1 ? 4 : 1) * row;
      }
      out[y * width + x] = sum / 256;
    }
  }
}

/** How often each word stands in a text of lower-case words with single spaces between them. */
export function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
