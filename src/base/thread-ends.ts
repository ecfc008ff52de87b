/** Told by whoever starts threads: one of them has ended, whatever the reason. */
import { registrySlot } from './registry.ts';

type Listener = (threadId: number) => void;

const listeners = registrySlot<Set<Listener>>('thread ends', 1);

/** `listener` is called with the id of each thread that this one has started and that has ended. */
export function onThreadEnd(listener: Listener): void {
  listeners.take(() => new Set()).add(listener);
}

/** A thread that this one has started is gone. */
export function threadEnded(threadId: number): void {
  for (const listener of listeners.get() ?? []) listener(threadId);
}
