/** How many items go into the next chunk: a pure state machine fed with the compute time of chunks that ended. */

/** A chunk should keep a worker busy for about this long: the cost of a message becomes small, the wait for a result stays so. */
const TARGET_MS = 16;
/** Towards the end chunks shrink, but not below what takes about this long. */
const LEAST_MS = 1;
/** A chunk is at most this many times as large as the largest that was measured (joblib#1220: a cached prefix looks free). */
const GROWTH = 4;
/** The first chunk is this fraction of the input … */
const PROBE_FRACTION = 1 / 1000;
/** … and at most this many items. */
const PROBE_LIMIT = 1000;
/** A chunk is at most this fraction of one worker's share of what is left. */
const SHARES = 2;

/** What a {@link ChunkPlanner} plans for. */
export interface ChunkPlan {
  /** Number of items; `undefined` for a stream. */
  readonly length: number | undefined;
  readonly workers: number;
  /** A fixed chunk size, which turns adaptation off. */
  readonly chunk?: number | undefined;
  /** Upper bound of every chunk. */
  readonly most?: number | undefined;
}

/**
 * Plans chunk sizes for one call.
 *
 * The size aims at {@link TARGET_MS} of compute by the slower of the last and the average time per item, so that slow
 * items shrink chunks at once and fast ones grow them step by step: no chunk is more than {@link GROWTH} times the
 * largest measured one. With a known length it is also guided: at most 1/{@link SHARES} of a worker's share of what
 * is left, so that the chunks shrink towards the end and workers finish together.
 */
export class ChunkPlanner {
  readonly #plan: ChunkPlan;
  readonly #probe: number;
  /** Largest chunk that has ended; 0 before the first. */
  #measured = 0;
  /** Average ms per item, recent chunks counting most. */
  #average = 0;
  #last = 0;

  constructor(plan: ChunkPlan) {
    this.#plan = plan;
    const { length, workers } = plan;
    if (length === undefined || length <= 4 * workers) this.#probe = 1;
    else this.#probe = Math.min(PROBE_LIMIT, Math.ceil(length * PROBE_FRACTION));
  }

  /**
   * Size of the next chunk, at least 1, when `left` items have not been planned yet (Infinity in a stream). Where sizes
   * adapt, `atMost` is an upper bound for this one.
   */
  next(left: number, atMost = Infinity): number {
    const { chunk, most = Infinity } = this.#plan;
    if (chunk !== undefined) return Math.min(chunk, left);
    return Math.max(1, Math.min(this.#wanted(left), most, atMost, left));
  }

  #wanted(left: number): number {
    if (this.#measured === 0) return this.#probe;
    const grown = this.#measured * GROWTH;
    const perItem = Math.max(this.#average, this.#last);
    const byTime = perItem > 0 ? Math.floor(TARGET_MS / perItem) : Infinity;
    const { workers } = this.#plan;
    const share = Math.ceil(left / (SHARES * workers));
    // Even then every worker gets a part of what is left: the time per item may be that of a cached prefix.
    const least = perItem > 0 ? Math.min(Math.floor(LEAST_MS / perItem), Math.ceil(left / workers)) : 1;
    return Math.min(grown, byTime, Math.max(share, least));
  }

  /** A chunk of `items` ended after `computeMs` of work (0: too short to measure, or unknown). */
  ended(items: number, computeMs: number): void {
    if (items <= 0) return;
    this.#last = computeMs / items;
    this.#average = this.#measured === 0 ? this.#last : (this.#average + this.#last) / 2;
    if (items > this.#measured) this.#measured = items;
  }
}
