/** Structured concurrency: tasks that begin and end together. */
import { TaskGroupClosedError } from '../base/errors.ts';
import { abortSignal, optionChecker, show, type Rule } from '../base/options.ts';
import type { Executor } from '../executor/executor.ts';
import { unwatchSignal, watchSignal } from '../executor/signal-hub.ts';
import type { Task } from '../executor/task.ts';
import { submit as submitByDefault } from '../threads/default-executor.ts';
import { cancelAll, checkWork, isCancellable, started, type Cancellable, type Work } from './work.ts';

/** Options of a {@link TaskGroup}. */
export interface TaskGroupOptions {
  /** Cancels the group when it aborts: the group rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Options of {@link TaskGroup.run}. */
export interface TaskGroupRunOptions extends TaskGroupOptions {
  /** Where `submit` runs its functions; default: the process-wide `threads()`. */
  on?: Executor;
}

const executor: Rule<Executor> = {
  expects: 'an executor, such as threads()',
  is: (value) => typeof (value as Partial<Executor> | null)?.submit === 'function',
};
const groupOptions = optionChecker('TaskGroup', { signal: abortSignal() });
const runOptions = optionChecker('TaskGroup.run', { signal: abortSignal(), on: executor });

/**
 * Tasks that begin and end together: when one fails the others are cancelled, and the group ends when all of them have.
 *
 * **How it ends.** Without a failure: well. One task failed: with the very error that it threw. Several failed on their
 * own: with an `AggregateError` of them, in the order in which they did. Cancelled by its signal or by `cancel()`, and no
 * task failed: with that reason. Being cancelled is no failure: not that of a task that rejects with the group's reason or
 * an `AbortError` after the group was cancelled, nor that of a {@link Task} which you have cancelled yourself.
 *
 * **When it ends.** Not before the last task has settled. Functions are cancelled by their signal: one that ignores it
 * holds the group up, and so does a promise, which cannot be cancelled at all. A task on a worker rejects at once; its
 * worker has stopped after `graceMs` at the latest.
 *
 * Errors of the tasks belong to the group: nobody has to await what `submit` and `add` return.
 *
 * @example
 * ```ts
 * import { TaskGroup, threads } from 'tutti';
 *
 * await using pool = threads({ workers: 2 });
 * const failed = TaskGroup.run(
 *   (group) => {
 *     group.submit(() => {
 *       for (;;);
 *     });
 *     group.submit(() => (null as unknown as string).length);
 *   },
 *   { on: pool },
 * );
 * await failed; // rejects TypeError: Cannot read
 * ```
 */
export class TaskGroup implements AsyncDisposable {
  readonly #pool: Executor | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #running = new Set<Cancellable>();
  readonly #errors: unknown[] = [];
  #pending = 0;
  #cancelled = false;
  #closed = false;
  #idle: (() => void) | undefined;
  #end: Promise<void> | undefined;

