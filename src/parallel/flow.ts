/** How the stages of a pipeline are joined: each is asked for one item at a time by the one below it. */

/** What a stage answers: an item, or the end. */
export type Step<T> = IteratorResult<T, undefined>;

/**
 * A stage as the one below sees it.
 *
 * `next()` is never called while an earlier answer is pending, nor after the end or an error. An answer that needs no
 * waiting is no promise: a chain of synchronous stages then costs a few calls per item and no turn of the microtask queue.
 */
export interface Flow<T> {
  next(): Step<T> | PromiseLike<Step<T>>;
}

/** The end. */
export const DONE: Step<never> = Object.freeze({ done: true, value: undefined });

/** The item leads to nothing; the next one is to be taken. */
export const SKIP = Symbol('skip');

/** What becomes of an item. */
export type Outcome<T> = Step<T> | typeof SKIP;

/** Whether a value has to be awaited. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as PromiseLike<T>).then === 'function'
  );
}

/** An item. */
export function item<T>(value: T): Step<T> {
  return { done: false, value };
}

/** What a stage that runs through many items without handing one on has to know of the run. */
export interface Pace {
  readonly ended: boolean;
  /** Lets the event loop turn when that is due. */
  breathe(): Promise<void> | undefined;
}

/** A stage that turns items into others one after the other: `take` says what becomes of each. */
export class ItemFlow<I, O> implements Flow<O> {
  readonly #pace: Pace;
  readonly #up: Flow<I>;
  readonly #take: (value: I) => Outcome<O> | PromiseLike<Outcome<O>>;

  constructor(pace: Pace, up: Flow<I>, take: (value: I) => Outcome<O> | PromiseLike<Outcome<O>>) {
    this.#pace = pace;
    this.#up = up;
    this.#take = take;
  }

  next(): Step<O> | PromiseLike<Step<O>> {
    for (;;) {
      const step = this.#up.next();
      if (isThenable(step)) return this.#later(step);
      if (step.done) return DONE;
      const outcome = this.#take(step.value);
      if (isThenable(outcome)) return this.#later(undefined, outcome);
      if (outcome !== SKIP) return outcome;
      const breath = this.#pace.breathe();
      if (breath !== undefined)
        return this.#later(
          undefined,
          breath.then(() => SKIP),
        );
    }
  }

  /** A loop, not a promise that waits for the next one: any number of items may lead to nothing. */
  async #later(pending?: PromiseLike<Step<I>>, first?: PromiseLike<Outcome<O>>): Promise<Step<O>> {
    if (first !== undefined) {
      const outcome = await first;
      if (outcome !== SKIP) return outcome;
      if (this.#pace.ended) return DONE;
    }
    let step = await (pending ?? this.#up.next());
    for (;;) {
      if (step.done) return DONE;
      const outcome = await this.#take(step.value);
      if (outcome !== SKIP) return outcome;
      const breath = this.#pace.breathe();
      if (breath !== undefined) await breath;
      // Nobody waits for an item any more, and what is above is closed.
      if (this.#pace.ended) return DONE;
      step = await this.#up.next();
    }
  }
}
