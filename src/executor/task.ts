/** The handle of a call: a promise of its result that can be cancelled and asked. */
import type { Progress } from './options.ts';

/** Where a task is: `queued` until a worker has it. */
export type TaskStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** The call behind a task. It settles the task through `resolve`, which the task's constructor sets. */
export interface TaskSource<R> {
  readonly id: number;
  readonly name: string;
  readonly status: TaskStatus;
  readonly progress: Progress | undefined;
  cancel(reason?: unknown): boolean;
  resolve: (value: R | PromiseLike<R>) => void;
}

/** The function that resolves the promise that is being made. */
let latestResolve: unknown;

/** One for all tasks: a function for each would cost a flood of them a fifth of its time. */
function keepResolve(resolve: unknown): void {
  latestResolve = resolve;
}

/**
 * A call under way: a promise of its result, with an id, a status and `cancel()`.
 *
 * It is a real `Promise`: `await` it, pass it to `Promise.all`, and if it rejects and nobody looks, the process reports
 * an unhandled rejection. `then`, `catch` and `finally` return plain promises. The work itself runs in a worker and
 * goes on whether or not anybody awaits the task.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 *
 * await using pool = threads();
 * const task = pool.submit((x: number) => x + 1, 41);
 * task.status; // => 'queued'
 * await task; // => 42
 * task.status; // => 'done'
 * ```
 */
export class Task<R> extends Promise<R> {
  readonly #source: TaskSource<R>;

  /** Tasks are made by an executor's methods. */
  constructor(source: TaskSource<R>) {
    super(keepResolve);
    source.resolve = latestResolve as TaskSource<R>['resolve'];
    latestResolve = undefined;
    this.#source = source;
  }

  /** Number of the task, from 1, unique in this process. */
  get id(): number {
    return this.#source.id;
  }

  /** The function's name, or the `name` option. */
  get name(): string {
    return this.#source.name;
  }

  /** `queued`, `running`, `done`, `failed` or `cancelled`. */
  get status(): TaskStatus {
    return this.#source.status;
  }

  /** The latest news of the task, `undefined` before the first. */
  get progress(): Progress | undefined {
    return this.#source.progress;
  }

  /**
   * Cancels the task: it rejects at once with `reason`, queued items are dropped, running ones see
   * `context().signal` abort, and a worker that has not stopped after `graceMs` is replaced.
   *
   * @param reason what the task rejects with; default: a `DOMException` named `AbortError`
   * @returns whether the task was still under way
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * const task = pool.submit(() => {
   *   for (;;);
   * });
   * task.cancel(); // => true
   * const error = await task.catch((reason: Error) => reason);
   * error.name; // => 'AbortError'
   * ```
   */
  cancel(reason?: unknown): boolean {
    return this.#source.cancel(reason);
  }

  /** Why a task cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'a task belongs to the thread that started it: await it and pass its result';
  }
}

// What is made of a task (`then`, `Promise.all`, `await`) is a plain promise, and takes the engine's short way: it asks a
// promise for its constructor, and one that names another is wrapped first, at three times the cost.
Reflect.defineProperty(Task.prototype, 'constructor', { value: Promise, writable: true, configurable: true });
