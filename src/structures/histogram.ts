/** Histograms that many threads fill. */
import { show } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { BinFinder, checkBins, edgesOf, type HistogramOptions } from './bins.ts';
import { addFloat64, float64Of } from './bits.ts';
import { addInteger, loadInteger } from './integer-word.ts';
import { allocate, incoming, outgoing } from './memory.ts';

/**
 * Words: how many were below, the bins, how many were above, NaN, and the sum of all values. The word of a bin is one more than
 * its number, which is what `BinFinder` says of those outside as well.
 */
const UNDER = 0;
const OVER = 1;
const NAN = 2;
const SUM = 3;
const MORE_WORDS = 4;

type Scale = 'linear' | 'log' | undefined;

/** How often values fell into bins; {@link histogram} makes it. */
export class Histogram {
  readonly #words: BigInt64Array;
  readonly #edges: Float64Array;
  readonly #scale: Scale;
  readonly #finder: BinFinder;

  /** @internal use {@link histogram} */
  constructor(memory: ArrayBufferLike, bins: number, scale: Scale, edges?: Float64Array) {
    this.#words = new BigInt64Array(memory, 0, bins + MORE_WORDS);
    this.#edges = new Float64Array(memory, 8 * (bins + MORE_WORDS), bins + 1);
    if (edges !== undefined) this.#edges.set(edges);
    this.#scale = scale;
    this.#finder = new BinFinder(this.#edges, scale);
  }

  /** The memory: `unmap(histogram.buffer)` ends memory that is shared across processes sooner than the garbage collector. */
  get buffer(): ArrayBufferLike {
    return this.#words.buffer;
  }

  /** Number of bins. */
  get bins(): number {
    return this.#edges.length - 1;
  }

  /** The edges of the bins, a copy: bin `i` goes from `edges[i]` up to, and without, `edges[i + 1]`; the last one includes it. */
  get edges(): Float64Array {
    return this.#edges.slice();
  }

