/** The reader's side of an iterator that runs in an actor. */
import { RelayedCall, Special, type CallTarget } from './actor-call.ts';
import { currentChain } from './instance-call.ts';
import type { Batch } from './open-streams.ts';
import { closeStream, route } from './router.ts';

/** Most values that are taken from the iterator and not yet asked for. */
const WINDOW = 32;

/**
 * Reads in batches, the next when the last one is used up: the first of one value, then twice as many each time, up to
 * {@link WINDOW}. So an iterator is never further ahead than that.
 */
export class RemoteStream implements AsyncIterableIterator<unknown, undefined, undefined> {
  readonly #id: number;
  readonly #pull: CallTarget;
  readonly #done: CallTarget;
  #values: unknown[] = [];
  #at = 0;
  #want = 1;
  /** The iterator has ended, or nobody reads it any more. */
  #over = false;
  /** Requests come one after the other. */
  #tail: Promise<unknown> | undefined;

  /** `target` is what has returned it. */
  constructor(target: CallTarget, id: number) {
    this.#id = id;
    this.#pull = { ...target, method: Special.pull };
    this.#done = { ...target, method: Special.done, settings: { ...target.settings, signal: undefined } };
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#tail === undefined && this.#at < this.#values.length) return Promise.resolve(this.#take());
    const mine = (this.#tail ?? Promise.resolve()).then(() => this.#next());
    return this.#chained(mine);
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    const ended = { done: true, value: undefined } as const;
    this.#values = [];
    this.#at = 0;
    if (this.#over) return Promise.resolve(ended);
    this.#over = true;
    // What is being read need not be awaited: it may never come.
    return this.#call(this.#done, [this.#id]).then(() => ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Why it cannot travel. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'a stream of an actor is read where its method was called: read it and pass what it gives, or pass the actor';
  }

  #chained<R>(mine: Promise<R>): Promise<R> {
    const tail: Promise<unknown> = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#tail === tail) this.#tail = undefined;
      });
    this.#tail = tail;
    return mine;
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    while (this.#at >= this.#values.length) {
      if (this.#over) return { done: true, value: undefined };
      let batch: Batch;
      try {
        batch = (await this.#call(this.#pull, [this.#id, this.#want])) as Batch;
      } catch (error) {
        this.#fail();
        throw error;
      }
      // Nobody reads it any more.
      if (this.#over) return { done: true, value: undefined };
      this.#values = batch.values;
      this.#at = 0;
      this.#want = Math.min(WINDOW, this.#want * 2);
      this.#over = batch.done;
    }
    return this.#take();
  }

  #take(): IteratorResult<unknown, undefined> {
    return { done: false, value: this.#values[this.#at++] };
  }

  /** An iterator that has thrown has ended; one whose reader was told to stop has not. */
  #fail(): void {
    if (this.#over) return;
    this.#over = true;
    closeStream(this.#pull.ref, this.#id);
  }

  #call(target: CallTarget, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const outcome = { given: resolve, failed: reject, opened: ignore, reports: ignore };
      new RelayedCall(target, args, currentChain(), outcome).start(route);
    });
  }
}

function ignore(): void {
  // A batch is all that comes.
}
