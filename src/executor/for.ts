/** `for`: a loop whose iterations the workers take themselves. */
import { show } from '../base/options.ts';
import type { AnyFunction } from '../closure/index.ts';
import type { RangeState } from './backend.ts';
import { BulkCall } from './bulk-call.ts';
import type { CallOrigin } from './call.ts';
import { ChunkPlanner } from './chunk-planner.ts';
import type { Flight, Work } from './flight.ts';
import type { Progress } from './options.ts';

/** Indices `start`, `start + step` … before `end` (beyond it for a negative `step`). */
export interface Range {
  /** First index; default 0. */
  readonly start?: number;
  /** The loop ends before this index. */
  readonly end: number;
  /** Default 1. */
  readonly step?: number;
}

/** Takes of at most this many iterations cost no more than a few percent, however short the body is. */
const GRAIN = 1024;
/** At first a worker could take this many times before the loop is done. */
const TAKES = 128;
/** Without shared memory: pieces per worker. */
const PIECES = 8;
/** How often the shared counter is read for `onProgress`: workers send no message as they go. */
const WATCH_MS = 50;

/** A range checked and counted. */
export interface Loop {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** Checks the first argument of `for`. */
export function loopOf(range: number | Range): Loop {
  if (typeof range !== 'number' && (typeof range !== 'object' || range === null)) {
    throw new TypeError(`for(): the range must be a number or { start, end, step }, but got ${show(range)}`);
  }
  const { start = 0, end, step = 1 } = typeof range === 'number' ? { end: range } : range;
  for (const [name, value] of [
    ['start', start],
    ['end', end],
    ['step', step],
  ] as const) {
    if (typeof value !== 'number') {
      throw new TypeError(`for(): \`${name}\` of the range must be a number, but got ${show(value)}`);
    }
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`for(): \`${name}\` of the range must be an integer, but got ${show(value)}`);
    }
  }
  if (step === 0) throw new RangeError('for(): `step` of the range must not be 0: the loop would not end');
  return { start, step, length: Math.max(0, Math.ceil(((end as number) - start) / step)) };
}

/**
 * Runs a body for every index of a range.
 *
 * With shared memory every worker gets one chunk and takes iterations from one counter: no message per item. Without,
 * or where parts may have to run again (`retries`), each chunk is a piece of the range with a counter of its own.
 */
export class ForCall extends BulkCall<void> {
  readonly #shared: RangeState | undefined;
  readonly #grain: number;
  readonly #fns: readonly AnyFunction[];
  readonly #pieces: readonly Piece[];
  #watch: NodeJS.Timeout | undefined;

  constructor(origin: CallOrigin, loop: Loop, body: AnyFunction) {
    super(origin);
    this.total = loop.length;
    const { workers, capabilities } = origin.core.backend;
    const grain =
      origin.settings.grain ?? Math.max(1, Math.min(GRAIN, Math.floor(loop.length / (workers * TAKES))));
    this.#grain = grain;
    const shared = capabilities.sharedMemory && origin.settings.retries === undefined;
    const takes = Math.ceil(loop.length / grain);
    const chunks = Math.min(takes, shared ? workers : workers * PIECES);
    this.#pieces = cut(loop, chunks);
    const fns = (this.#fns = [body]);
    const planner = new ChunkPlanner({ length: chunks, workers, chunk: 1 });
    if (shared) {
      this.#shared = rangeState(loop, grain, workers, true);
      const work: Work = { op: 'range', fns, items: new Array(chunks), base: 0, range: this.#shared };
      this.load(work, chunks, planner);
    } else {
      this.load({ op: 'range', fns, items: this.#pieces, base: 0 }, chunks, planner);
    }
  }

  override start(): void {
    super.start();
    if (this.#shared === undefined || this.settings.onProgress === undefined) return;
    if (this.settled || this.blocking) return;
    this.#watch = setInterval(() => this.#advanceTo(this.#taken()), WATCH_MS).unref();
  }

  override fail(error: unknown): void {
    clearInterval(this.#watch);
    super.fail(error);
  }

  override cancel(reason?: unknown): boolean {
    clearInterval(this.#watch);
    return super.cancel(reason);
  }

  /** Iterations that workers have taken so far. */
  #taken(): number {
    return this.#shared === undefined
      ? 0
      : Math.min(this.total ?? 0, Number(Atomics.load(this.#shared.next, 0)));
  }

  #advanceTo(count: number): void {
    if (count > this.completed) this.advance(count - this.completed);
  }

  protected override flight(work: Work, from: number, to: number): Flight {
    if (work.range !== undefined && this.#shared !== undefined) return super.flight(work, from, to);
    const piece = this.#pieces[from] as Piece;
    const range = rangeState(piece, this.#grain, 1, false);
    // Iterations are counted from the start of the piece; with its offset those of different pieces are told apart.
    return super.flight({ ...work, range, base: piece.offset }, from, to);
  }

  /** The calling thread takes iterations from the same counter as the workers, but no more than it has time for. */
  protected override helpWith(size: number): Flight | undefined {
    const shared = this.#shared;
    if (shared === undefined || this.#taken() >= shared.length) return undefined;
    const offset = Number(Atomics.add(shared.next, 0, BigInt(size)));
    const length = Math.min(shared.length, offset + size) - offset;
    if (length <= 0) return undefined;
    const start = shared.start + offset * shared.step;
    const range = rangeState({ start, step: shared.step, length }, length, 1, false);
    const work: Work = { op: 'range', fns: this.#fns, items: [undefined], base: offset, range };
    return super.flight(work, 0, 1);
  }

  protected override wholeChunk(flight: Flight): Work {
    return flight.work;
  }

  override get progress(): Progress | undefined {
    const news = super.progress;
    if (this.#shared === undefined) return news;
    const taken = this.#taken();
    if (taken === 0) return news;
    return { completed: taken, total: this.total, index: news?.index, data: news?.data };
  }

  override accept(): void {
    // No results.
  }

  protected override landedWell(flight: Flight, computeMs: number): void {
    if (this.#shared === undefined) this.advance((this.#pieces[flight.from] as Piece).length);
    super.landedWell(flight, computeMs);
  }

  protected override complete(): void {
    clearInterval(this.#watch);
    this.#advanceTo(this.total ?? 0);
    this.finish(undefined);
  }

  protected override where(): string {
    return `${this.name} (task #${this.id})`;
  }
}

/** Part of a loop that begins `offset` iterations after its start. */
interface Piece extends Loop {
  readonly offset: number;
}

/** Cuts a loop into `count` neighbouring ones of about the same length. */
function cut({ start, step, length }: Loop, count: number): Piece[] {
  return Array.from({ length: count }, (_, piece) => {
    const from = Math.floor((length * piece) / count);
    const to = Math.floor((length * (piece + 1)) / count);
    return { start: start + from * step, step, length: to - from, offset: from };
  });
}

function rangeState(loop: Loop, grain: number, workers: number, shared: boolean): RangeState {
  const next = new BigInt64Array(shared ? new SharedArrayBuffer(64) : new ArrayBuffer(64), 0, 1);
  return { next, start: loop.start, step: loop.step, length: loop.length, grain, workers };
}
