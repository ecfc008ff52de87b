/** Errors of tasks whose worker died. */
import { WorkerCrashedError } from '../base/errors.ts';
import type { Chunk } from './backend.ts';
import { taskLabel } from './task-label.ts';
import type { WorkerExit } from './worker-link.ts';

interface Item {
  readonly chunk: Chunk;
  readonly k: number;
}

/** The error for a task whose worker died; `what` is the item that ran, when one did. */
export function crashError(
  backend: string,
  workerId: number,
  what: Item | undefined,
  exit: WorkerExit,
): WorkerCrashedError {
  const label = what === undefined ? undefined : taskLabel(what.chunk, what.k);
  const during = label === undefined ? '' : ` while it ran ${label}`;
  const message = `${backend}: worker ${workerId} ${howItEnded(exit)}${during}${cure(exit)}`;
  return build(message, workerId, label, what, exit);
}

/** The error for a task that had not run when its worker died, and cannot run elsewhere: its memory went with the worker. */
export function lostMemoryError(
  backend: string,
  workerId: number,
  what: Item,
  exit: WorkerExit,
): WorkerCrashedError {
  const label = taskLabel(what.chunk, what.k);
  const message =
    `${backend}: worker ${workerId} ${howItEnded(exit)} before it ran ${label}, and the memory moved to it with move() ` +
    'is lost; make the array again, or send it by copy';
  return build(message, workerId, label, what, exit);
}

function howItEnded(exit: WorkerExit): string {
  if (exit.memoryLimit !== undefined) return `ran out of memory (limit: ${exit.memoryLimit})`;
  if (exit.error !== undefined) return `died of an uncaught error: ${describeError(exit.error)}`;
  if (exit.signal !== undefined) return `was killed by ${exit.signal}`;
  return exit.code !== undefined ? `exited with code ${exit.code}` : 'is gone';
}

/** What ends processes by a signal, other than a mistake in native code; `resourceLimits` are V8's flags there. */
const signals: Readonly<Record<string, string>> = {
  SIGABRT:
    '; V8 aborts like this when its heap is full: raise `resourceLimits.maxOldGenerationSizeMb`, or split the work',
  SIGTRAP: '; V8 stops like this when it cannot go on, mostly for want of memory: split the work',
  SIGILL: '; V8 stops like this when it cannot go on, mostly for want of memory: split the work',
  SIGKILL:
    '; if nobody else did it, it was the out-of-memory killer of the system: use fewer workers, bound them with ' +
    '`resourceLimits` or `maxWorkerMemory`, or split the work',
  SIGSEGV:
    '; native code has used memory that is not its own: an addon, or V8 with a too large `stackSizeMb`',
  SIGBUS: '; memory that is mapped was not there: a file cut short meanwhile, or a full /dev/shm',
};

/** What to do about it. */
function cure({ memoryLimit, error, signal }: WorkerExit): string {
  if (memoryLimit !== undefined) return '; raise the limit with `resourceLimits`, or split the work';
  return error === undefined && signal !== undefined ? (signals[signal] ?? '') : '';
}

function build(
  message: string,
  workerId: number,
  label: string | undefined,
  what: Item | undefined,
  exit: WorkerExit,
): WorkerCrashedError {
  return new WorkerCrashedError(message, {
    workerId,
    task: label,
    index: what === undefined ? undefined : what.chunk.base + what.k,
    exitCode: exit.code,
    exitSignal: exit.signal,
    memoryLimit: exit.memoryLimit,
    ...(exit.error === undefined ? {} : { cause: exit.error }),
  });
}

/** `RangeError: no room`; anything that was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
