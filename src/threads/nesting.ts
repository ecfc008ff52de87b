/**
 * One budget of cores across nested pools: a pool that a task opens inside a worker gets the worker's share, and
 * pools below that run inline, so that pools of pools do not start workers by the square.
 */
import { registrySlot } from '../base/registry.ts';

/** Where this thread stands: the main thread is at depth 0 with all cores. */
export interface Nesting {
  readonly depth: number;
  /** Workers that a pool opened here gets by default; undefined: the usable cores. */
  readonly workers: number | undefined;
}

const slot = registrySlot<Nesting>('nesting', 1);

export function nesting(): Nesting {
  return slot.get() ?? { depth: 0, workers: undefined };
}

/** Called once, when a worker starts. */
export function enterWorker(depth: number, workers: number): void {
  slot.set({ depth, workers });
}
