/** Moves work from workers that are stuck on something slow to workers that have nothing to do. */
import type { Part } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';

/** Parts to queue again, and after how long another look may find more; 0 when none will. */
export interface Rebalanced {
  readonly parts: readonly Part[];
  readonly againMs: number;
}

/** Another look at an item that takes long, and at a worker that does not come for what it was sent. */
const soonMs = 1;
const laterMs = 16;
const forsakenMs = 50;
const nothing: Rebalanced = { parts: [], againMs: 0 };

/**
 * Takes unstarted parts, or else the unclaimed items of a running part, from the worker that holds most.
 */
export function rebalance(workers: Iterable<PoolWorker>, spent: (worker: PoolWorker) => boolean): Rebalanced {
  let idle = 0;
  const busy: PoolWorker[] = [];
  for (const worker of workers) {
    if (worker.state !== 'ready' && worker.state !== 'starting') continue;
    if (worker.parts.size > 0) busy.push(worker);
    else if (worker.state === 'ready' && !spent(worker)) idle++;
  }
  if (idle === 0 || busy.length === 0) return nothing;

  if (busy.length > 1) busy.sort((a, b) => b.parts.size - a.parts.size);
  const now = performance.now();
  const parts: Part[] = [];
  let againMs = 0;
  for (const worker of busy) {
    if (parts.length >= idle) break;
    // What a worker has just been sent it is about to start.
    const { first } = worker.parts;
    const keep =
      first !== undefined && worker.running() === undefined && !isForsaken(worker, first, now) ? 1 : 0;
    if (keep === 1) againMs = laterMs;
    if (worker.parts.size > keep) parts.push(...takeUnstarted(worker, keep));
  }
  if (parts.length === 0) {
    for (const worker of busy) {
      const part = worker.running();
      if (part === undefined || !part.run.dividable || part.moved || part.run.ended) continue;
      const left = part.to - worker.board.peek(part.slot, part.to);
      if (left < 1) continue;
      againMs = soonMs;
      if (worker.looksStuck(part, now)) parts.push(...takeRest(worker, part));
      if (parts.length >= idle) break;
    }
  }
  return { parts, againMs };
}

/**
 * Its worker does not come for it: something else holds the thread. Longer each time, as the worker may just be reading
 * a message of many megabytes, and would do so again elsewhere.
 */
function isForsaken(worker: PoolWorker, part: Part, now: number): boolean {
  if (now - worker.stillSince(part, now) < forsakenMs * 4 ** part.moves) return false;
  part.moves++;
  return true;
}

/** The later half of what a worker has not started, but for the first `keep` parts; otherwise at least one. */
function takeUnstarted(worker: PoolWorker, keep: number): Part[] {
  const waiting = worker.parts
    .all()
    .filter(
      (part) =>
        part !== worker.running() && part.run.chunk.worker === undefined && !part.moved && !part.run.ended,
    );
  const parts: Part[] = [];
  // The latest first: what the worker starts meanwhile comes before all that was taken.
  for (const part of waiting.slice(Math.max(keep, Math.floor(waiting.length / 2))).toReversed()) {
    if (!worker.board.takeBack(part.slot)) continue;
    part.run.drop(part);
    const again = part.run.addPart(part.from, part.to);
    again.moves = part.moves;
    parts.push(again);
  }
  return parts.reverse();
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
