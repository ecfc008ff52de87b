/** The reader of a pipeline behind `for await`. */
import { DONE, type Step } from './flow.ts';
import type { Run } from './run.ts';

/** Items of a pipeline. Calls of `next()` need not wait for each other: they are served in order. */
export class PipelineIterator<T> implements AsyncIterableIterator<T, undefined, undefined>, AsyncDisposable {
  readonly #run: Run<T>;
  /** Settles with the last call of `next()` that has not. */
  #last: Promise<unknown> | undefined;

  /** Iterators are made by a pipeline. */
  constructor(run: Run<T>) {
    this.#run = run;
  }

  /** The next item; rejects with what the pipeline failed with, once. */
  next(): Promise<Step<T>> {
    const pull = () => this.#run.pull();
    const next = this.#last === undefined ? pull() : this.#last.then(pull, pull);
    this.#last = next;
    const settled = () => {
      if (this.#last === next) this.#last = undefined;
    };
    next.then(settled, settled);
    return next;
  }

  /** Ends the pipeline early; rejects when its source could not be closed. */
  async return(): Promise<Step<T>> {
    await this.#run.stop();
    return DONE;
  }

  /** Ends the pipeline early and rejects with `error`. */
  async throw(error?: unknown): Promise<Step<T>> {
    await this.#run.stop();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop();
  }

  /** Calls `tell` with the error when the pipeline is aborted while nobody waits for an item. */
  onFailure(tell: (error: unknown) => void): void {
    const run = this.#run;
    const { failure } = run;
    if (failure !== undefined) tell(failure.error);
    else {
      run.onClose(Number.MAX_VALUE, () => {
        if (run.failure !== undefined && run.idle) tell(run.failure.error);
      });
    }
  }
}
