/** Something that an actor's place has to do for its owner, as a part: make the object, let it go. */
import { nextTaskId } from '../call.ts';
import type { Chunk, ChunkOutcome, ChunkSink } from '../backend.ts';
import type { AnyFunction } from '../../closure/index.ts';
import type { Place } from './place.ts';

/** How an errand ended. `crash`: its worker died with it. */
export type ErrandEnd = { readonly value: unknown } | { readonly error: unknown; readonly crash: boolean };

export class Errand implements Chunk, ChunkSink {
  readonly op = 'call';
  readonly from = 0;
  readonly to = 1;
  readonly base = 0;
  readonly priority = 0;
  readonly taskId = nextTaskId();
  readonly name: string;
  readonly fns: readonly AnyFunction[];
  readonly items: readonly unknown[];
  readonly seed: number;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  handle: unknown = undefined;
  readonly #ended: (end: ErrandEnd) => void;
  #value: unknown;

  constructor(
    parts: {
      readonly name: string;
      readonly fn: AnyFunction;
      readonly args: readonly unknown[];
      readonly seed: number;
      readonly graceMs: number;
      readonly timeoutMs: number | undefined;
    },
    ended: (end: ErrandEnd) => void,
  ) {
    this.name = parts.name;
    this.fns = [parts.fn];
    this.items = [parts.args];
    this.seed = parts.seed;
    this.graceMs = parts.graceMs;
    this.timeoutMs = parts.timeoutMs;
    this.#ended = ended;
  }

  get sink(): this {
    return this;
  }

  /** Sends it. */
  run(place: Place): void {
    try {
      place.backend.run(this);
    } catch (error) {
      this.#ended({ error, crash: false });
    }
  }

  started(): void {
    // Nobody asks.
  }

  results(_k: number, values: ArrayLike<unknown>): void {
    this.#value = values[0];
  }

  report(): void {
    // Nobody listens.
  }

  end(outcome: ChunkOutcome): void {
    if (outcome.kind === 'done') this.#ended({ value: this.#value });
    else if (outcome.kind === 'failed') this.#ended({ error: outcome.error, crash: outcome.crash });
    else this.#ended({ error: outcome.reason, crash: false });
  }
}
