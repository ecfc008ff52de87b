/** Worker threads as an executor. */
import { Executor } from '../executor/executor.ts';
import { executorOptions, type ExecutorOptions } from '../executor/options.ts';
import { SerialBackend } from '../executor/serial-backend.ts';
import { shareOfCores } from '../executor/share-of-cores.ts';
import { hostOptions, WorkerPool, type PoolOptions } from '../executor/worker-pool.ts';
import { inlineDepth, nesting } from '../executor/nesting.ts';
import { startThreads } from './thread-link.ts';

/**
 * An executor over worker threads: ordinary functions run on every core, captured variables included.
 *
 * Workers start with the first work and are used again. They share memory with the caller: arrays made by `shared()`
 * arrive as the same memory; everything else is copied on its way, or moved with `move()`. An idle executor does not
 * keep the process alive; a busy one does. A worker that dies is replaced, and only the task it ran fails.
 *
 * Opened inside a task, a pool gets the worker's share of the cores; a level further down it calls functions
 * inline, so that nested pools never start more threads than there is work for.
 *
 * @param options see {@link ExecutorOptions}; `workers` defaults to the cores that this process may use (affinity and
 *   cgroup quota respected)
 * @returns the executor; `await using` closes it at the end of the block
 * @throws {TypeError} for an unknown option or a value of the wrong type, {RangeError} for one out of bounds
 * @throws {CaptureError} when `init` or `teardown` cannot travel
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * await using pool = threads({ workers: 2 });
 * const factor = 3;
 * const scaled = await pool.map([1, 2, 3], (x) => x * factor);
 * scaled; // => [3, 6, 9]
 * ```
 */
export function threads(options?: ExecutorOptions): Executor {
  const { depth } = nesting();
  const checked = executorOptions('threads', options, shareOfCores);
  if (depth >= inlineDepth) return new Executor(new SerialBackend(checked), checked);
  const open = (own: Partial<PoolOptions>): WorkerPool =>
    new WorkerPool({
      ...checked,
      // Workers of workers are many already.
      spare: checked.spare ?? (depth > 0 ? false : undefined),
      start: startThreads(checked, { depth: depth + 1, cores: depth === 0 ? undefined : shareOfCores() }),
      ...own,
    });
  return new Executor(open({ host: (lost) => open(hostOptions(checked.workers, lost)) }), checked);
}
