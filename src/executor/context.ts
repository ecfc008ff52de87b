/** What a running task knows of itself. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Returned by {@link context}. */
export interface TaskContext {
  /** Id of the worker, unique among the executor's workers, never reused; 0 for the thread that called. */
  readonly workerId: number;
  /** The task's id, the same as `task.id` on the caller's side. */
  readonly taskId: number;
  /** Index of the item in the input (0 for `submit`). */
  readonly index: number;
  /** Aborts when the task is cancelled or its time is up. Reading it also looks for a cancellation that has just come. */
  readonly signal: AbortSignal;
  /** Sends progress to the caller: a fraction between 0 and 1, or any value that can travel. */
  report(progress: unknown): void;
  /** The next number in [0, 1) of this item's own stream: it depends on the seed and the index, not on the worker. */
  random(): number;
}

/** The store behind {@link context}: one per running chunk; the runner moves it from item to item. */
export const contextStore = new AsyncLocalStorage<TaskContext>();