  /**
   * A group without an end of its own: call {@link wait}, or let `await using` do it.
   *
   * With `await using`, an error in the block does not cancel the tasks: a block does not tell its disposal how it ended.
   * {@link TaskGroup.run} does.
   *
   * @param pool where `submit` runs its functions; default: the process-wide `threads()`
   * @param options {@link TaskGroupOptions}
   * @throws {TypeError} for a wrong argument or option
   *
   * @example
   * ```ts
   * import { TaskGroup } from 'tutti';
   *
   * const group = new TaskGroup();
   * const answer = group.submit((a: number, b: number) => a * b, 6, 7);
   * await group.wait();
   * await answer; // => 42
   * ```
   */
  constructor(pool?: Executor, options?: TaskGroupOptions) {
    if (pool !== undefined && !executor.is(pool)) {
      throw new TypeError(`TaskGroup: \`pool\` must be ${executor.expects}, but got ${show(pool)}`);
    }
    this.#pool = pool;
    this.#outer = groupOptions(options).signal;
    if (this.#outer?.aborted) this.cancel(this.#outer.reason);
  }

  /**
   * Runs `body` with a new group, as one of its tasks, and waits for all of them.
   *
   * An error of `body` cancels the tasks; a task's failure cancels the others and aborts `group.signal`, for `body` to
   * see. The body is waited for.
   *
   * @param body gets the group; may be async
   * @param options {@link TaskGroupRunOptions}
   * @returns a promise of what `body` returns, when everything has ended; rejects as the group does
   *
   * @example
   * ```ts
   * import { TaskGroup } from 'tutti';
   *
   * const lengths = await TaskGroup.run((group) => {
   *   const words = ['to', 'bee'].map((word) => group.add(async () => word.length));
   *   return Promise.all(words);
   * });
   * lengths; // => [2, 3]
   * ```
   */
  static async run<R>(body: (group: TaskGroup) => R, options?: TaskGroupRunOptions): Promise<Awaited<R>> {
    const { on, signal } = runOptions(options);
    if (typeof body !== 'function')
      throw new TypeError(`TaskGroup.run() needs a function, but got ${show(body)}`);
    const group = new TaskGroup(on, signal === undefined ? {} : { signal });
    if (signal?.aborted) throw signal.reason;
    const running = group.add(() => body(group));
    await group.wait();
    return await running;
  }

  /** Aborts when the group is cancelled, by a failure, by its signal or by `cancel()`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Number of tasks that have not settled; the body of `run` is one. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Starts `fn(...args)` on a worker, as {@link Executor.submit} does, as a task of this group.
   *
   * @param fn what to call; may be async
   * @param args its arguments, copied unless shared or moved
   * @returns the task
   * @throws the reason of {@link signal} when the group has been cancelled, `TaskGroupClosedError` when it has ended
   *
   * @example
   * ```ts
   * import { TaskGroup } from 'tutti';
   *
   * await TaskGroup.run((group) => group.submit((text: string) => text.length, 'tutti')); // => 5
   * ```
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Task<Awaited<R>> {
    this.#admit('submit');
    const task = this.#pool === undefined ? submitByDefault(fn, ...args) : this.#pool.submit(fn, ...args);
    this.#track(task, task);
    return task;
  }

  /**
   * Makes something a task of this group that runs in this thread, or is under way already.
   *
   * @param work a function, called at once with the group's signal; or a task or a promise
   * @returns a promise of its result
   * @throws the reason of {@link signal} when the group has been cancelled, `TaskGroupClosedError` when it has ended, a
   *   `TypeError` for anything else
   *
   * @example
   * ```ts
   * import { setTimeout as sleep } from 'node:timers/promises';
   * import { TaskGroup } from 'tutti';
   *
   * const group = new TaskGroup();
   * const sleeping = group.add((signal) => sleep(60_000, 'done', { signal }));
   * group.cancel(new RangeError('enough'));
   * await group.wait(); // rejects RangeError: enough
   * await sleeping; // rejects AbortError: The operation was aborted
   * ```
   */
  add<T>(work: Work<T>): Promise<Awaited<T>> {
    checkWork('TaskGroup.add', work);
    this.#admit('add');
    const promise = started(work, this.signal) as Promise<Awaited<T>>;
    this.#track(promise, isCancellable(work) ? work : undefined);
    return promise;
  }

  /**
   * Cancels all tasks: those on workers, and functions by their signal.
   *
   * @param reason what the tasks and the group reject with; default: a `DOMException` named `AbortError`
   * @returns whether the group had not been cancelled or ended before
   *
   * @example
   * ```ts
   * import { TaskGroup } from 'tutti';
   *
   * const group = new TaskGroup();
   * group.cancel(); // => true
   * group.signal.aborted; // => true
   * ```
   */
  cancel(reason: unknown = new DOMException('the task group was cancelled', 'AbortError')): boolean {
    if (this.#cancelled || this.#closed) return false;
    this.#cancelled = true;
    this.#errors.push(...cancelAll([...this.#running], reason));
    this.#controller.abort(reason);
    return true;
  }

  /**
   * Waits until all tasks have settled, those too that are started meanwhile; then the group has ended.
   *
   * @returns a promise, the same at every call; rejects when a task failed or the group was cancelled: see {@link TaskGroup}
   *
   * @example
   * ```ts
   * import { TaskGroup } from 'tutti';
   *
   * const group = new TaskGroup();
   * void group.add(Promise.resolve(1));
   * await group.wait(); // => undefined
   * group.add(Promise.resolve(2)); // throws TaskGroupClosedError: cannot add
   * ```
   */
  wait(): Promise<void> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  /** `await using` waits; the error of a `wait()` that was called before is not thrown again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end === undefined) return await this.wait();
    await this.#end.catch(() => undefined);
  }

  /** Why a group cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'a task group belongs to the thread that opened it: open one inside the task';
  }

  #admit(method: string): void {
    if (this.#closed) {
      throw new TaskGroupClosedError(
        `cannot ${method} to a task group that has ended: start everything before wait() resolves, or open a new group`,
      );
    }
    if (this.#outer?.aborted) this.cancel(this.#outer.reason);
    if (this.#cancelled) throw this.signal.reason;
  }

  #track(promise: Promise<unknown>, task: Cancellable | undefined): void {
    if (this.#pending++ === 0 && this.#outer !== undefined) watchSignal(this.#outer, this);
    if (task !== undefined) this.#running.add(task);
    const settled = () => {
      if (task !== undefined) this.#running.delete(task);
      if (--this.#pending > 0) return;
      if (this.#outer !== undefined) unwatchSignal(this.#outer, this);
      this.#idle?.();
    };
    promise.then(settled, (error: unknown) => {
      this.#failed(error, task);
      settled();
    });
  }

  #failed(error: unknown, task: Cancellable | undefined): void {
    if ((task as Partial<Task<unknown>> | undefined)?.status === 'cancelled') return;
    if (this.#cancelled && (error === this.signal.reason || (error as Error | null)?.name === 'AbortError'))
      return;
    // The body of run() rejects with what the task that it awaited did.
    if (!this.#errors.includes(error)) this.#errors.push(error);
    this.cancel(new DOMException('another task of the group failed', 'AbortError'));
  }

  async #finish(): Promise<void> {
    while (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    const wasCancelled = this.#cancelled;
    this.#closed = true;
    const errors = this.#errors;
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      const first = (errors[0] as Error | null)?.message ?? String(errors[0]);
      throw new AggregateError(
        errors,
        `${errors.length} tasks of the group failed, the first with: ${first}`,
      );
    }
    if (wasCancelled) throw this.signal.reason;
  }
}
