/** Told by whoever starts threads: one of them has ended, whatever the reason. */
import { registrySlot } from './registry.ts';

type Listener = (threadId: number) => void;

const starter = registrySlot<number>('thread starter', 1);
const listeners = registrySlot<Set<Listener>>('thread ends', 1);

/** This thread was started by that one, and ends with it. */
export function noteStarter(threadId: number): void {
  starter.set(threadId);
}

/** The id of the thread that has started this one; −1 when nobody has said. */
export function starterOfThis(): number {
  return starter.get() ?? -1;
}

/** `listener` is called with the id of each thread that this one has started and that has ended. */
export function onThreadEnd(listener: Listener): void {
  listeners.take(() => new Set()).add(listener);
}

/** A thread that this one has started is gone. */
export function threadEnded(threadId: number): void {
  for (const listener of listeners.get() ?? []) listener(threadId);
}
