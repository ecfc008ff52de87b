/** Worker processes as an executor. */
import { usableCores } from '../base/cores.ts';
import { MissingPackageError, UnsupportedError } from '../base/errors.ts';
import { boolean, optionChecker } from '../base/options.ts';
import { registrySlot } from '../base/registry.ts';
import type { Capabilities } from '../executor/backend.ts';
import { Executor } from '../executor/executor.ts';
import { inlineDepth, nesting } from '../executor/nesting.ts';
import { executorOptions, type ExecutorOptions } from '../executor/options.ts';
import { SerialBackend } from '../executor/serial-backend.ts';
import { shareOfCores } from '../executor/share-of-cores.ts';
import { hostOptions, WorkerPool, type PoolOptions } from '../executor/worker-pool.ts';
import { admit } from './entry-paths.ts';
import { PoolMemory, undoneUnlessMade } from './pool-memory.ts';
import { checkStackSize } from './process-flags.ts';
import { startProcesses } from './process-link.ts';

/** What `processes()` accepts. */
export interface ProcessesOptions extends ExecutorOptions {
  /**
   * Whether this process and its workers share memory for small calls and for what large arrays need; without it everything goes
   * over sockets. `true` requires it (`MissingPackageError` without). Default: where the package koffi is installed.
   */
  sharedMemory?: boolean;
}

/**
 * An executor over child processes: ordinary functions run on every core, each worker with a process to itself.
 *
 * Everything that `threads()` does, with more between the workers: native code that crashes (a segmentation fault), a heap
 * that runs full and the system's out-of-memory killer end one worker, never this process. A death rejects the task that
 * ran with a `WorkerCrashedError` that names the exit code or signal; innocent tasks run again on a fresh worker, and the
 * pool goes on. Workers end with this process, also when it is killed.
 *
 * Functions travel with their variables, as between threads. Values are copied; memory made by
 * `shared(…, { across: 'processes' })`, `segment()` or `mapFile()` is the same memory everywhere. A SharedArrayBuffer cannot
 * cross processes and is refused. With the optional package koffi (Linux, macOS) scheduler and workers share memory: small
 * calls then need no message. Without it everything goes over a socket, which is slower; a warning says so once.
 *
 * Workers start with the first work, each in some 50 ms, and are used again. An idle executor does not keep the process alive.
 * Native libraries in workers are told to use their share of the cores (`OMP_NUM_THREADS` and its relatives, unless set).
 *
 * @param options see {@link ProcessesOptions}; `workers` defaults to the cores that this process may use. `resourceLimits`
 *   become V8's flags, `maxWorkerMemory` bounds a worker's private memory, `execArgv` defaults to this process's flags
 * @returns the executor; `await using` closes it at the end of the block
 * @throws {TypeError} for an unknown option or a value of the wrong type, {RangeError} for one out of bounds
 * @throws {CaptureError} when `init` or `teardown` cannot travel
 * @example
 * ```ts
 * import { processes } from 'tutti';
 * await using pool = processes({ workers: 2 });
 * const factor = 3;
 * const scaled = await pool.map([1, 2, 3], (x) => x * factor);
 * scaled; // => [3, 6, 9]
 * const pid = await pool.submit(() => process.pid);
 * pid === process.pid; // => false
 * ```
 */
export function processes(options?: ProcessesOptions): Executor {
  return openProcesses('processes', options);
}

/** {@link processes} for the function `owner`, which the messages about wrong options name. `options` may be anything. */
export function openProcesses(owner: string, options: unknown): Executor {
  const { depth } = nesting();
  const { own, rest } = ownOptions(owner, options);
  const checked = executorOptions(owner, rest, shareOfCores);
  checkStackSize(owner, checked.resourceLimits);
  if (depth >= inlineDepth) return new Executor(new SerialBackend(checked), checked);
  const cores = depth === 0 ? undefined : shareOfCores();
  const open = (special: Partial<PoolOptions>): WorkerPool => {
    const memory = own.sharedMemory === false ? undefined : poolMemory(own.sharedMemory === true);
    const place = {
      depth: depth + 1,
      cores,
      nativeThreads: Math.max(1, Math.floor((cores ?? usableCores()) / checked.workers)),
    };
    return undoneUnlessMade(
      () =>
        new WorkerPool({
          ...checked,
          spare: checked.spare ?? (depth > 0 ? false : undefined),
          start: startProcesses(checked, place, memory),
          bell: memory?.bell,
          lookMs: memory === undefined ? messageLookMs : undefined,
          admit,
          ended: () => memory?.close(),
          capabilities,
          ...special,
        }),
      // `init` cannot travel: the memory of the pool that never was goes.
      () => memory?.close(),
    );
  };
  return new Executor(open({ host: (lost) => open(hostOptions(checked.workers, lost)) }), checked);
}

const capabilities: Capabilities = {
  sharedMemory: false,
  killable: true,
  isolated: true,
  // A thread that blocks must read at once, which Windows has no way to.
  blocking: process.platform !== 'win32',
};

const ownRules = { sharedMemory: boolean() };

/** Splits off what only `processes()` knows. */
function ownOptions(
  owner: string,
  options: unknown,
): { own: { sharedMemory?: boolean | undefined }; rest: unknown } {
  if (typeof options !== 'object' || options === null) return { own: {}, rest: options };
  const { sharedMemory, ...rest } = options as ProcessesOptions;
  return { own: optionChecker(owner, ownRules)({ sharedMemory }), rest };
}

/** Without shared memory nobody wakes a thread that blocks. */
const messageLookMs = 1;

const warned = registrySlot<boolean>('processes-warned', 1);

/** What a system says that has no memory without a name, or not for this process (seccomp, a sandbox). */
const REFUSED: readonly unknown[] = ['ENOSYS', 'EPERM', 'EACCES'];

/** Memory between scheduler and workers; says once why there is none. */
function poolMemory(required: boolean): PoolMemory | undefined {
  try {
    return new PoolMemory();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const isMissing = error instanceof MissingPackageError || error instanceof UnsupportedError;
    if (required || (!isMissing && !REFUSED.includes(code))) throw error;
    if (warned.get() !== true) {
      warned.set(true);
      const why = isMissing
        ? `${message}; until then processes()`
        : `the system refuses to share memory (${message}): processes()`;
      process.emitWarning(`${why} sends everything over sockets, which is slower`, {
        type: 'TuttiWarning',
        ...(code !== undefined && { code }),
      });
    }
    return undefined;
  }
}
