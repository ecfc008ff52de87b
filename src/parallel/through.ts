/** A stage that is somebody else's: an async generator function, a web `TransformStream`, a Node `Transform`. */
import { pipeline as connect, type Duplex } from 'node:stream';
import type { ReadableStream, TransformStream } from 'node:stream/web';
import { show } from '../base/options.ts';
import { notePlace, type Place } from './failure-place.ts';
import { DONE, isThenable, type Flow, type Step } from './flow.ts';
import { nodeReadableOf, webReadableOf } from './readables.ts';
import type { Run } from './run.ts';
import { checkReadable, openSource, type Source } from './source.ts';
import { Upstream } from './upstream.ts';

/** What {@link ThroughFlow} can send items through. */
export type Transformer<T, U> =
  ((items: AsyncIterableIterator<T>) => Iterable<U> | AsyncIterable<U>) | TransformStream<T, U> | Duplex;

/** Throws a TypeError for what items cannot go through. */
export function checkTransformer(transformer: unknown): void {
  if (typeof transformer === 'function' || isTransform(transformer) || isDuplex(transformer)) return;
  throw new TypeError(
    'pipeline.through() needs an (async) generator function, a TransformStream or a Node Transform, ' +
      `but got ${show(transformer)}`,
  );
}

/** Starts the transformer with the first pull; closes the stages above when it ends before they do. */
export class ThroughFlow<T, U> implements Flow<U> {
  readonly #run: Run<unknown>;
  readonly #up: Flow<T>;
  readonly #place: Place;
  readonly #transformer: Transformer<T, U>;
  #source: Source<U> | undefined;

  constructor(run: Run<unknown>, up: Flow<T>, place: Place, transformer: Transformer<T, U>) {
    this.#run = run;
    this.#up = up;
    this.#place = place;
    this.#transformer = transformer;
    run.onClose(place.stage, (reason) => this.#source?.close(reason));
  }

  next(): Step<U> | PromiseLike<Step<U>> {
    if (this.#run.ended) return DONE;
    try {
      this.#source ??= this.#open();
      const step = this.#source.next();
      return isThenable(step) ? step.then(this.#got, this.#failed) : this.#got(step);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #open(): Source<U> {
    const items = new Upstream(this.#run, this.#up, this.#place.stage);
    const made = outputOf(items, this.#transformer);
    checkReadable(`pipeline.through(): what ${this.#place.name} returns`, made);
    return openSource('pipeline.through', made) as Source<U>;
  }

  readonly #got = (step: Step<U>): Step<U> | PromiseLike<Step<U>> => {
    if (step.done) return this.#run.closeAbove(this.#place.stage).then(() => DONE);
    return step;
  };

  readonly #failed = (error: unknown): never => {
    // Which item of its input it was working on only the transformer knows.
    throw notePlace(this.#run, error, this.#place, undefined);
  };
}

function outputOf<T, U>(
  items: Upstream<T>,
  transformer: Transformer<T, U>,
): Iterable<U> | AsyncIterable<U> | ReadableStream<U> {
  if (typeof transformer === 'function') return transformer(items);
  if (isTransform(transformer))
    return webReadableOf<T>(items).pipeThrough(transformer as TransformStream<T, U>);
  const input = nodeReadableOf(items);
  connect(input, transformer, () => {
    // Either side's error destroys the other with it, and so reaches whoever reads the transformer.
  });
  return transformer as AsyncIterable<U>;
}

function isTransform(value: unknown): value is TransformStream {
  const { readable, writable } = (value ?? {}) as { readable?: unknown; writable?: unknown };
  return typeof readable === 'object' && typeof writable === 'object';
}

function isDuplex(value: unknown): value is Duplex {
  const { write, pipe, destroy } = (value ?? {}) as { write?: unknown; pipe?: unknown; destroy?: unknown };
  return typeof write === 'function' && typeof pipe === 'function' && typeof destroy === 'function';
}
