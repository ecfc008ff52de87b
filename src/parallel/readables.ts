/** An iterator as a web stream and as a Node stream: read one item ahead of nobody. */
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { Step } from './flow.ts';

/** What the streams read: `return` ends the reading early. */
export interface Readings<T> {
  next(): Promise<Step<T>>;
  return(): Promise<unknown>;
  /** Calls `tell` with the error when the readings fail while nobody waits for the next one. */
  onFailure?(tell: (error: unknown) => void): void;
}

/** A web stream of what is read. Nothing is read before it is asked for: its high-water mark is 0. */
export function webReadableOf<T>(readings: Readings<T>): WebStream<T> {
  // The global one: importing the module would load it for everybody who imports the package.
  return new ReadableStream<T>(
    {
      start(controller) {
        readings.onFailure?.((error) => controller.error(error));
      },
      async pull(controller) {
        const { done, value } = await readings.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await readings.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A Node stream of what is read, in object mode; it holds one item when it has been read from. */
export function nodeReadableOf<T>(readings: Readings<T>): Readable {
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      readings.next().then(({ done, value }) => {
        if (done) this.push(null);
        else if (value === null) this.destroy(new TypeError(NO_NULL));
        else this.push(value);
      }, fail);
    },
    destroy(reason, destroyed) {
      readings.return().then(
        () => destroyed(reason),
        // The error that destroyed the stream comes first.
        (other: Error) => destroyed(reason ?? other),
      );
    },
  });
  const fail = (error: unknown) => readable.destroy(error as Error);
  readings.onFailure?.(fail);
  return readable;
}

const NO_NULL =
  'toNodeStream() cannot carry the item null, which ends a Node stream: map it to something else';
