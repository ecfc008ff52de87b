/**
 * Functions of several arguments: from lists of arguments, or from several inputs side by side.
 *
 * `starmap` spreads each item into arguments; a `map` over several inputs takes one item of each and stops with the
 * shortest. Fixed arguments need no partial(): a closure has them.
 *
 * Python: multiprocessing.Pool.starmap, map(f, xs, ys), pathos' multi-iterable map, functools.partial
 */
import { map, starmap } from 'tutti';

const volume = (width: number, height: number, depth: number) => width * height * depth;

const boxes: [number, number, number][] = [
  [1, 2, 3],
  [2, 2, 2],
  [10, 1, 5],
];
console.log(`starmap:   ${(await starmap(boxes, volume)).join(' ')}`);

const widths = [1, 2, 3, 4];
const heights = new Float64Array([10, 20, 30, 40]);
const depths = new Set([5, 6, 7]);
console.log(`three ins: ${(await map(widths, heights, depths, volume)).join(' ')}`);

const height = 2;
const depth = 3;
console.log(`partial:   ${(await map(widths, (width) => volume(width, height, depth))).join(' ')}`);

// expected output:
// starmap:   6 8 50
// three ins: 50 240 630
// partial:   6 12 18 24
