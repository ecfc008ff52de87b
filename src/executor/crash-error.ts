/** Builds the error for a task whose worker died. */
import { WorkerCrashedError } from '../base/errors.ts';
import type { Chunk } from './backend.ts';
import { taskLabel } from './task-label.ts';
import type { WorkerExit } from './worker-link.ts';

/** `what` is the item that ran, when one did. */
export function crashError(
  backend: string,
  workerId: number,
  what: { readonly chunk: Chunk; readonly k: number } | undefined,
  exit: WorkerExit,
): WorkerCrashedError {
  const label = what === undefined ? undefined : taskLabel(what.chunk, what.k);
  const how =
    exit.memoryLimit !== undefined
      ? `ran out of memory (limit: ${exit.memoryLimit}); raise it with resourceLimits, or split the work`
      : exit.error !== undefined
        ? `died of an uncaught error: ${describe(exit.error)}`
        : exit.signal !== undefined
          ? `was killed by ${exit.signal}`
          : exit.code !== undefined
            ? `exited with code ${exit.code}`
            : 'is gone';
  const message = `${backend}: worker ${workerId} ${how}${label === undefined ? '' : ` while it ran ${label}`}`;
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

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
