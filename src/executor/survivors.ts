/** What becomes of the parts of a worker that has died. */
import { crashError, lostMemoryError } from './crash-error.ts';
import { reissue } from './dispatcher.ts';
import type { Part } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';
import type { WorkerExit } from './worker-link.ts';

/**
 * Takes all parts from a dead worker: the item that it ran fails (unless the worker was killed on purpose and it may run twice),
 * what only it may run is pinned to it again, and the rest is returned, to run elsewhere.
 */
export function survivors(
  name: string,
  worker: PoolWorker,
  exit: WorkerExit,
  expected: boolean,
  fail: (part: Part, k: number, error: unknown) => void,
): Part[] {
  const parts = worker.parts.all();
  const running = worker.running();
  // Nothing runs: what ended last, and could not say so any more, is to blame. It would end the next worker as well.
  const guilty = expected ? undefined : (running ?? parts.find((part) => worker.board.hasEnded(part.slot)));
  const innocent: Part[] = [];
  for (const part of parts) {
    const begun = part === running || worker.board.hasEnded(part.slot);
    const k = worker.board.currentItem(part.slot);
    part.slot = -1;
    part.unwatch?.();
    // A part that was taken back from this worker lives on as another one.
    if (!part.run.has(part)) continue;
    const { chunk } = part.run;
    if (part === guilty || (begun && chunk.once === true)) {
      fail(part, k, crashError(name, worker.id, { chunk, k }, exit));
    } else if (chunk.worker !== undefined) worker.pinned.push(part);
    else if (part.moved) {
      fail(part, part.from, lostMemoryError(name, worker.id, { chunk, k: part.from }, exit));
    } else {
      const again = reissue(part);
      if (again !== undefined) innocent.push(again);
    }
  }
  worker.parts.clear();
  return innocent;
}
