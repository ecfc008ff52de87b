/** A part that runs in a worker: what its functions learn of it, and the way of its results. */
import { scanPlain } from '../closure/plain.ts';
import type { Packed } from '../closure/wire.ts';
import type { Board } from './board.ts';
import type { Outbox, Unsendable } from './outbox.ts';
import type { ContextSource, PartHost } from './runner.ts';
import type { Transferable } from './wire.ts';

/** What a run is told of its part. */
export interface RunHeader {
  readonly slot: number;
  readonly taskId: number;
  readonly seed: number;
  readonly base: number;
  readonly timed: boolean;
}

/** A part that runs in this worker. */
export class WorkerRun implements PartHost {
  readonly slot: number;
  readonly workerId: number;
  readonly taskId: number;
  readonly seed: number;
  readonly base: number;
  readonly timed: boolean;
  readonly current: Int32Array;
  readonly #outbox: Outbox;
  readonly #board: Board;
  /** The part has ended: its slot may be another part's. */
  over = false;
  #abort: AbortController | undefined;
  #stopSeen = false;
  #adopted: ContextSource | undefined;

  constructor(part: RunHeader, outbox: Outbox, board: Board, workerId: number) {
    this.slot = part.slot;
    this.workerId = workerId;
    this.taskId = part.taskId;
    this.seed = part.seed;
    this.base = part.base;
    this.timed = part.timed;
    this.current = board.current(part.slot);
    this.#outbox = outbox;
    this.#board = board;
  }

  source(): ContextSource {
    return this.#adopted ?? this;
  }

  adopt(source: ContextSource): void {
    this.#adopted = source;
  }

  get abort(): AbortController {
    return (this.#abort ??= pollingController(() => this.poll()));
  }

  poll(): void {
    if (this.over || this.#stopSeen || !this.#board.stopRequested(this.slot)) return;
    this.#stopSeen = true;
    // The reason travels by message and may still be under way: a task that polls gets the plain AbortError.
    this.abort.abort();
  }

  async stop(reason: Packed): Promise<void> {
    const { unpackError } = await this.#outbox.load();
    this.abort.abort(await unpackError(reason));
  }

  claim(k: number, want: number): number {
    return this.#board.claim(this.slot, k, want);
  }

  stopRequested(): boolean {
    return this.#board.stopRequested(this.slot);
  }

  starting(): void {
    this.#board.markStart(this.slot);
  }

  report(k: number, data: unknown): void {
    if (this.over) return;
    const { slot } = this;
    const transfer: Transferable[] = [];
    if (isPlain(data, transfer)) this.#outbox.send(['report', slot, k, data, 'plain'], transfer);
    else {
      const failure = this.#outbox.sendPacked(slot, k, ({ pack }, moved) => {
        const packed = pack(data, { root: 'report', reply: true, transfer: moved });
        return ['report', slot, k, packed, 'packed'];
      });
      if (failure !== undefined) throw failure.error;
    }
    this.#outbox.flush();
  }

  results(k: number, values: Float64Array<ArrayBuffer> | unknown[]): Unsendable | undefined {
    const { slot } = this;
    if (values instanceof Float64Array) {
      this.#outbox.send(['results', slot, k, values], [values.buffer]);
      return undefined;
    }
    // Runs of plain values go as they are; a value that needs packing goes by itself.
    let start = 0;
    const transfer: Transferable[] = [];
    const handOver = (end: number): void => {
      if (end === start) return;
      const run = start === 0 && end === values.length ? values : values.slice(start, end);
      this.#outbox.send(['results', slot, k + start, run], transfer.splice(0));
    };
    for (let j = 0; j < values.length; j++) {
      const value = values[j];
      const plainSoFar = transfer.length;
      if (isPlain(value, transfer)) continue;
      transfer.length = plainSoFar;
      handOver(j);
      start = j + 1;
      const failure = this.#outbox.sendPacked(slot, k + j, ({ pack }, moved) => {
        return ['packed result', slot, k + j, pack(value, { root: 'result', reply: true, transfer: moved })];
      });
      if (failure !== undefined) return failure;
    }
    handOver(values.length);
    return undefined;
  }

  inPlace(k: number, end: number): void {
    this.#outbox.send(['in place', this.slot, k, end]);
  }

  flush(): void {
    this.#outbox.flush();
  }
}

/** Like `scanPlain`; a proxy that throws when it is looked at is left to the codec, which says so. */
export function isPlain(value: unknown, transfer: Transferable[]): boolean {
  try {
    return scanPlain(value, transfer);
  } catch {
    return false;
  }
}

const nativeAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get as () => boolean;

/**
 * A controller whose signal looks for a request to stop whenever it is read: a synchronous loop gets no events, and
 * `while (!signal.aborted)` must end all the same.
 */
export function pollingController(poll: () => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  Object.defineProperty(signal, 'aborted', {
    configurable: true,
    get(): boolean {
      poll();
      return nativeAborted.call(signal);
    },
  });
  Object.defineProperty(signal, 'throwIfAborted', {
    configurable: true,
    value(): void {
      if (signal.aborted) throw signal.reason;
    },
  });
  return controller;
}
