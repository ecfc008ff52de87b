/** What a running task knows of itself. */
import { UnsupportedError } from '../base/errors.ts';
import { contextStore, type ContextSource } from './runner.ts';
import { itemStream } from './random.ts';

/** Returned by {@link context}. */
export interface TaskContext {
  /** Id of the worker, unique among the executor's workers, never reused; 0 for the thread that called. */
  readonly workerId: number;
  /** The task's id, the same as `task.id` on the caller's side. */
  readonly taskId: number;
  /** Index of the item in the input (0 for `submit`). */
  readonly index: number;
  /**
   * Aborts when the task is cancelled or its time is up. A synchronous loop may hold it and ask `signal.aborted`:
   * asking looks for a cancellation that no event could deliver.
   */
  readonly signal: AbortSignal;
  /** Sends progress to the caller: a fraction between 0 and 1, or any value that can travel. */
  report(progress: unknown): void;
  /** The next number in [0, 1) of this item's own stream: it depends on the seed and the index, not on the worker. */
  random(): number;
}

class ItemContext implements TaskContext {
  readonly #source: ContextSource;
  readonly #k: number;
  #random: (() => number) | undefined;

  constructor(source: ContextSource, k: number) {
    this.#source = source;
    this.#k = k;
  }
  // Properties, not methods: `const { random } = context()` is what people write.
  readonly report = (progress: unknown): void => this.#source.report(this.#k, progress);
  readonly random = (): number => {
    this.#random ??= itemStream(this.#source.seed, this.index);
    return this.#random();
  };

  get workerId(): number {
    return this.#source.workerId;
  }
  get taskId(): number {
    return this.#source.taskId;
  }
  get index(): number {
    return this.#source.base + this.#k;
  }
  get signal(): AbortSignal {
    this.#source.poll();
    return this.#source.abort.signal;
  }
}

/** The context of the item that ran last, so that repeated calls within one item continue one random stream. */
const latest = new WeakMap<ContextSource, { k: number; context: ItemContext }>();

/**
 * What the running task knows of itself: where it runs, which item it has, whether it should stop, and its own
 * random numbers. Costs well under a microsecond; call it as often as you like.
 *
 * `random()` gives every item its own stream, the same for any number of workers and in any order of execution.
 *
 * @returns the context of the item that runs; keep it across `await`s if you like.
 * @throws {UnsupportedError} outside a task.
 * @example
 * ```ts
 * import { context, threads } from 'tutti';
 * await using pool = threads({ workers: 2, seed: 7 });
 * const indices = await pool.map(['a', 'b', 'c'], (name) => name + context().index);
 * indices; // => ['a0', 'b1', 'c2']
 * ```
 */
export function context(): TaskContext {
  const source = contextStore.getStore()?.source();
  if (source === undefined) {
    throw new UnsupportedError(
      'context() works only inside a task: call it in a function given to an executor',
    );
  }
  const k = source.current[0] as number;
  const last = latest.get(source);
  if (last !== undefined && last.k === k) return last.context;
  const fresh = new ItemContext(source, k);
  latest.set(source, { k, context: fresh });
  return fresh;
}
