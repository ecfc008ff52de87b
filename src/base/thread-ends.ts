/** Told by whoever starts threads: one of them has ended, whatever the reason. */
import { registrySlot } from './registry.ts';

type Listener = (threadId: number) => void;

const listeners = registrySlot<Set<Listener>>('thread ends', 1);

const starter = registrySlot<number>('thread starter', 1);

/** Which thread has started this one, where it is known: that of a pool's worker. */
export function starterOfThread(): number | undefined {
  return starter.get();
}

/** Called once, when a worker starts. */
export function startedBy(threadId: number): void {
  starter.set(threadId);
}

/** `listener` is called with the id of each thread that this one has started and that has ended. */
export function onThreadEnd(listener: Listener): void {
  listeners.take(() => new Set()).add(listener);
}

/** A thread that this one has started is gone. */
export function threadEnded(threadId: number): void {
  for (const listener of listeners.get() ?? []) listener(threadId);
}
