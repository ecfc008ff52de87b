/** Where the runner leaves what `context()` reads. Apart from it, since workers start without the rest. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** What a running part lends to the contexts of its items. */
export interface ContextSource {
  readonly workerId: number;
  readonly taskId: number;
  readonly seed: number;
  /** Added to `current[0]` to give the item's index. */
  readonly base: number;
  /** `[0]` is the `k` of the item that runs. */
  readonly current: Int32Array;
  /** Aborted when the part has to stop; `poll` looks for a request that no event has delivered yet. */
  readonly abort: AbortController;
  poll(): void;
  report(k: number, data: unknown): void;
}

/** One per running part: the runner moves `current` from item to item, so that entering costs nothing per item. */
export const contextStore = new AsyncLocalStorage<ContextSource>();
