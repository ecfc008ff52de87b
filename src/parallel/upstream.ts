/** The stages above as an async iterable, for whoever reads one: workers' streams, generators, web and Node streams. */
import { DONE, isThenable, type Flow, type Step } from './flow.ts';
import type { Run } from './run.ts';

/**
 * Reads the stages above `stage`, one item at a time however it is called.
 *
 * `return()` closes them. When the run ends first, what is pending rejects with the reason, so that a generator that waits
 * for an item gets to its `finally`.
 */
export class Upstream<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #run: Run<unknown>;
  readonly #flow: Flow<T>;
  readonly #stage: number;
  #over = false;
  /** Settles with the last call. */
  #last: Promise<unknown> | undefined;
  #fail: ((reason: unknown) => void) | undefined;

  constructor(run: Run<unknown>, flow: Flow<T>, stage: number) {
    this.#run = run;
    this.#flow = flow;
    this.#stage = stage;
    // Behind the stage itself, before those above it.
    run.onClose(stage - 0.5, (reason) => {
      this.#over = true;
      this.#fail?.(reason);
    });
  }

  next(): Promise<Step<T>> {
    const pull = () => this.#pull();
    const next = this.#last === undefined ? pull() : this.#last.then(pull, pull);
    this.#last = next;
    const settled = () => {
      if (this.#last === next) this.#last = undefined;
    };
    next.then(settled, settled);
    return next;
  }

  async return(): Promise<Step<T>> {
    this.#over = true;
    await this.#run.closeAbove(this.#stage);
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #pull(): Promise<Step<T>> {
    try {
      if (!this.#over) await this.#run.breathe();
      if (this.#over) return DONE;
      const answer = this.#flow.next();
      const step = isThenable(answer) ? await this.#orEnd(answer) : answer;
      if (step.done) this.#over = true;
      return step;
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }

  #orEnd(answer: PromiseLike<Step<T>>): Promise<Step<T>> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      answer.then(
        (step) => {
          this.#fail = undefined;
          resolve(step);
        },
        (error: unknown) => {
          this.#fail = undefined;
          reject(error);
        },
      );
    });
  }
}
