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

/** A stage that turns items into others one after the other: `take` says what becomes of each. */
export class ItemFlow<I, O> implements Flow<O> {
  readonly #up: Flow<I>;
  readonly #take: (value: I) => Outcome<O> | PromiseLike<Outcome<O>>;

  constructor(up: Flow<I>, take: (value: I) => Outcome<O> | PromiseLike<Outcome<O>>) {
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
    }
  }

  /** A loop, not a promise that waits for the next one: any number of items may lead to nothing. */
  async #later(pending?: PromiseLike<Step<I>>, first?: PromiseLike<Outcome<O>>): Promise<Step<O>> {
    if (first !== undefined) {
      const outcome = await first;
      if (outcome !== SKIP) return outcome;
    }
    let step = await (pending ?? this.#up.next());
    for (;;) {
      if (step.done) return DONE;
      const outcome = await this.#take(step.value);
      if (outcome !== SKIP) return outcome;
      step = await this.#up.next();
    }
  }
}
