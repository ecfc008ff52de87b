/** What workers send, on its way to the sinks: results and errors are rebuilt here, ends and times noted. */
import { relocate, unpack, unpackError, type AnyFunction, type Packed } from '../closure/index.ts';
import type { Crew } from './crew.ts';
import { noticed } from './notices.ts';
import type { Part, SmallCall } from './part.ts';
import type { PoolWorker } from './pool-worker.ts';
import { End } from './record.ts';
import type { FromWorker } from './wire.ts';

export class Arrivals {
  /** Items that ended well. */
  completed = 0;
  /** Time that a part takes, lately. */
  averageMs = 1;
  /** Time that the latest call took. */
  latestMs = 1;
  readonly #crew: Crew;
  readonly #fail: (part: Part, k: number, error: unknown) => void;
  readonly #chunkEnded: () => void;

  /** `fail` ends the chunk of a part whose item `k` failed; `chunkEnded` is told of small calls that end as they are. */
  constructor(crew: Crew, fail: (part: Part, k: number, error: unknown) => void, chunkEnded: () => void) {
    this.#crew = crew;
    this.#fail = fail;
    this.#chunkEnded = chunkEnded;
  }

  /** Takes in the ends in a worker's ring; returns how many. `only`: those that no message comes before. */
  ends(worker: PoolWorker, only = false): number {
    const { ends, records } = worker;
    let count = 0;
    for (let slot = ends.peek(); slot >= 0; slot = ends.peek()) {
      const order = records.order(slot);
      if (((order - worker.taken) | 0) > 0 && (only || !this.#earlierTaken(worker, order))) break;
      // The messages before it may have led here again.
      if (ends.peek() !== slot) continue;
      ends.shift();
      count++;
      const skipped = records.what(slot) === End.skipped;
      const value = skipped ? undefined : records.value(slot);
      const computeMs = records.computeMs(slot);
      // Only a part is ever taken back.
      const call = worker.releaseCall(slot);
      if (call !== undefined) {
        this.latestMs = computeMs;
        this.#average(computeMs);
        this.#callEnded(call, value);
        continue;
      }
      const part = worker.release(slot);
      if (part === undefined || skipped) continue;
      this.latestMs = computeMs;
      this.#measure(part, computeMs);
      this.#results(part, part.from, [value]);
      part.run.partDone(part);
    }
    return count;
  }

  #callEnded(call: SmallCall, value: unknown): void {
    this.completed++;
    // Nothing is left to cancel when the call tells the user.
    call.handle = undefined;
    call.ended(value);
    this.#chunkEnded();
  }

  /** What was posted before an end in the ring comes before it; a worker that is about to go may have lost it. */
  #earlierTaken(worker: PoolWorker, order: number): boolean {
    while (((order - worker.taken) | 0) > 0) if (!this.#crew.receiveOne(worker)) return !worker.lives;
    return true;
  }

  /** Takes in one entry. */
  take(worker: PoolWorker, entry: FromWorker): void {
    switch (entry[0]) {
      case 'results': {
        const part = worker.parts.get(entry[1]);
        if (part !== undefined) this.#results(part, entry[2], entry[3]);
        return;
      }
      case 'in place': {
        const part = worker.parts.get(entry[1]);
        const [, , k, end] = entry;
        // Sinks copy what they are given: the memory is used again.
        if (part?.block !== undefined)
          this.#results(part, k, part.block.subarray(k - part.from, end - part.from));
        return;
      }
      case 'packed result': {
        const part = worker.parts.get(entry[1]);
        if (part !== undefined) this.#packedResult(part, entry[2], entry[3]);
        return;
      }
      case 'done': {
        const part = worker.release(entry[1]);
        if (part === undefined) return;
        this.#measure(part, entry[2]);
        if (part.run.chunk.op === 'each') this.completed += part.to - part.from;
        part.run.partDone(part);
        return;
      }
      case 'value': {
        const part = worker.release(entry[1]);
        if (part === undefined) return;
        this.#measure(part, entry[3]);
        this.#results(part, part.from, [entry[2]]);
        part.run.partDone(part);
        return;
      }
      case 'failed': {
        const part = worker.release(entry[1]);
        if (part === undefined) return;
        this.#measure(part, entry[2]);
        this.#withError(part, entry[4], (error) => {
          locate(error, part.run.chunk.fns);
          this.#fail(part, entry[3], error);
        });
        return;
      }
      case 'skipped': {
        worker.release(entry[1]);
        return;
      }
      case 'report': {
        const part = worker.parts.get(entry[1]);
        if (part === undefined || part.run.ended) return;
        const { sink } = part.run.chunk;
        const told = (data: unknown): void => sink.report(entry[2], data);
        const data = entry[4] === 'packed' ? reported(entry[3] as Packed) : entry[3];
        if (data instanceof Promise) void data.then(told, told);
        else told(data);
        return;
      }
      case 'notice': {
        noticed(worker.peer, entry[1]);
        return;
      }
      case 'memory': {
        this.#crew.memory(worker, entry[1]);
        return;
      }
      case 'ready': {
        this.#crew.ready(worker);
        return;
      }
      case 'init failed': {
        this.#crew.initFailed(worker, entry[1]);
      }
    }
  }

  #results(part: Part, k: number, values: ArrayLike<unknown>): void {
    part.received = Math.max(part.received, k + values.length);
    this.completed += values.length;
    if (!part.run.ended) part.run.chunk.sink.results(k, values);
  }

  #packedResult(part: Part, k: number, packed: Packed): void {
    const { run } = part;
    try {
      const value = unpack(packed);
      if (!(value instanceof Promise)) return this.#results(part, k, [value]);
      part.received = k + 1;
      run.pending++;
      void value
        .then(
          (rebuilt: unknown) => this.#results(part, k, [rebuilt]),
          (error: unknown) => this.#fail(part, k, error),
        )
        .then(() => {
          run.pending--;
          run.endIfDone();
        });
    } catch (error) {
      this.#fail(part, k, error);
    }
  }

  /** Hands an error over once it is rebuilt; rebuilding may have to import the module of its class. */
  #withError(part: Part, packed: Packed, then: (error: unknown) => void): void {
    let error: unknown;
    try {
      error = unpackError(packed);
    } catch (failure) {
      // The class of the error cannot be rebuilt here: what is wrong with it is told instead.
      error = failure;
    }
    if (!(error instanceof Promise)) return then(error);
    part.run.pending++;
    const settle = (rebuilt: unknown): void => {
      part.run.pending--;
      then(rebuilt);
    };
    void error.then(settle, settle);
  }

  #measure(part: Part, computeMs: number): void {
    part.run.computeMs += computeMs;
    this.#average(computeMs);
  }

  #average(computeMs: number): void {
    this.averageMs += (computeMs - this.averageMs) * 0.2;
  }
}

/** Reported data, or why it could not be rebuilt. */
function reported(packed: Packed): unknown {
  try {
    return unpack(packed);
  } catch (error) {
    return error;
  }
}

/** Puts real positions into the stack of an error that has just been rebuilt. */
function locate(error: unknown, fns: readonly AnyFunction[]): void {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return;
  const stack = relocate(error.stack, fns);
  if (stack !== error.stack)
    Reflect.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
}
