/** Items that are pushed, for somebody who pulls: a bounded queue between them. */
import { QueueFullError } from '../base/errors.ts';
import { Fifo } from '../executor/fifo.ts';
import { DONE, item, type Step } from './flow.ts';

/** What happens to an item for which there is no room. */
export type Overflow = 'error' | 'drop-oldest' | 'drop-newest';

/** A queue of at most `limit` items; the one who pulls gets them in order. */
export class PushSource<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #items = new Fifo<T>();
  readonly #owner: string;
  readonly #limit: number;
  readonly #overflow: Overflow;
  #waiter: ((step: Step<T>) => void) | undefined;
  #ended = false;

  constructor(owner: string, limit: number, overflow: Overflow) {
    this.#owner = owner;
    this.#limit = limit;
    this.#overflow = overflow;
  }

  /** Adds an item; throws `QueueFullError` when there is no room and none may be dropped. */
  push(value: T): void {
    if (this.#ended) return;
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter(item(value));
      return;
    }
    if (this.#items.size >= this.#limit) {
      if (this.#overflow === 'drop-newest') return;
      if (this.#overflow === 'error') {
        throw new QueueFullError(
          `${this.#owner}(): ${this.#limit} items wait and one more has come: an observable cannot be made to wait; raise ` +
            '`buffer`, choose what to drop with `overflow`, or read a source that can wait with pipeline()',
          this.#limit,
        );
      }
      this.#items.shift();
    }
    this.#items.push(value);
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#waiter?.(DONE);
    this.#waiter = undefined;
  }

  next(): Promise<Step<T>> {
    if (this.#items.size > 0) return Promise.resolve(item(this.#items.shift() as T));
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  /** Drops what waits. */
  return(): Promise<Step<T>> {
    this.#items.clear();
    this.end();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
