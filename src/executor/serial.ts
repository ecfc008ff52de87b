/** The calling thread as an executor. */
import { Executor } from './executor.ts';
import { executorOptions, type ExecutorOptions } from './options.ts';
import { SerialBackend } from './serial-backend.ts';

/**
 * An executor that calls functions as they are, in this thread, one at a time: for debugging, tests and tiny inputs.
 *
 * Nothing is captured or copied: breakpoints work, and a function sees and changes the caller's own variables — on
 * every other executor it works on copies. Nothing outside can stop a running function: cancellation and time limits
 * reach asynchronous functions only.
 *
 * @param options see {@link ExecutorOptions}; those about workers have no effect
 * @example
 * ```ts
 * import { serial } from 'tutti';
 * const squares = await serial().map([1, 2, 3], (x) => x * x);
 * squares; // => [1, 4, 9]
 * ```
 */
export function serial(options?: ExecutorOptions): Executor {
  const checked = executorOptions('serial', options, () => 1);
  return new Executor(new SerialBackend(checked), { ...checked, workers: 1 });
}
