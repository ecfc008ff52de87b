/** Stages that put items together: batches, with a time limit or without, and sliding windows. */
import { DONE, isThenable, item, SKIP, type Flow, type Outcome, type Step } from './flow.ts';

/** Arrays of `size` items; the last one holds what is left. An error of the input comes after the items before it. */
export class BatchFlow<T> implements Flow<T[]> {
  readonly #up: Flow<T>;
  readonly #size: number;
  #ending: { readonly error: unknown } | 'done' | undefined;

  constructor(up: Flow<T>, size: number) {
    this.#up = up;
    this.#size = size;
  }

  next(): Step<T[]> | PromiseLike<Step<T[]>> {
    const items: T[] = [];
    try {
      while (this.#ending === undefined && items.length < this.#size) {
        const step = this.#up.next();
        if (isThenable(step)) return this.#later(items, step);
        this.#take(items, step);
      }
    } catch (error) {
      this.#ending = { error };
    }
    return this.#give(items);
  }

  async #later(items: T[], first: PromiseLike<Step<T>>): Promise<Step<T[]>> {
    try {
      this.#take(items, await first);
      while (this.#ending === undefined && items.length < this.#size)
        this.#take(items, await this.#up.next());
    } catch (error) {
      this.#ending = { error };
    }
    return this.#give(items);
  }

  #take(items: T[], step: Step<T>): void {
    if (step.done) this.#ending = 'done';
    else items.push(step.value);
  }

  #give(items: T[]): Step<T[]> {
    if (items.length > 0) return item(items);
    if (typeof this.#ending === 'object') throw this.#ending.error;
    return DONE;
  }
}

/**
 * Batches that wait for at most `timeoutMs` after their first item.
 *
 * From the first pull on the input is read in the background, up to one full batch; a batch whose time is up while nobody
 * pulls goes on filling until somebody does.
 */
export class TimedBatchFlow<T> implements Flow<T[]> {
  readonly #up: Flow<T>;
  readonly #size: number;
  readonly #timeoutMs: number;
  #items: T[] = [];
  #due = false;
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #filling = false;
  #ending: { readonly error: unknown } | 'done' | 'closed' | undefined;
  #waiter: { resolve: (step: Step<T[]>) => void; reject: (error: unknown) => void } | undefined;

  constructor(up: Flow<T>, size: number, timeoutMs: number) {
    this.#up = up;
    this.#size = size;
    this.#timeoutMs = timeoutMs;
  }

  next(): PromiseLike<Step<T[]>> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#fill();
      this.#deliver();
    });
  }

  close(): void {
    this.#ending = 'closed';
    this.#waiter = undefined;
    this.#items = [];
    clearTimeout(this.#timer);
  }

  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    while (this.#ending === undefined && !this.#reading && this.#items.length < this.#size) {
      try {
        const answer = this.#up.next();
        if (isThenable(answer)) {
          this.#reading = true;
          answer.then(this.#arrived, this.#failed);
        } else this.#take(answer);
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#filling = false;
  }

  readonly #arrived = (step: Step<T>): void => {
    this.#reading = false;
    if (this.#ending !== undefined) return;
    this.#take(step);
    this.#fill();
    this.#deliver();
  };

  readonly #failed = (error: unknown): void => {
    this.#reading = false;
    if (this.#ending !== undefined) return;
    this.#ending = { error };
    this.#deliver();
  };

  #take(step: Step<T>): void {
    if (step.done) {
      this.#ending = 'done';
      return;
    }
    if (this.#items.push(step.value) > 1) return;
    this.#timer = setTimeout(() => {
      this.#due = true;
      this.#deliver();
    }, this.#timeoutMs);
  }

  #deliver(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const items = this.#items;
    if (items.length > 0 && (this.#due || this.#ending !== undefined || items.length >= this.#size)) {
      this.#items = [];
      this.#due = false;
      clearTimeout(this.#timer);
      this.#waiter = undefined;
      waiter.resolve(item(items));
      this.#fill();
    } else if (items.length === 0 && this.#ending !== undefined) {
      this.#waiter = undefined;
      if (typeof this.#ending === 'object') waiter.reject(this.#ending.error);
      else waiter.resolve(DONE);
    }
  }
}

/** What becomes of an item where every `step` items the last `size` are wanted: full windows only. */
export function sliding<T>(size: number, step: number): (value: T) => Outcome<T[]> {
  let held: T[] = [];
  /** Items to leave out before the next window begins, when windows do not touch. */
  let gap = 0;
  return (value) => {
    if (gap > 0) {
      gap--;
      return SKIP;
    }
    held.push(value);
    if (held.length < size) return SKIP;
    const window = held;
    held = window.slice(step);
    gap = Math.max(0, step - size);
    return item(window);
  };
}
