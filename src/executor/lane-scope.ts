/** What `context()` finds in calls of the lane. */
import type { ContextProvider, ContextSource } from './runner.ts';
import type { WorkerRun } from './worker-run.ts';

/**
 * What `context()` finds during a call of the lane: one object for many calls, which makes a call's own only when it
 * is asked for.
 */
export class LaneScope implements ContextProvider {
  /** The slot of the call that runs, −1 between calls. */
  slot = -1;
  /** Of a call that goes on after its part: the scope is that call's then. */
  adopted: ContextSource | undefined;
  readonly #make: (slot: number) => WorkerRun;
  #run: WorkerRun | undefined;

  constructor(make: (slot: number) => WorkerRun) {
    this.#make = make;
  }

  source(): ContextSource | undefined {
    return this.adopted ?? (this.slot < 0 ? undefined : this.run());
  }

  adopt(source: ContextSource): void {
    this.adopted = source;
  }

  run(): WorkerRun {
    return (this.#run ??= this.#make(this.slot));
  }

  /** The call has ended: who asks from now on belongs to no task. */
  leave(): void {
    this.slot = -1;
    if (this.#run === undefined) return;
    this.#run.over = true;
    this.#run = undefined;
  }
}
