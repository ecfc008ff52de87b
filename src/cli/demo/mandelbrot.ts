/** The Mandelbrot set, row by row into one shared array, and its area, which is known. */
import { shared } from '../../memory/shared.ts';
import { checkNumber, checkSame } from './check.ts';
import { problem, type Case } from './problem.ts';
import { encodePng } from '../png.ts';

/** Area of the set: 1.5065918849 ± 2.8e-9 (T. Förstemann, "Numerical estimation of the area of the Mandelbrot set", 2012). */
const KNOWN_AREA = 1.5065918849;
/** Counting pixels at this size and depth comes this near; points that escape later than `MAX_STEPS` count as inside. */
const AREA_TOLERANCE = 0.005;

const WIDTH = 1200;
const HEIGHT = 900;
const MAX_STEPS = 1000;
/** The part of the plane in view; the whole set is in it. */
const VIEW = { left: -2.35, right: 0.85, top: 1.2, bottom: -1.2 };

/** How fast the point c = x + iy leaves: a smooth number of steps (Linas Vepstas), 0 for points that stay. */
function escapeTime(x: number, y: number): number {
  let re = 0;
  let im = 0;
  for (let step = 1; step <= MAX_STEPS; step++) {
    const re2 = re * re;
    const im2 = im * im;
    if (re2 + im2 > 256) return step + 1 - Math.log2(Math.log2(re2 + im2) / 2);
    im = 2 * re * im + y;
    re = re2 - im2 + x;
  }
  return 0;
}

/** Fills one row of the picture. */
function drawRow(row: number, times: Float32Array): void {
  const y = VIEW.top + ((row + 0.5) / HEIGHT) * (VIEW.bottom - VIEW.top);
  for (let column = 0; column < WIDTH; column++) {
    const x = VIEW.left + ((column + 0.5) / WIDTH) * (VIEW.right - VIEW.left);
    times[row * WIDTH + column] = escapeTime(x, y);
  }
}

/** Area of the pixels that stay, in the units of the plane. */
function areaInside(times: Float32Array): number {
  let inside = 0;
  for (const time of times) if (time === 0) inside++;
  const pixel = ((VIEW.right - VIEW.left) / WIDTH) * ((VIEW.top - VIEW.bottom) / HEIGHT);
  return inside * pixel;
}

/** Dark blue outside, through teal and gold to white at the border; the set itself is black. */
function paint(times: Float32Array): Uint8Array {
  const stops = [
    [0, 9, 14, 44],
    [0.25, 21, 76, 121],
    [0.45, 42, 157, 143],
    [0.65, 233, 196, 106],
    [0.82, 231, 111, 81],
    [1, 255, 255, 255],
  ] as const;
  const rgb = new Uint8Array(3 * times.length);
  times.forEach((time, i) => {
    if (time === 0) return;
    const share = Math.min(1, Math.max(0, Math.log(Math.max(1, time)) / Math.log(90)));
    const upper = Math.max(
      1,
      stops.findIndex(([at]) => at >= share),
    );
    const [from, to] = [stops[upper - 1]!, stops[upper]!];
    const part = (share - from[0]) / (to[0] - from[0]);
    for (const channel of [1, 2, 3] as const) {
      rgb[3 * i + channel - 1] = Math.round(from[channel] + part * (to[channel] - from[channel]));
    }
  });
  return rgb;
}

export const mandelbrot = problem(
  'mandelbrot',
  'Mandelbrot set',
  `${WIDTH} × ${HEIGHT} points, up to ${MAX_STEPS.toLocaleString('en-US')} steps each, rows handed out as workers become free and written ` +
    'straight into one shared array. The area of the set is known to ten digits; counting pixels must come near it.',
  (): Case<number, Float32Array> => {
    const rows = Array.from({ length: HEIGHT }, (_, row) => row);
    return {
      input: `${WIDTH} × ${HEIGHT} pixels, ${MAX_STEPS.toLocaleString('en-US')} steps`,
      items: rows,
      serial: (some) => {
        const times = new Float32Array(WIDTH * HEIGHT);
        for (const row of some) drawRow(row, times);
        return times;
      },
      threads: async (pool, some, onProgress) => {
        const times = shared(Float32Array, WIDTH * HEIGHT);
        await pool.for(some.length, (row) => drawRow(row, times), { onProgress });
        return times;
      },
      check: (serial, threads) => [
        checkNumber('area of the set, by counting pixels', KNOWN_AREA, areaInside(threads), AREA_TOLERANCE),
        checkSame('pixels as in the loop', serial, threads),
      ],
      figures: (times) => [
        {
          kind: 'png',
          caption: 'Colour: how soon a point escapes. Black: points that stay.',
          file: 'mandelbrot.png',
          png: encodePng(WIDTH, HEIGHT, paint(times)),
          alt: 'The Mandelbrot set',
        },
      ],
    };
  },
);
