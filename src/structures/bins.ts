/** Bins of a histogram: their edges, and which one a value is in. */
import { integer, number, oneOf, optionChecker, show, type Rule } from '../base/options.ts';
import { across, type AcrossOptions } from './memory.ts';

/** Bins of equal width, or of equal ratio. */
export interface EvenBins extends AcrossOptions {
  /** Lower edge of the first bin. With `scale: 'log'` above 0. */
  from: number;
  /** Upper edge of the last bin, which belongs to it. */
  to: number;
  /** How many, an integer ≥ 1. */
  bins: number;
  /** `'linear'` (the default): bins of equal width. `'log'`: each edge is the same multiple of the one before. */
  scale?: 'linear' | 'log';
  edges?: undefined;
}

/** Bins between given edges. */
export interface GivenBins extends AcrossOptions {
  /** Edges of the bins, ascending: one more than there are bins. */
  edges: ArrayLike<number>;
  from?: undefined;
  to?: undefined;
  bins?: undefined;
  scale?: undefined;
}

export type HistogramOptions = EvenBins | GivenBins;

const edgeList: Rule<ArrayLike<number>> = {
  expects: 'an array of at least two finite numbers, each larger than the one before',
  is: (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
  within: (value) =>
    value.length >= 2 &&
    Array.from(value).every((edge, i, all) => Number.isFinite(edge) && (i === 0 || edge > all[i - 1]!)),
};

export const checkBins = optionChecker('histogram', {
  from: number(),
  to: number(),
  bins: integer({ min: 1, max: 2 ** 24 }),
  scale: oneOf('linear', 'log'),
  edges: edgeList,
  across,
});

/** The edges that checked options ask for. */
export function edgesOf(options: ReturnType<typeof checkBins>): Float64Array {
  const { from, to, bins, scale, edges } = options;
  if (edges !== undefined) {
    if ([from, to, bins, scale].some((one) => one !== undefined))
      throw new TypeError('histogram(): give either `edges`, or `from`, `to` and `bins`');
    return Float64Array.from(edges);
  }
  if (from === undefined || to === undefined || bins === undefined)
    throw new TypeError('histogram(): give `from`, `to` and `bins`, or `edges`');
  if (!(to > from))
    throw new RangeError(`histogram(): \`to\` must be above \`from\` (${from}), but got ${show(to)}`);
  if (scale === 'log' && !(from > 0))
    throw new RangeError(`histogram(): with a logarithmic scale \`from\` must be above 0, but got ${from}`);
  const made = new Float64Array(bins + 1);
  for (let i = 0; i <= bins; i++) {
    const share = i / bins;
    made[i] = scale === 'log' ? from * (to / from) ** share : from * (1 - share) + to * share;
  }
  made[0] = from;
  made[bins] = to;
  for (let i = 0; i < bins; i++)
    if (!(made[i + 1]! > made[i]!))
      throw new RangeError(
        `histogram(): ${bins} bins from ${from} to ${to} are narrower than numbers are apart; take fewer`,
      );
  return made;
}

/** Finds bins by their edges; a guess that is right where they are even saves the search. */
export class BinFinder {
  readonly #edges: Float64Array;
  readonly #first: number;
  readonly #last: number;
  /** Bins per unit of the value or of its logarithm; 0 where bins are not even. */
  readonly #perUnit: number;
  readonly #logBase: number;

  constructor(edges: Float64Array, scale: 'linear' | 'log' | undefined) {
    const bins = edges.length - 1;
    this.#edges = edges;
    this.#first = edges[0]!;
    this.#last = edges[bins]!;
    this.#logBase = scale === 'log' ? Math.log(this.#first) : Number.NaN;
    const width = scale === 'log' ? Math.log(this.#last) - this.#logBase : this.#last - this.#first;
    this.#perUnit = scale === undefined || !Number.isFinite(width) ? 0 : bins / width;
  }

  /** The bin of a value; −1 below the first, `bins` above the last, `bins + 1` for NaN. */
  find(value: number): number {
    const edges = this.#edges;
    const bins = edges.length - 1;
    if (value < this.#first) return -1;
    if (!(value < this.#last)) {
      if (value === this.#last) return bins - 1;
      return value > this.#last ? bins : bins + 1;
    }
    if (this.#perUnit === 0) return this.#search(value);
    const from = this.#logBase;
    const share = Number.isNaN(from) ? value - this.#first : Math.log(value) - from;
    let bin = Math.min(bins - 1, Math.max(0, Math.floor(share * this.#perUnit)));
    // Rounding may lead to a neighbour: the edges decide.
    while (value < edges[bin]!) bin--;
    while (value >= edges[bin + 1]!) bin++;
    return bin;
  }

  #search(value: number): number {
    const edges = this.#edges;
    let low = 0;
    let high = edges.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (value < edges[middle]!) high = middle;
      else low = middle;
    }
    return low;
  }
}
