/** Where the items of a pipeline come from: iterables of both kinds, web streams and Node streams, each closed once. */
import { show } from '../base/options.ts';
import { type AnyItems, sourceOf } from '../executor/inputs.ts';
import { DONE, isThenable, item, type Flow, type Step } from './flow.ts';

/** An input that is being read. */
export interface Source<T> extends Flow<T> {
  /**
   * Ends the reading early; nothing happens when the input has ended already. Resolves when the input has been closed,
   * but does not wait for that while an item is pending, which may never come.
   */
  close(reason: unknown): void | PromiseLike<unknown>;
}

type Reader<T> = {
  read(): Promise<{ done: boolean; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
};
type Destroyable = { destroy(error?: Error): unknown };

/** Throws a TypeError unless `items` can be read; does not touch them. */
export function checkReadable(owner: string, items: unknown): void {
  const given = items as Partial<AsyncIterable<unknown> & Iterable<unknown> & ArrayLike<unknown>> | null;
  const readable =
    items != null &&
    (typeof given?.[Symbol.iterator] === 'function' ||
      typeof given?.[Symbol.asyncIterator] === 'function' ||
      isWebStream(items) ||
      (typeof items === 'object' && Number.isInteger(given?.length)));
  if (readable) return;
  throw new TypeError(
    `${owner} needs an array, an iterable, an async iterable or a readable stream, but got ${show(items)}`,
  );
}

/** Whether {@link openSource} can iterate over a value; a string counts as one item, not as many characters. */
export function isMany(value: unknown): value is AnyItems<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value || isWebStream(value);
}

/** Starts to read an input. Promises in a synchronous one are awaited, as `for await` does. */
export function openSource<T>(owner: string, items: AnyItems<T>): Source<Awaited<T>> {
  if (isWebStream(items)) return new WebSource(items.getReader() as Reader<Awaited<T>>);
  const { async, iterator } = sourceOf(owner, items);
  if (!async) return new SyncSource(iterator);
  return new AsyncSource(iterator as AsyncIterator<Awaited<T>>, isNodeStream(items) ? items : undefined);
}

/** Ends an input that nobody has begun to read and nobody will: only streams hold something by then. */
export function closeUnread(items: unknown, reason: unknown): void | PromiseLike<unknown> {
  // A stream that is locked has another reader, whose affair it is.
  if (isWebStream(items)) return items.locked ? undefined : items.cancel(reason);
  if (isNodeStream(items)) items.destroy();
}

class SyncSource<T> implements Source<Awaited<T>> {
  readonly #iterator: Iterator<T>;
  #ended = false;

  constructor(iterator: Iterator<T>) {
    this.#iterator = iterator;
  }

  next(): Step<Awaited<T>> | PromiseLike<Step<Awaited<T>>> {
    if (this.#ended) return DONE;
    let step: IteratorResult<T>;
    let done: boolean | undefined;
    let value: T;
    try {
      step = this.#iterator.next();
      ({ done, value } = step);
    } catch (error) {
      this.#ended = true;
      throw error;
    }
    if (done) {
      this.#ended = true;
      return DONE;
    }
    if (isThenable(value)) return Promise.resolve(value).then(item<Awaited<T>>);
    return step as Step<Awaited<T>>;
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#iterator.return?.();
  }
}

class AsyncSource<T> implements Source<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #stream: Destroyable | undefined;
  #ended = false;
  #pending = false;

  constructor(iterator: AsyncIterator<T>, stream: Destroyable | undefined) {
    this.#iterator = iterator;
    this.#stream = stream;
  }

  next(): Step<T> | PromiseLike<Step<T>> {
    if (this.#ended) return DONE;
    this.#pending = true;
    let answer: Promise<IteratorResult<T>>;
    try {
      answer = Promise.resolve(this.#iterator.next());
    } catch (error) {
      this.#pending = false;
      this.#ended = true;
      throw error;
    }
    return answer.then(this.#got, this.#failed);
  }

  readonly #got = (step: IteratorResult<T>): Step<T> => {
    this.#pending = false;
    if (!step.done) return step;
    this.#ended = true;
    return DONE;
  };

  readonly #failed = (error: unknown): never => {
    this.#pending = false;
    this.#ended = true;
    throw error;
  };

  close(): void | PromiseLike<unknown> {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#pending) return this.#iterator.return?.();
    // An async generator answers return() only after what is pending; a stream can be ended at once.
    if (this.#stream !== undefined) this.#stream.destroy();
    else this.#iterator.return?.().then(ignore, ignore);
  }
}

class WebSource<T> implements Source<T> {
  readonly #reader: Reader<T>;
  #ended = false;
  #pending = false;

  constructor(reader: Reader<T>) {
    this.#reader = reader;
  }

  async next(): Promise<Step<T>> {
    if (this.#ended) return DONE;
    this.#pending = true;
    try {
      const { done, value } = await this.#reader.read();
      if (!done) return item(value as T);
    } catch (error) {
      this.#ended = true;
      throw error;
    } finally {
      this.#pending = false;
    }
    if (!this.#ended) this.#reader.releaseLock();
    this.#ended = true;
    return DONE;
  }

  close(reason: unknown): void | PromiseLike<unknown> {
    if (this.#ended) return;
    this.#ended = true;
    const closed = this.#reader.cancel(reason).finally(() => this.#reader.releaseLock());
    if (!this.#pending) return closed;
    closed.then(ignore, ignore);
  }
}

function isWebStream(value: unknown): value is ReadableStream<unknown> {
  return typeof (value as { getReader?: unknown } | null)?.getReader === 'function';
}

function isNodeStream(value: unknown): value is Destroyable {
  const { pipe, destroy } = (value ?? {}) as { pipe?: unknown; destroy?: unknown };
  return typeof pipe === 'function' && typeof destroy === 'function';
}

function ignore(): void {
  // Nobody waits any more for what was pending when the source was closed.
}
