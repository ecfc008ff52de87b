/** A stage whose function runs here for several items at a time, as far as it waits for something. */
import { Fifo } from '../executor/fifo.ts';
import { DONE, isThenable, item, type Flow, type Step } from './flow.ts';

/** How far a stage may run ahead. */
export interface OverlapLimits {
  /** Items whose function has not ended. */
  readonly concurrency: number;
  /** Items taken and not yet handed on. */
  readonly window: number;
  /** Results in the order of the items. */
  readonly ordered: boolean;
}

interface Place<R> {
  state: 'pending' | 'value' | 'error';
  value: R | undefined;
  error: unknown;
}

interface Waiter<R> {
  readonly resolve: (step: Step<R>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls `fn` for items ahead of the consumer: at most `concurrency` under way, at most `window` taken and not handed on.
 *
 * It begins with the first pull and goes on between pulls. An item's error comes at its place (unordered: before any
 * result that waits) and no item is taken after it; an error of the stage above comes after all results.
 */
export class OverlapFlow<T, R> implements Flow<R> {
  readonly #up: Flow<T>;
  readonly #fn: (value: T) => R | PromiseLike<R>;
  readonly #limits: OverlapLimits;
  /** Ordered: a place for each item taken, from the next to hand on. Unordered: results as they come. */
  readonly #places = new Fifo<Place<R>>();
  #running = 0;
  /** Taken and not handed on. */
  #held = 0;
  #reading = false;
  #filling = false;
  #over = false;
  /** How the input ended, if not well. */
  #inputError: { readonly error: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #waiter: Waiter<R> | undefined;

  constructor(up: Flow<T>, fn: (value: T) => R | PromiseLike<R>, limits: OverlapLimits) {
    this.#up = up;
    this.#fn = fn;
    this.#limits = limits;
  }

  next(): Step<R> | PromiseLike<Step<R>> {
    this.#fill();
    const ready = this.#pull();
    if (ready === undefined) {
      return new Promise((resolve, reject) => {
        this.#waiter = { resolve, reject };
      });
    }
    this.#fill();
    return ready;
  }

  /** Nothing more is taken; what is under way is forgotten. */
  close(): void {
    this.#over = true;
    this.#waiter = undefined;
    this.#places.clear();
  }

  #fill(): void {
    // A synchronous function of the user may pull again from within.
    if (this.#filling) return;
    this.#filling = true;
    const { concurrency, window } = this.#limits;
    while (!this.#over && !this.#reading && this.#running < concurrency && this.#held < window) {
      try {
        const answer = this.#up.next();
        if (isThenable(answer)) {
          this.#reading = true;
          answer.then(this.#arrived, this.#inputFailed);
        } else this.#take(answer);
      } catch (error) {
        this.#inputFailed(error);
      }
    }
    this.#filling = false;
  }

  readonly #arrived = (step: Step<T>): void => {
    this.#reading = false;
    if (this.#over) return;
    this.#take(step);
    this.#fill();
    this.#deliver();
  };

  readonly #inputFailed = (error: unknown): void => {
    this.#reading = false;
    if (this.#over) return;
    this.#over = true;
    this.#inputError = { error };
    this.#deliver();
  };

  #take(step: Step<T>): void {
    if (step.done) {
      this.#over = true;
      return;
    }
    this.#held++;
    const place: Place<R> = { state: 'pending', value: undefined, error: undefined };
    if (this.#limits.ordered) this.#places.push(place);
    let result: R | PromiseLike<R>;
    try {
      result = this.#fn(step.value);
    } catch (error) {
      this.#settle(place, 'error', undefined, error);
      return;
    }
    if (!isThenable(result)) {
      this.#settle(place, 'value', result, undefined);
      return;
    }
    this.#running++;
    const ended = () => {
      this.#running--;
      this.#fill();
      this.#deliver();
    };
    result.then(
      (value) => {
        this.#settle(place, 'value', value, undefined);
        ended();
      },
      (error: unknown) => {
        this.#settle(place, 'error', undefined, error);
        ended();
      },
    );
  }

  #settle(place: Place<R>, state: 'value' | 'error', value: R | undefined, error: unknown): void {
    place.state = state;
    place.value = value;
    place.error = error;
    if (state === 'error') this.#over = true;
    if (this.#limits.ordered) return;
    if (state === 'error') this.#failure ??= { error };
    else this.#places.push(place);
  }

  /** The next result, `undefined` while it is not there; throws its error. */
  #pull(): Step<R> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    const place = this.#places.at(0);
    if (place === undefined) {
      if (!this.#over || this.#held > 0) return undefined;
      if (this.#inputError !== undefined) throw this.#inputError.error;
      return DONE;
    }
    if (place.state === 'pending') return undefined;
    if (place.state === 'error') throw place.error;
    this.#places.shift();
    this.#held--;
    return item(place.value as R);
  }

  #deliver(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    try {
      const ready = this.#pull();
      if (ready === undefined) return;
      this.#waiter = undefined;
      waiter.resolve(ready);
    } catch (error) {
      this.#waiter = undefined;
      waiter.reject(error);
      return;
    }
    this.#fill();
  }
}
