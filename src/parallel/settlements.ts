/**
 * Who waits for which promise to settle: one reaction per promise, however often it is waited for.
 *
 * A reaction cannot be taken back, so a loop of `Promise.race` over a promise that lives long collects them. Here each
 * promise gets one, and those who wait are in a set that they leave.
 */
import { show } from '../base/options.ts';

type Listener = (task: PromiseLike<unknown>, failed: boolean) => void;

interface Entry {
  /** Whether the promise was rejected; `undefined` while it is pending. */
  failed: boolean | undefined;
  readonly listeners: Set<Listener>;
}

const entries = new WeakMap<PromiseLike<unknown>, Entry>();

/**
 * Calls `listener` once for each of `tasks` that settles, from the next turn of the microtask queue on; those that have
 * settled already in the order in which they are given.
 *
 * @returns a function that ends the listening
 */
export function watchSettled<P extends PromiseLike<unknown>>(
  tasks: Iterable<P>,
  listener: (task: P, failed: boolean) => void,
): () => void {
  const each = listener as unknown as Listener;
  const watched: Entry[] = [];
  let listening = true;
  for (const task of tasks) {
    const entry = entryOf(task);
    if (entry.failed === undefined) {
      entry.listeners.add(each);
      watched.push(entry);
    } else {
      const { failed } = entry;
      queueMicrotask(() => {
        if (listening) listener(task, failed);
      });
    }
  }
  return () => {
    listening = false;
    for (const entry of watched) entry.listeners.delete(each);
  };
}

function entryOf(task: PromiseLike<unknown>): Entry {
  const found = entries.get(task);
  if (found !== undefined) return found;
  const entry: Entry = { failed: undefined, listeners: new Set() };
  entries.set(task, entry);
  const settled = (failed: boolean) => {
    entry.failed = failed;
    const listeners = [...entry.listeners];
    entry.listeners.clear();
    for (const listener of listeners) listener(task, failed);
  };
  // Of a promise that somebody waits for here, the rejection is not unhandled: it is handed over with the promise.
  Promise.resolve(task).then(
    () => settled(false),
    () => settled(true),
  );
  return entry;
}

/** The tasks, each once, in their order; throws a TypeError for what is no promise. */
export function tasksOf<P extends PromiseLike<unknown>>(owner: string, tasks: Iterable<P>): Set<P> {
  if (typeof (tasks as Partial<Iterable<P>> | null | undefined)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`${owner}() needs an iterable of tasks or promises, but got ${show(tasks)}`);
  }
  const all = new Set<P>();
  for (const task of tasks) {
    if (typeof (task as Partial<P> | null | undefined)?.then !== 'function') {
      throw new TypeError(`${owner}() needs tasks or promises, but number ${all.size} is ${show(task)}`);
    }
    all.add(task);
  }
  return all;
}