  /**
   * Counts a value, or several of it.
   *
   * Two atomic steps, on the bin and on the sum for {@link Histogram.mean}: lock-free. For many values {@link Histogram.addAll}
   * is much faster.
   *
   * @param weight how many, an integer ≥ 0; 1 by default
   * @throws RangeError for another weight, and when the bin would count more than a number holds exactly (2^53 − 1)
   */
  add(value: number, weight = 1): this {
    checkValue('add', value);
    checkWeight('add', weight);
    if (weight === 0) return this;
    addInteger('add', this.#words, this.#finder.find(value) + 1, weight);
    if (!Number.isNaN(value)) addFloat64(this.#words, this.bins + SUM, value * weight);
    return this;
  }

  /**
   * Counts many values: in memory of this thread first, then each bin that got some in one atomic step.
   *
   * @param values numbers, as an array or typed array; a shared array is read as it is at the moment
   */
  addAll(values: ArrayLike<number>): this {
    const { bins } = this;
    const finder = this.#finder;
    const counts = new Float64Array(bins + NAN + 1);
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (typeof value !== 'number') checkValue('addAll', value);
      counts[finder.find(value) + 1]!++;
      if (value === value) sum += value;
    }
    this.#addCounts('addAll', counts);
    if (sum !== 0) addFloat64(this.#words, bins + SUM, sum);
    return this;
  }

  /**
   * Adds what another histogram of the same edges has counted.
   *
   * @throws RangeError when the edges differ
   */
  merge(other: Histogram): this {
    if (!(other instanceof Histogram))
      throw new TypeError(`merge(): expected a histogram, but got ${show(other)}`);
    const { bins } = this;
    if (other.bins !== bins || other.#edges.some((edge, i) => edge !== this.#edges[i]))
      throw new RangeError('merge(): the two histograms have different edges; make them with the same ones');
    this.#addCounts('merge', other.#read(0, bins + NAN + 1));
    addFloat64(this.#words, bins + SUM, other.#sum);
    return this;
  }

  /** The counts of the bins, a copy; each is read at its own moment. */
  counts(): Float64Array {
    return this.#read(1, this.bins + 1);
  }

  /** How many values were below the first bin. */
  get underflow(): number {
    return this.#count(UNDER);
  }

  /** How many values were above the last bin. */
  get overflow(): number {
    return this.#count(this.bins + OVER);
  }

  /** How often NaN was counted; it is in no other number. */
  get nanCount(): number {
    return this.#count(this.bins + NAN);
  }

  /** How many values were counted, those outside of the bins included, NaN not. */
  get total(): number {
    return this.#read(UNDER, this.bins + OVER + 1).reduce((sum, count) => sum + count, 0);
  }

  /** The mean of all values themselves, those outside of the bins included; NaN when there are none. */
  get mean(): number {
    return this.#sum / this.total;
  }

  /**
   * The value below which a share `q` of all values lies, as far as bins can tell: values are taken to be spread evenly in their
   * bin. In what lies outside of the bins it is the nearest edge.
   *
   * @param q from 0 to 1
   * @returns NaN when nothing was counted
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile(): q must be from 0 to 1, but got ${show(q)}`);
    const { bins } = this;
    const counts = this.#read(UNDER, bins + OVER + 1);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return Number.NaN;
    let left = q * total - counts[UNDER]!;
    const edges = this.#edges;
    let last = edges[0]!;
    if (left < 0) return last;
    for (let bin = 0; bin < bins; bin++) {
      const count = counts[bin + 1]!;
      if (count === 0) continue;
      if (left <= count) return edges[bin]! + (edges[bin + 1]! - edges[bin]!) * (left / count);
      left -= count;
      last = edges[bin + 1]!;
    }
    return counts[bins + OVER]! > 0 ? edges[bins]! : last;
  }

  /** Sets all counts to zero, one after the other: values that others add meanwhile may stay or go. */
  clear(): void {
    for (let i = 0; i < this.bins + MORE_WORDS; i++) Atomics.store(this.#words, i, 0n);
  }

  get #sum(): number {
    return float64Of(Atomics.load(this.#words, this.bins + SUM));
  }

  #count(word: number): number {
    return loadInteger(this.#words, word);
  }

  #read(from: number, to: number): Float64Array {
    return Float64Array.from({ length: to - from }, (_, i) => this.#count(from + i));
  }

  #addCounts(owner: string, counts: Float64Array): void {
    for (let word = 0; word < counts.length; word++)
      if (counts[word] !== 0) addInteger(owner, this.#words, word, counts[word]!);
  }

  [Symbol.for('tutti.serialize')](): unknown {
    return [outgoing(this.#words.buffer), this.bins, this.#scale];
  }

  static [Symbol.for('tutti.deserialize')]([memory, bins, scale]: [Uint8Array, number, Scale]): Histogram {
    return new Histogram(incoming('a histogram', memory), bins, scale);
  }

  static {
    byReference(this, 'structures/histogram.js', 'Histogram');
  }
}

function checkValue(owner: string, value: unknown): void {
  if (typeof value !== 'number') throw new TypeError(`${owner}(): expected a number, but got ${show(value)}`);
}

function checkWeight(owner: string, weight: unknown): void {
  if (!Number.isSafeInteger(weight) || (weight as number) < 0)
    throw new RangeError(
      `${owner}(): the weight must be an integer of at least 0, but got ${show(weight)}; scale fractions up`,
    );
}

/**
 * A histogram in shared memory, for any number of threads: values are counted in fixed bins, exactly.
 *
 * Passed to a task or captured by one it is the same histogram there. Counts do not depend on the number of threads; the sum behind
 * `mean` does in its last bits, as floats are added in any order. Each operation that counts is lock-free, and none of its steps
 * is ever lost; who reads while others count sees each number at its own moment.
 *
 * @param options `from`, `to`, `bins` and `scale` (`'linear'`, the default, or `'log'`), or `edges`; `across`: who sees it,
 *   `'threads'` (default) or `'processes'`
 * @throws TypeError or RangeError for options that make no bins
 * @throws MissingPackageError, UnsupportedError, SharedMemoryError across processes: without koffi, on Windows, without room
 *
 * @example
 * ```ts
 * import { histogram } from 'tutti/structures';
 * import { forEach } from 'tutti';
 *
 * const h = histogram({ from: 0, to: 4, bins: 4 });
 * await forEach([0.5, 1.5, 1.6, 3.5, 9, Number.NaN], (x) => void h.add(x));
 * [...h.counts()]; // => [1, 2, 0, 1]
 * [h.overflow, h.nanCount, h.total]; // => [1, 1, 5]
 * h.quantile(0.4); // => 1.5
 * ```
 */
export function histogram(options: HistogramOptions): Histogram {
  const checked = checkBins(options);
  const edges = edgesOf(checked);
  const bins = edges.length - 1;
  const scale = checked.edges === undefined ? (checked.scale ?? 'linear') : undefined;
  const memory = allocate('a histogram', 8 * (bins + MORE_WORDS + bins + 1), checked.across);
  return new Histogram(memory, bins, scale, edges);
}
