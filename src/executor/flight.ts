/** A chunk under way: the record that the backend gets and the sink that its results come back to. */
import type { AnyFunction } from '../closure/index.ts';
import type { Chunk, ChunkOutcome, ChunkSink, Op, RangeState } from './backend.ts';
import type { CallSettings } from './options.ts';

/** What the chunks of a call have in common. */
export interface Work {
  readonly op: Op;
  readonly fns: readonly AnyFunction[];
  readonly items: ArrayLike<unknown>;
  readonly base: number;
  readonly range?: RangeState;
  readonly worker?: number;
}

/** The call that a flight belongs to. */
export interface FlightOwner {
  readonly id: number;
  readonly name: string;
  readonly seed: number;
  readonly settings: CallSettings;
  /** A worker has it. */
  started(): void;
  accept(flight: Flight, k: number, values: ArrayLike<unknown>): void;
  reported(flight: Flight, k: number, data: unknown): void;
  landed(flight: Flight, outcome: ChunkOutcome): void;
}

/** Items `from ≤ k < to` of some work on their way through the backend; one object is both chunk and sink. */
export class Flight implements Chunk, ChunkSink {
  readonly work: Work;
  readonly from: number;
  readonly to: number;
  handle: unknown = undefined;
  readonly #owner: FlightOwner;
  /** 1 for each item that has its result; only where somebody may ask for {@link missing} ones. */
  readonly #have: Uint8Array | undefined;

  constructor(owner: FlightOwner, work: Work, from: number, to: number, track: boolean) {
    this.work = work;
    this.from = from;
    this.to = to;
    this.#owner = owner;
    this.#have = track ? new Uint8Array(to - from) : undefined;
  }

  // What chunks of a call have in common is read from the call and its work: there may be very many flights.

  get op(): Op {
    return this.work.op;
  }
  get fns(): readonly AnyFunction[] {
    return this.work.fns;
  }
  get items(): ArrayLike<unknown> {
    return this.work.items;
  }
  get base(): number {
    return this.work.base;
  }
  get range(): RangeState | undefined {
    return this.work.range;
  }
  get worker(): number | undefined {
    return this.work.worker;
  }
  get taskId(): number {
    return this.#owner.id;
  }
  get name(): string {
    return this.#owner.name;
  }
  get seed(): number {
    return this.#owner.seed;
  }
  get priority(): number {
    return this.#owner.settings.priority;
  }
  get timeoutMs(): number | undefined {
    return this.#owner.settings.timeoutMs;
  }
  get graceMs(): number {
    return this.#owner.settings.graceMs;
  }
  get undivided(): boolean {
    return this.#owner.settings.retries !== undefined;
  }
  get sink(): ChunkSink {
    return this;
  }

  started(): void {
    this.#owner.started();
  }

  results(k: number, values: ArrayLike<unknown>): void {
    this.#have?.fill(1, k - this.from, k - this.from + values.length);
    this.#owner.accept(this, k, values);
  }

  report(k: number, data: unknown): void {
    this.#owner.reported(this, k, data);
  }

  end(outcome: ChunkOutcome): void {
    this.#owner.landed(this, outcome);
  }

  /** Runs of items below `limit` that have no result, leaving out item `except`. */
  missing(limit: number, except: number): [from: number, to: number][] {
    const runs: [number, number][] = [];
    const end = Math.min(limit, this.to);
    for (let k = this.from; k < end;) {
      const open = (at: number) => at < end && at !== except && this.#have?.[at - this.from] !== 1;
      let stop = k;
      while (open(stop)) stop++;
      if (stop > k) runs.push([k, stop]);
      k = stop + 1;
    }
    return runs;
  }
}
