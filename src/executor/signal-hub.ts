/** One listener per AbortSignal, however many tasks it cancels: no listener limit, no leak on signals that live long. */

/** Something that a signal cancels. */
export interface Abortable {
  cancel(reason: unknown): boolean;
}

interface Entry {
  readonly listeners: Set<Abortable>;
  readonly handler: () => void;
}

const entries = new WeakMap<AbortSignal, Entry>();

/** Cancels `target` with the signal's reason when it aborts, unless {@link unwatchSignal} comes first. */
export function watchSignal(signal: AbortSignal, target: Abortable): void {
  let entry = entries.get(signal);
  if (entry === undefined) {
    const listeners = new Set<Abortable>();
    const handler = () => {
      entries.delete(signal);
      for (const each of listeners) each.cancel(signal.reason);
    };
    entry = { listeners, handler };
    entries.set(signal, entry);
    signal.addEventListener('abort', handler, { once: true });
  }
  entry.listeners.add(target);
}

/** Ends what {@link watchSignal} began; the last one takes the listener away. */
export function unwatchSignal(signal: AbortSignal, target: Abortable): void {
  const entry = entries.get(signal);
  if (entry === undefined) return;
  entry.listeners.delete(target);
  if (entry.listeners.size > 0) return;
  entries.delete(signal);
  signal.removeEventListener('abort', entry.handler);
}
