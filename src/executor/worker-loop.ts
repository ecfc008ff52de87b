/**
 * The worker's side: takes parts from the scheduler, runs them one after the other, sends results back in batches.
 *
 * Knows nothing of threads or processes: the entry file of a backend gives it a way to post, a way to look for
 * waiting messages without returning to the event loop, and the board.
 */
import {
  pack,
  packError,
  scanPlain,
  unpack,
  unpackError,
  type AnyFunction,
  type Packed,
} from '../closure/index.ts';
import type { Board } from './board.ts';
import { runPart, type PartEnd, type PartHost } from './runner.ts';
import {
  Coding,
  type FromWorker,
  type PartMessage,
  type Post,
  type ToWorker,
  type Transferable,
} from './wire.ts';

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
const flushMs = 0.25;
const memoryMs = 100;

export class WorkerLoop {
  readonly #options: WorkerLoopOptions;
  readonly #queue: PartMessage[] = [];
  readonly #functions = new Map<number, Packed | AnyFunction | Promise<AnyFunction>>();
  #outbox: FromWorker[] = [];
  #transfer: Transferable[] = [];
  #lastFlush = 0;
  #lastMemory = 0;
  #draining = false;
  #exiting = false;
  #run: WorkerRun | undefined;
  /** Running parts one of whose results could not be posted. */
  readonly #unsendable = new Map<number, { readonly k: number; readonly error: unknown }>();

  constructor(options: WorkerLoopOptions) {
    this.#options = options;
  }

  /** Handles one message; starts running what it brought. */
  accept(entries: readonly ToWorker[]): void {
    this.#take(entries);
    if (!this.#draining && (this.#queue.length > 0 || this.#exiting)) void this.#drain();
  }

  send(entry: FromWorker, transfer?: readonly Transferable[]): void {
    this.#outbox.push(entry);
    if (transfer !== undefined) this.#transfer.push(...transfer);
  }

  flush(): void {
    this.#lastFlush = performance.now();
    if (this.#outbox.length === 0) return;
    const entries = this.#outbox;
    const transfer = this.#transfer;
    this.#outbox = [];
    this.#transfer = [];
    try {
      this.#options.post(entries, transfer);
    } catch (error) {
      this.#postOneByOne(entries, error);
    }
  }

  /** A value that looked plain could not be cloned: its part fails, all else in the batch goes through. */
  #postOneByOne(entries: readonly FromWorker[], error: unknown): void {
    for (const entry of entries) {
      try {
        this.#options.post([entry], []);
      } catch (reason) {
        const [kind, slot, k] = entry;
        if (kind === 'results' && !this.#unsendable.has(slot))
          this.#unsendable.set(slot, { k, error: reason });
        else if (kind !== 'report') throw error;
      }
    }
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
          if (this.#run?.slot === entry[1]) void this.#run.stop(unpackError(entry[2]));
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
        this.flush();
        if (this.#exiting) break;
        const waiting = this.#options.receive();
        if (waiting === undefined) break;
        this.#take(waiting);
        continue;
      }
      const outcome = this.#runPart(part);
      if (outcome !== undefined) await outcome;
      const now = performance.now();
      if (now - this.#lastFlush >= flushMs) this.flush();
      if (now - turn >= yieldMs) {
        this.flush();
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
      this.send(['skipped', part.slot]);
      return;
    }
    const since = performance.now();
    const run = (this.#run = new WorkerRun(part, this, board, this.#options.workerId));
    const finish = (end: PartEnd): void => {
      this.#run = undefined;
      board.finish();
      const computeMs = performance.now() - since;
      if (this.#unsendable.size > 0 || this.#transfer.length > 0) this.flush();
      const unsendable = this.#unsendable.get(part.slot);
      if (unsendable !== undefined) {
        this.#unsendable.delete(part.slot);
        end = { kind: 'failed', ...unsendable };
      }
      if (end.kind === 'done') this.send(['done', part.slot, computeMs]);
      else this.send(['failed', part.slot, computeMs, end.k, packError(end.error)]);
      this.#reportMemory();
    };
    const fail = (error: unknown): void => finish({ kind: 'failed', k: part.from, error });
    let ready: readonly AnyFunction[] | Promise<readonly AnyFunction[]>;
    let items: unknown;
    try {
      ready = this.#load(part.fns);
      items = part.coding === Coding.packed ? unpack(part.items as Packed) : part.items;
    } catch (error) {
      return fail(error);
    }
    const start = (fns: readonly AnyFunction[], values: ArrayLike<unknown>): void | Promise<void> => {
      const outcome = runPart({ ...part, fns, items: values }, run);
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
    this.send(['memory', memory()]);
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
  readonly #loop: WorkerLoop;
  readonly #board: Board;
  #abort: AbortController | undefined;

  constructor(part: PartMessage, loop: WorkerLoop, board: Board, workerId: number) {
    this.slot = part.slot;
    this.workerId = workerId;
    this.taskId = part.taskId;
    this.seed = part.seed;
    this.base = part.base;
    this.timed = part.timed;
    this.current = board.current(part.slot);
    this.#loop = loop;
    this.#board = board;
  }

  get abort(): AbortController {
    return (this.#abort ??= new AbortController());
  }

  poll(): void {
    // The reason travels by message and may still be under way: a task that polls gets the plain AbortError.
    if (this.#board.stopRequested(this.slot) && !this.abort.signal.aborted) this.abort.abort();
  }

  async stop(reason: unknown): Promise<void> {
    this.abort.abort(await reason);
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
    const transfer: Transferable[] = [];
    if (scanPlain(data, transfer)) this.#loop.send(['report', this.slot, k, data, Coding.plain], transfer);
    else this.#loop.send(['report', this.slot, k, pack(data, { root: 'report' }), Coding.packed]);
    this.#loop.flush();
  }

  results(
    k: number,
    values: Float64Array<ArrayBuffer> | unknown[],
  ): { readonly k: number; readonly error: unknown } | undefined {
    if (values instanceof Float64Array) {
      this.#loop.send(['results', this.slot, k, values], [values.buffer]);
      return undefined;
    }
    // Runs of plain values go as they are; a value that needs packing goes by itself.
    let start = 0;
    const transfer: Transferable[] = [];
    const handOver = (end: number): void => {
      if (end === start) return;
      const run = start === 0 && end === values.length ? values : values.slice(start, end);
      this.#loop.send(['results', this.slot, k + start, run], transfer.splice(0));
    };
    for (let j = 0; j < values.length; j++) {
      const value = values[j];
      const plainSoFar = transfer.length;
      if (scanPlain(value, transfer)) continue;
      transfer.length = plainSoFar;
      handOver(j);
      start = j + 1;
      try {
        this.#loop.send(['packed results', this.slot, k + j, pack([value], { root: 'result' })]);
      } catch (error) {
        return { k: k + j, error };
      }
    }
    handOver(values.length);
    return undefined;
  }

  flush(): void {
    this.#loop.flush();
  }
}
