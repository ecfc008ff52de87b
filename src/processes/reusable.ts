/** One executor over worker processes for a whole program, made again when it is gone or other options are wanted. */
import { isDeepStrictEqual } from 'node:util';
import { registrySlot } from '../base/registry.ts';
import type { Executor } from '../executor/executor.ts';
import { inlineDepth, nesting } from '../executor/nesting.ts';
import { openProcesses, type ProcessesOptions } from './processes.ts';

/** Idle workers of a reusable executor end after this, unless `idleTimeoutMs` says otherwise. */
const IDLE_TIMEOUT_MS = 10_000;

interface Current {
  readonly executor: Executor;
  /** What it was made with, but for `workers`. */
  readonly options: Omit<ProcessesOptions, 'workers'>;
}

const slot = registrySlot<Current>('reusable', 1);

/**
 * The process-wide executor over worker processes: the same one for every caller that wants the same.
 *
 * It is made by `processes()` at the first call, and again when it was closed or terminated, so that whoever gets one can use
 * it. When only `workers` differs it is resized; without `workers` it keeps its size. When other options differ (functions are
 * compared by identity, all else by value), the old executor is closed, which finishes its work, and a new one is made.
 *
 * Workers that have been idle for ten seconds end (`idleTimeoutMs`), and the next task starts new ones. Nobody has to close it:
 * when idle it does not keep the process alive. It belongs to all callers of the thread: do not use `await using` with it.
 *
 * @param options as for {@link processes}
 * @returns the executor of this thread; each call may return another one
 * @throws {TypeError} for an unknown option or a value of the wrong type, {RangeError} for one out of bounds
 * @throws {CaptureError} when `init` or `teardown` cannot travel
 * @example
 * ```ts
 * import { reusable } from 'tutti';
 * const squares = await reusable({ workers: 2 }).map([1, 2, 3], (x) => x * x);
 * squares; // => [1, 4, 9]
 * reusable() === reusable({ workers: 1 }); // => true
 * await reusable().close(); // ends the workers now; the next call makes new ones
 * ```
 */
export function reusable(options: ProcessesOptions = {}): Executor {
  // What is no object is refused there.
  if (typeof options !== 'object' || options === null) return openProcesses('reusable', options);
  const { workers, ...rest } = options;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const wanted = snapshot(given);
  const current = slot.get();
  if (current !== undefined && !current.executor.closed && isDeepStrictEqual(current.options, wanted)) {
    // Where pools run inline there is nothing to resize.
    if (workers !== undefined && workers !== current.executor.workers && nesting().depth < inlineDepth)
      current.executor.resize(workers);
    return current.executor;
  }
  // First, as it may throw: then the old one stays.
  const made = { name: 'processes', idleTimeoutMs: IDLE_TIMEOUT_MS, ...given, workers };
  const executor = openProcesses('reusable', made);
  slot.set({ executor, options: wanted });
  if (current?.executor.closed === false) void current.executor.close();
  return executor;
}

/** The options as they are now: the caller may change its objects, and `process.env` is an object of its own kind. */
function snapshot(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) copy[name] = plainCopy(value);
  return copy;
}

/** No option holds objects within objects. */
function plainCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.slice() : { ...value };
}
