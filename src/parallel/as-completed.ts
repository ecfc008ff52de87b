/** Tasks in the order in which they end. */
import { WaitTimeoutError } from '../base/errors.ts';
import { Fifo } from '../executor/fifo.ts';
import { unwatchSignal, watchSignal } from '../executor/signal-hub.ts';
import { tasksOf, watchSettled } from './settlements.ts';
import { completedOptions, type WaitingOptions } from './waiting-options.ts';

/** A task that has settled, and how. */
export type CompletedTask<P> = PromiseSettledResult<Awaited<P>> & {
  /** The very task or promise that was given. */
  readonly task: P;
};

interface Waiter<P> {
  readonly resolve: (step: IteratorResult<CompletedTask<P>, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * How tasks settled, each as soon as it has: `{ task, status: 'fulfilled', value }` or `{ task, status: 'rejected', reason }`.
 *
 * Waiting begins with the first pull. A task's failure is an outcome like others and ends nothing. Leaving the loop early
 * cancels nothing: the other tasks go on.
 *
 * @param tasks tasks or promises, in an iterable; one that is there twice comes once
 * @param options {@link WaitingOptions}: `timeoutMs` is for all of them together, counted from the first pull
 * @returns an async iterator of the tasks and their outcomes in the order in which they settle; of those that have settled
 *   already in the order in which they are given. After `timeoutMs` it throws `WaitTimeoutError`, on an abort the
 *   signal's reason
 * @throws {TypeError | RangeError} for a wrong argument or option
 *
 * @example
 * ```ts
 * import { asCompleted } from 'tutti';
 *
 * let later = (_text: string) => {};
 * const slow = new Promise<string>((resolve) => (later = resolve));
 * const texts: string[] = [];
 * for await (const { task, ...outcome } of asCompleted([slow, Promise.resolve('quick')])) {
 *   if (outcome.status === 'fulfilled') texts.push(outcome.value);
 *   if (task !== slow) later('slow');
 * }
 * texts; // => ['quick', 'slow']
 * ```
 */
export function asCompleted<P extends PromiseLike<unknown>>(
  tasks: Iterable<P>,
  options?: WaitingOptions,
): AsyncIterableIterator<CompletedTask<P>, undefined, undefined> {
  const { timeoutMs, signal } = completedOptions(options);
  return new Completed(tasksOf('asCompleted', tasks), timeoutMs, signal);
}

class Completed<P extends PromiseLike<unknown>> implements AsyncIterableIterator<
  CompletedTask<P>,
  undefined,
  undefined
> {
  readonly #tasks: Set<P>;
  readonly #timeoutMs: number | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #ready = new Fifo<CompletedTask<P>>();
  readonly #waiters = new Fifo<Waiter<P>>();
  #left: number;
  #deadline: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;
  #over = false;

  constructor(tasks: Set<P>, timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.#tasks = tasks;
    this.#left = tasks.size;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  next(): Promise<IteratorResult<CompletedTask<P>, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.#unwatch === undefined && !this.#over) this.#begin();
      this.#deliver();
      if (this.#waiters.size === 1) this.#wait();
    });
  }

  return(): Promise<IteratorResult<CompletedTask<P>, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Called when the signal aborts. */
  cancel(reason: unknown): boolean {
    this.#fail(reason);
    return true;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #begin(): void {
    if (this.#timeoutMs !== undefined) this.#deadline = performance.now() + this.#timeoutMs;
    this.#unwatch = watchSettled(this.#tasks, (task) => {
      // It has settled, so this asks for no more than how.
      void Promise.resolve(task).then(
        (value) => this.#completed({ task, status: 'fulfilled', value: value as Awaited<P> }),
        (reason: unknown) => this.#completed({ task, status: 'rejected', reason }),
      );
    });
  }

  #completed(outcome: CompletedTask<P>): void {
    if (this.#over) return;
    this.#left--;
    this.#ready.push(outcome);
    this.#deliver();
  }

  /** Watches clock and signal; only while somebody waits, so that nothing is left when nobody does. */
  #wait(): void {
    if (this.#signal?.aborted) this.#fail(this.#signal.reason);
    else if (this.#signal !== undefined) watchSignal(this.#signal, this);
    if (this.#over || this.#deadline === undefined) return;
    this.#timer = setTimeout(() => this.#timeUp(), Math.max(0, this.#deadline - performance.now()));
  }

  #timeUp(): void {
    const all = this.#tasks.size;
    const message = `asCompleted(): ${this.#left} of ${all} tasks had not settled after ${this.#timeoutMs} ms`;
    this.#fail(new WaitTimeoutError(message));
  }

  #rest(): void {
    clearTimeout(this.#timer);
    if (this.#signal !== undefined) unwatchSignal(this.#signal, this);
  }

  #deliver(): void {
    while (this.#waiters.size > 0 && this.#ready.size > 0) {
      this.#waiters.shift()?.resolve({ done: false, value: this.#ready.shift() as CompletedTask<P> });
    }
    if (this.#left === 0 && this.#ready.size === 0) this.#over = true;
    if (this.#over) {
      while (this.#waiters.size > 0) this.#waiters.shift()?.resolve({ done: true, value: undefined });
    }
    if (this.#waiters.size === 0) this.#rest();
  }

  #fail(error: unknown): void {
    this.#waiters.shift()?.reject(error);
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#ready.clear();
    this.#unwatch?.();
    this.#deliver();
  }
}
