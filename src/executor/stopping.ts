/** Parts that should not go on: cancelled ones, those of a call that has failed, and those that take too long. */
import { packError } from '../closure/index.ts';
import { commonClock } from './board.ts';
import type { Crew } from './crew.ts';
import type { Deadlines } from './deadlines.ts';
import type { ChunkRun, Part } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';
import { timeoutError } from './timeout-error.ts';

/** What the pool is told. */
export interface StopEvents {
  /** Something for a worker is to be sent now. */
  sent(worker: PoolWorker): void;
  /** Places may have become free. */
  stopped(): void;
  /** Item `k` of a run has been running for longer than it may, and runs on. */
  late(run: ChunkRun, k: number, error: unknown): void;
}

/** A worker needs this long to start, amply. */
const startMs = 150;

export class Stopping {
  readonly #crew: Crew;
  readonly #deadlines: Deadlines;
  readonly #events: StopEvents;

  constructor(crew: Crew, deadlines: Deadlines, events: StopEvents) {
    this.#crew = crew;
    this.#deadlines = deadlines;
    this.#events = events;
  }

  /** Takes back what has not started, asks the rest to stop, and replaces the worker of what does not. */
  stop(run: ChunkRun, reason: unknown): void {
    for (const part of run.parts()) {
      run.drop(part);
      if (part.slot < 0 || part.stopping) continue;
      part.stopping = true;
      const worker = [...this.#crew.all].find((one) => one.parts.get(part.slot) === part);
      if (worker === undefined || worker.board.takeBack(part.slot)) continue;
      worker.board.requestStop(part.slot);
      worker.send(['stop', part.slot, packError(reason)]);
      this.#events.sent(worker);
      this.#killLater(part, worker, run.chunk.graceMs);
    }
    this.#events.stopped();
  }

  /** Replaces the worker of a part that goes on for `graceMs`; shortly before, somebody gets ready to take its place. */
  #killLater(part: Part, worker: PoolWorker, graceMs: number): void {
    const goesOn = (): boolean => worker.parts.get(part.slot) === part && worker.board.isRunning(part.slot);
    const kill = (): void => {
      if (worker.parts.get(part.slot) === part && worker.board.condemn(part.slot)) this.#crew.kill(worker);
    };
    part.unwatch?.();
    if (graceMs === 0) return kill();
    const warningMs = Math.max(graceMs / 2, graceMs - startMs);
    part.unwatch = this.#deadlines.add(warningMs, () => {
      if (!goesOn()) return;
      this.#crew.expectLoss();
      part.unwatch = this.#deadlines.add(graceMs - warningMs, kill);
    });
  }

  /** Checks a part's time limit against the start that the worker notes for each item. */
  watch(part: Part, worker: PoolWorker, timeoutMs: number): void {
    const check = (): void => {
      if (!part.run.has(part) || worker.parts.get(part.slot) !== part) return;
      const startedAt = worker.board.startedAt(part.slot);
      // It has ended in time; the news is under way.
      if (startedAt !== 0 && !worker.board.isRunning(part.slot)) return;
      const elapsed = startedAt === 0 ? 0 : commonClock() - startedAt;
      if (elapsed < timeoutMs) {
        part.unwatch = this.#deadlines.add(timeoutMs - elapsed, check);
        return;
      }
      const k = worker.board.currentItem(part.slot);
      this.#events.late(part.run, k, timeoutError(part.run.chunk, k, timeoutMs, worker.id));
    };
    part.unwatch = this.#deadlines.add(timeoutMs, check);
  }
}
