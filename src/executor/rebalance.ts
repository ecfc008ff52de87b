/** Moves work from workers that are stuck on something slow to workers that have nothing to do. */
import type { Part } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';

/**
 * Takes unstarted parts, or else the unclaimed items of a running part, from the worker that holds most.
 *
 * @returns the parts to queue again, and whether to look again soon: some worker is idle while another still has
 *   items that could move.
 */
export function rebalance(
  workers: Iterable<PoolWorker>,
  spent: (worker: PoolWorker) => boolean,
): { parts: Part[]; again: boolean } {
  let idle = 0;
  const busy: PoolWorker[] = [];
  for (const worker of workers) {
    if (worker.state !== 'ready' && worker.state !== 'starting') continue;
    if (worker.parts.size > 0) busy.push(worker);
    else if (worker.state === 'ready' && !spent(worker)) idle++;
  }
  if (idle === 0 || busy.length === 0) return { parts: [], again: false };

  busy.sort((a, b) => b.parts.size - a.parts.size);
  const parts: Part[] = [];
  for (const worker of busy) {
    if (parts.length >= idle) break;
    parts.push(...takeUnstarted(worker));
  }
  let again = false;
  if (parts.length === 0) {
    for (const worker of busy) {
      const part = worker.running();
      if (part === undefined || !part.run.dividable || part.moved || part.run.ended) continue;
      const left = part.to - worker.board.peek(part.slot, part.to);
      if (left < 1) continue;
      again = true;
      if (worker.looksStuck(part)) parts.push(...takeRest(worker, part));
      if (parts.length >= idle) break;
    }
  }
  return { parts, again };
}

/** The later half of what a worker has not started, at least one part. */
function takeUnstarted(worker: PoolWorker): Part[] {
  const waiting = [...worker.parts.values()].filter(
    (part) =>
      part !== worker.running() && part.run.chunk.worker === undefined && !part.moved && !part.run.ended,
  );
  const parts: Part[] = [];
  for (const part of waiting.slice(Math.floor(waiting.length / 2))) {
    if (!worker.board.takeBack(part.slot)) continue;
    part.run.parts.delete(part);
    parts.push(part.run.addPart(part.from, part.to));
  }
  return parts;
}

/** The items of a running part that nobody has claimed, as two parts: one for the idle worker, one for whoever comes. */
function takeRest(worker: PoolWorker, part: Part): Part[] {
  const { run } = part;
  const end = part.to;
  const from = worker.board.cut(part.slot, end);
  if (from >= end) return [];
  part.to = from;
  const middle = from + Math.ceil((end - from) / 2);
  const parts = [run.addPart(from, middle)];
  if (middle < end) parts.push(run.addPart(middle, end));
  return parts;
}
