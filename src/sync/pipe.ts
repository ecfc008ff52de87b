/** Two ends that talk to each other. */
import { Channel } from './channel.ts';
import { deserialize, serialize } from '../closure/protocol.ts';
import { travelsAs } from './sync-object.ts';
import type { Taken, ValuesOptions } from './values.ts';
import type { WaitOptions } from './waiting.ts';

/**
 * One end of a {@link pipe}: what one end sends, the other receives, in order.
 *
 * An end belongs to one thread at a time. Values are copied, by the rules of {@link Channel}. Who dies without `close()` leaves the other
 * end waiting: give a `timeoutMs` where that can happen.
 */
export class PipeEnd<Out = unknown, In = Out> {
  readonly #out: Channel<Out>;
  readonly #in: Channel<In>;

  /** @internal use {@link pipe} */
  constructor(out: Channel<Out>, incoming: Channel<In>) {
    this.#out = out;
    this.#in = incoming;
  }

  /** Blocks until the value is on its way; false when `timeoutMs` is over before. @throws ChannelClosedError when an end was closed */
  send(value: Out, options?: WaitOptions): boolean {
    return this.#out.send(value, options);
  }

  /** As {@link send}, without blocking the thread. */
  sendAsync(value: Out, options?: WaitOptions): Promise<boolean> {
    return this.#out.sendAsync(value, options);
  }

  /** Blocks until the other end has sent something. @throws ChannelClosedError when it was closed and nothing is left */
  receive(options?: WaitOptions): In {
    return this.#in.receive(options);
  }

  /** As {@link receive}, without blocking the thread. */
  receiveAsync(options?: WaitOptions): Promise<In> {
    return this.#in.receiveAsync(options);
  }

  /** What the other end has sent, if there is something; never waits. */
  tryReceive(): Taken<In> | undefined {
    return this.#in.tryReceive();
  }

  /** Something is there to be received, at this moment. */
  get ready(): boolean {
    return this.#in.size > 0;
  }

  /** Ends both directions: what is on its way can still be received. */
  close(): void {
    this.#out.close();
    this.#in.close();
  }

  /** What the other end sends, until it is closed; blocks the thread between. */
  [Symbol.iterator](): Generator<In, void> {
    return this.#in[Symbol.iterator]();
  }

  /** What the other end sends, until it is closed, without blocking the thread. */
  [Symbol.asyncIterator](): AsyncGenerator<In, void> {
    return this.#in[Symbol.asyncIterator]();
  }

  /** @internal */
  [serialize](): readonly [Channel<Out>, Channel<In>] {
    return [this.#out, this.#in];
  }

  /** @internal */
  static [deserialize]([out, incoming]: readonly [Channel, Channel]): PipeEnd {
    return new PipeEnd(out, incoming);
  }
}

/**
 * Two ends that are connected in both directions, as Python's `multiprocessing.Pipe`.
 *
 * @param capacity how many values may be on their way in each direction, from 1; default 64
 * @returns the two ends: keep one, and give the other to a task
 *
 * @example
 * ```ts
 * import { submit } from 'tutti';
 * import { pipe } from 'tutti/sync';
 *
 * const [here, there] = pipe<string, number>();
 * const task = submit(() => { there.send(there.receive().length); });
 * await here.sendAsync('seven');
 * await here.receiveAsync(); // => 5
 * await task;
 * ```
 */
export function pipe<A = unknown, B = A>(
  capacity = 64,
  options?: ValuesOptions,
): [PipeEnd<A, B>, PipeEnd<B, A>] {
  const to = new Channel<A>(capacity, options);
  const from = new Channel<B>(capacity, options);
  return [new PipeEnd(to, from), new PipeEnd(from, to)];
}

travelsAs(import.meta.url, { PipeEnd });
