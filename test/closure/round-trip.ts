/** A worker for closure tests: sends a function with arguments, gives back what it returned there. */
import { Worker } from 'node:worker_threads';
import { capture, pack, unpack, unpackError, type Packed } from '#src/closure/index.js';

interface Answer {
  readonly id: number;
  readonly value?: Packed;
  readonly error?: Packed;
}

/** One worker thread; `call` runs a function in it. */
export class RoundTrip {
  readonly #worker = new Worker(new URL('./round-trip.worker.js', import.meta.url));
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (reason: unknown) => void }
  >();
  #last = 0;

  constructor() {
    this.#worker.on('message', (answer: Answer) => void this.#settle(answer));
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
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, fn: packed, args: pack(args, { root: 'arguments' }) });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
