/**
 * The worker's side: takes parts from the scheduler, runs them one after the other, sends results back in batches.
 *
 * Knows nothing of threads or processes: the entry file of a backend gives it a way to post, a way to look for
 * waiting messages without returning to the event loop, and the board.
 */
// Not the folder's index: a worker starts with the rebuilding half alone, the rest comes when it is needed.
import type { AnyFunction } from '../closure/function-type.ts';
import { scanPlain } from '../closure/plain.ts';
import { unpack } from '../closure/unpack.ts';
import type { Packed } from '../closure/wire.ts';
import type { Board } from './board.ts';
import { Outbox, type Unsendable } from './outbox.ts';
import { runPart, type PartEnd, type PartHost } from './runner.ts';
import type { FromWorker, PartMessage, Post, ToWorker, Transferable } from './wire.ts';

export interface WorkerLoopOptions {
  readonly workerId: number;
  readonly board: Board;
  readonly post: Post<FromWorker>;
  /** The next waiting message, without returning to the event loop. */
  readonly receive: () => readonly ToWorker[] | undefined;
  /** Called when the scheduler asks the worker to end. */
  readonly exit: () => void;
  /** Report memory in use with results (the scheduler recycles workers that grow). */
  readonly memory?: (() => number) | undefined;
}

/** Longest stretch without a turn of the event loop: the user's timers and promises must go on. */
const yieldMs = 10;
const memoryMs = 100;

export class WorkerLoop {
  readonly #options: WorkerLoopOptions;
  readonly #queue: PartMessage[] = [];
  readonly #functions = new Map<number, Packed | AnyFunction | Promise<AnyFunction>>();
  readonly outbox: Outbox;
  #lastMemory = 0;
  #draining = false;
  #exiting = false;
  #run: WorkerRun | undefined;
  constructor(options: WorkerLoopOptions) {
    this.#options = options;
    this.outbox = new Outbox(options.post);
  }

  /** Handles one message; starts running what it brought. */
  accept(entries: readonly ToWorker[]): void {
    this.#take(entries);
    if (!this.#draining && (this.#queue.length > 0 || this.#exiting)) void this.#drain();
  }

  #take(entries: readonly ToWorker[]): void {
    for (const entry of entries) {
      switch (entry[0]) {
        case 'run':
          this.#queue.push(entry[1]);
          break;
        case 'function':
          this.#functions.set(entry[1], entry[2]);
          break;
        case 'forget':
          for (const id of entry[1]) this.#functions.delete(id);
          break;
        case 'stop':
          if (this.#run?.slot === entry[1]) void this.#run.stop(entry[2]);
          break;
        case 'exit':
          this.#exiting = true;
          break;
      }
    }
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    let turn = performance.now();
    for (;;) {
      const part = this.#queue.shift();
      if (part === undefined) {
        this.outbox.flush();
        if (this.#exiting) break;
        const waiting = this.#options.receive();
        if (waiting === undefined) break;
        this.#take(waiting);
        continue;
      }
      const outcome = this.#runPart(part);
      if (outcome !== undefined) await outcome;
      // What is done must not wait for the next part, which may take long.
      if (this.outbox.waits) await this.outbox.load();
      const now = performance.now();
      if (now - turn >= yieldMs) {
        this.outbox.flush();
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
      }
    }
    this.#draining = false;
    if (this.#exiting) this.#options.exit();
  }

  /** Runs one part; returns a promise only when something in it is asynchronous. */
  #runPart(part: PartMessage): void | Promise<void> {
    const { board } = this.#options;
    if (!board.begin(part.slot)) {
      this.outbox.send(['skipped', part.slot]);
      return;
    }
    const since = performance.now();
    const run = (this.#run = new WorkerRun(part, this.outbox, board, this.#options.workerId));
    const finish = (end: PartEnd): void => {
      this.#run = undefined;
      run.over = true;
      board.finish(part.slot);
      const computeMs = performance.now() - since;
      this.outbox.end(part.slot, computeMs, end.kind === 'done' ? undefined : end);
      this.#reportMemory();
      this.outbox.flush();
    };
    const fail = (error: unknown): void => finish({ kind: 'failed', k: part.from, error });
    let ready: readonly AnyFunction[] | Promise<readonly AnyFunction[]>;
    let items: unknown;
    try {
      ready = this.#load(part.fns);
      items = part.coding === 'packed' ? unpack(part.items as Packed) : part.items;
    } catch (error) {
      return fail(error);
    }
    const start = (fns: readonly AnyFunction[], values: ArrayLike<unknown>): void | Promise<void> => {
      // The argument list of a `call` is packed by itself.
      const list = part.coding === 'packed' && part.op === 'call' ? [values] : values;
      const outcome = runPart({ ...part, fns, items: list }, run);
      if (outcome instanceof Promise) return outcome.then(finish);
      finish(outcome);
    };
    if (ready instanceof Promise || items instanceof Promise) {
      return Promise.all([ready, items]).then(
        ([fns, values]) => start(fns, values as ArrayLike<unknown>),
        (error: unknown) => fail(error),
      );
    }
    return start(ready, items as ArrayLike<unknown>);
  }

  /** The rebuilt functions; each is rebuilt once, at its first use. */
  #load(ids: readonly number[]): readonly AnyFunction[] | Promise<readonly AnyFunction[]> {
    const loaded = ids.map((id) => {
      const known = this.#functions.get(id);
      if (typeof known === 'function' || known instanceof Promise) return known;
      const built = unpack(known as Packed) as AnyFunction | Promise<AnyFunction>;
      this.#functions.set(id, built);
      if (built instanceof Promise) {
        built.then(
          (fn) => this.#functions.set(id, fn),
          () => this.#functions.set(id, known as Packed),
        );
      }
      return built;
    });
    return loaded.some((fn) => fn instanceof Promise) ? Promise.all(loaded) : (loaded as AnyFunction[]);
  }

  #reportMemory(): void {
    const { memory } = this.#options;
    if (memory === undefined) return;
    const now = performance.now();
    if (now - this.#lastMemory < memoryMs) return;
    this.#lastMemory = now;
    this.outbox.send(['memory', memory()]);
  }
}

/** A part that runs in this worker. */
class WorkerRun implements PartHost {
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

  constructor(part: PartMessage, outbox: Outbox, board: Board, workerId: number) {
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

  flush(): void {
    this.#outbox.flush();
  }
}

/** Like `scanPlain`; a proxy that throws when it is looked at is left to the codec, which says so. */
function isPlain(value: unknown, transfer: Transferable[]): boolean {
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
function pollingController(poll: () => void): AbortController {
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
