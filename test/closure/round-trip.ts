/** A worker for closure tests: sends a function with arguments, gives back what it returned there. */
import { Worker } from 'node:worker_threads';
import { capture, pack, unpack, unpackError, type Packed } from '#src/closure/index.js';
import { decode, encode, MessageReader, MessageWriter } from '#src/codec/index.js';

export interface Request {
  readonly id: number;
  readonly fn: Packed;
  readonly args: Packed;
}

export interface Answer {
  readonly id: number;
  readonly value?: Packed;
  readonly error?: Packed;
}

/** How messages travel: as structured clone carries them, or as bytes of a stream. */
export type Way = 'clone' | 'bytes';

/** A message as a stream that is cut where it hurts: after one byte, two, three … */
export function chunksOf(message: unknown): Uint8Array[] {
  const writer = new MessageWriter();
  writer.add(encode(message));
  const whole = Buffer.concat(writer.take());
  const chunks: Uint8Array[] = [];
  for (let at = 0, size = 1; at < whole.length; at += size++) chunks.push(whole.subarray(at, at + size));
  return chunks;
}

/** Takes the chunks of messages and calls `take` with each message. */
export function joiner(take: (message: unknown) => void): (chunk: Uint8Array) => void {
  const reader = new MessageReader();
  return (chunk) => {
    for (const { frame, buffers } of reader.push(chunk)) take(decode(frame, buffers));
  };
}

/** One worker thread; `call` runs a function in it. */
export class RoundTrip {
  readonly #worker: Worker;
  readonly #way: Way;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (reason: unknown) => void }
  >();
  #last = 0;

  constructor(way: Way = 'clone') {
    this.#way = way;
    this.#worker = new Worker(new URL('./round-trip.worker.js', import.meta.url), { workerData: way });
    const settle = (answer: unknown): void => void this.#settle(answer as Answer);
    this.#worker.on('message', way === 'bytes' ? joiner(settle) : settle);
    this.#worker.on('error', (error) => {
      for (const one of this.#waiting.values()) one.reject(error);
    });
  }

  async #settle({ id, value, error }: Answer): Promise<void> {
    const { resolve, reject } = this.#waiting.get(id)!;
    this.#waiting.delete(id);
    try {
      if (error !== undefined) reject(await unpackError(error));
      else resolve(await unpack(value!));
    } catch (failure) {
      reject(failure);
    }
  }

  call<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...args: Partial<A> | unknown[]
  ): Promise<Awaited<R>> {
    const id = ++this.#last;
    const { packed } = capture(fn as never);
    return new Promise((resolve, reject) => {
      const request: Request = { id, fn: packed, args: pack(args, { root: 'arguments' }) };
      const messages = this.#way === 'bytes' ? chunksOf(request) : [request];
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      for (const message of messages) this.#worker.postMessage(message);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
