/**
 * One budget of cores across nested pools: a pool that a task opens inside a worker gets the worker's share, and
 * pools below that run inline, so that pools of pools do not start workers by the square.
 */
import { registrySlot } from '../base/registry.ts';

/** Where this thread stands: the main thread is at depth 0 with all cores to itself. */
export interface Nesting {
  readonly depth: number;
  /** Cores that this thread and its siblings share; undefined: the usable ones, which nobody counts before they matter. */
  readonly cores: number | undefined;
  /** Workers of the pool that this thread belongs to. */
  readonly siblings: number;
}

/** Pools opened this deep run inline: the levels above have all cores busy. */
export const inlineDepth = 2;

const slot = registrySlot<Nesting>('nesting', 2);

export function nesting(): Nesting {
  return slot.get() ?? { depth: 0, cores: undefined, siblings: 1 };
}

/** Called once, when a worker starts. */
export function enterWorker(place: Nesting): void {
  slot.set(place);
}
