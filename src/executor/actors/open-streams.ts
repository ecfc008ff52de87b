/** Iterators that an actor's methods have returned, read from elsewhere in batches. */
import { ActorDiedError } from '../../base/errors.ts';

/** Some values of a stream, and whether they were its last. */
export interface Batch {
  readonly values: unknown[];
  readonly done: boolean;
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

interface Open {
  readonly iterator: AnyIterator;
  readonly isAsync: boolean;
  /** A value that was asked for and had not come when the last batch went. */
  next: Promise<IteratorResult<unknown>> | undefined;
  /** Ends a read that waits, when nobody reads the stream any more. */
  leave: (() => void) | undefined;
  /** What the iterator threw behind the values of the last batch. */
  failure: { readonly error: unknown } | undefined;
}

/** Longest time that a batch of a synchronous iterator takes, if it has a value by then. */
const BATCH_MS = 5;

/** The iterator of what is read bit by bit: what is asynchronously iterable, and iterators such as generators. */
export function streamOf(value: unknown): Pick<Open, 'iterator' | 'isAsync'> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const source = value as Partial<AsyncIterable<unknown> & IterableIterator<unknown>>;
  if (typeof source[Symbol.asyncIterator] === 'function')
    return { iterator: (source as AsyncIterable<unknown>)[Symbol.asyncIterator](), isAsync: true };
  if (typeof source.next !== 'function' || typeof source[Symbol.iterator] !== 'function') return undefined;
  return { iterator: (source as Iterable<unknown>)[Symbol.iterator](), isAsync: false };
}

export class OpenStreams {
  readonly #open = new Map<number, Open>();
  #last = 0;

  open(stream: Pick<Open, 'iterator' | 'isAsync'>): number {
    this.#open.set(++this.#last, { ...stream, next: undefined, leave: undefined, failure: undefined });
    return this.#last;
  }

  /** The next values, at most `count`: what is there soon, but at least one. */
  pull(id: number, count: number): Batch | Promise<Batch> {
    const stream = this.#open.get(id);
    if (stream === undefined) {
      throw new ActorDiedError('the stream ended: the actor that it came from was made again meanwhile', '');
    }
    if (stream.failure !== undefined) {
      this.#open.delete(id);
      throw stream.failure.error;
    }
    return stream.isAsync ? this.#pullAsync(id, stream, count) : this.#pullSync(id, stream, count);
  }

  #pullSync(id: number, stream: Open, count: number): Batch {
    const iterator = stream.iterator as Iterator<unknown>;
    const values: unknown[] = [];
    const until = performance.now() + BATCH_MS;
    try {
      do {
        const next = iterator.next();
        if (next.done === true) return this.#ended(id, values);
        values.push(next.value);
      } while (values.length < count && performance.now() < until);
    } catch (error) {
      return this.#failed(id, stream, values, error);
    }
    return { values, done: false };
  }

  async #pullAsync(id: number, stream: Open, count: number): Promise<Batch> {
    const values: unknown[] = [];
    try {
      while (values.length < count) {
        const next = (stream.next ??= Promise.resolve((stream.iterator as AsyncIterator<unknown>).next()));
        // What does not come at once must not hold back what is there.
        const soon = values.length === 0 ? left(stream) : turn();
        const result = await Promise.race([next, soon]);
        stream.leave = undefined;
        if (result === undefined) {
          // Whoever pulls next awaits it; if nobody does, nobody misses it.
          next.catch(() => undefined);
          break;
        }
        stream.next = undefined;
        if (result.done === true) return this.#ended(id, values);
        values.push(result.value);
      }
    } catch (error) {
      return this.#failed(id, stream, values, error);
    }
    return { values, done: !this.#open.has(id) };
  }

  #ended(id: number, values: unknown[]): Batch {
    this.#open.delete(id);
    return { values, done: true };
  }

  /** Values that came before an error come before it there, too. */
  #failed(id: number, stream: Open, values: unknown[], error: unknown): Batch {
    if (values.length === 0) {
      this.#open.delete(id);
      throw error;
    }
    stream.next = undefined;
    stream.failure = { error };
    return { values, done: false };
  }

  /** Nobody reads it any more: its `finally` blocks run. */
  close(id: number): unknown {
    const stream = this.#open.get(id);
    this.#open.delete(id);
    if (stream === undefined) return undefined;
    const ended: unknown = stream.iterator.return?.();
    stream.leave?.();
    if (stream.next !== undefined) {
      // It ends behind a value that may never come, which nobody should have to wait for.
      if (ended instanceof Promise) ended.catch(() => undefined);
      return undefined;
    }
    // What the iterator returns is nobody's business; that it has ended is.
    return stream.isAsync ? Promise.resolve(ended).then(() => undefined) : undefined;
  }

  /** Ends one that nobody waits for; what it throws then is lost with it. */
  closeUnread(id: number): void {
    try {
      const ended = this.close(id);
      if (ended instanceof Promise) ended.catch(() => undefined);
    } catch {
      // Whoever has asked for it, or the actor, is gone: there is nobody to tell.
    }
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.closeUnread(id);
  }
}

/** Resolves when nobody reads the stream any more. */
function left(stream: Open): Promise<undefined> {
  return new Promise((resolve) => (stream.leave = () => resolve(undefined)));
}

function turn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}
