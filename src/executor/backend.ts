/**
 * The boundary between the executor surface and the places that run code.
 *
 * `submit`, `map`, `stream`, `reduce`, `find` … are written once above this interface; a new engine is one
 * new file that implements it and passes `test/conformance`. Above: what to run, in which order, what a
 * result means. Below: where it runs, what happens when that place dies.
 */
import type { WorkerCrashedError } from '../base/errors.ts';
import type { AnyFunction } from '../closure/index.ts';

/** What a backend can and cannot do; the executor and the conformance suite read it. */
export interface Capabilities {
  /** SharedArrayBuffers arrive as the same memory. */
  readonly sharedMemory: boolean;
  /** A running task can be stopped from outside, and a dying worker takes nobody else along. */
  readonly killable: boolean;
  /** Functions and arguments are copied on their way; `false` means that they are called as they are. */
  readonly isolated: boolean;
  /** `wait()` can block the calling thread until an asynchronous task ends. */
  readonly blocking: boolean;
}

/**
 * How a chunk's items are fed to its functions. `f` is `fns[0]`, `g` is `fns[1]`.
 *
 * | op | per item | results |
 * |---|---|---|
 * | `call` | `f(...item)` (the item is the argument list) | one per item |
 * | `map` | `f(item)` | one per item |
 * | `each` | `f(item)` | none |
 * | `flat` | `f(item)`; what is iterable and no string becomes an array | one per item |
 * | `star` | `f(...item)` | one per item |
 * | `fold` | `acc = f(acc, item)` from the first item on | one, at index `from` |
 * | `group` | `f(item)` yields `[key, value]` pairs, values of one key folded by `g` | one `Map`, at index `from` |
 * | `merge` | items are `Map`s, values of one key folded by `f` in order | one `Map`, at index `from` |
 * | `range` | `f(index)` for every index that the shared `cursor` hands out | none |
 */
export type Op = 'call' | 'map' | 'each' | 'flat' | 'star' | 'fold' | 'group' | 'merge' | 'range';

/**
 * A unit of work: the items `from ≤ k < to` of `items`.
 *
 * Backends read items no later than when they hand them to a worker, and may split a chunk, hand the parts to
 * several workers and run an unfinished part again after a crash. A chunk's items run one after the other in a part.
 */
export interface Chunk {
  readonly op: Op;
  readonly fns: readonly AnyFunction[];
  readonly items: ArrayLike<unknown>;
  readonly from: number;
  readonly to: number;
  /** Added to an item's `k` to give the index that tasks and errors speak of (a stream's buffer starts anywhere). */
  readonly base: number;
  /** Id of the task this chunk belongs to, unique in the process. */
  readonly taskId: number;
  /** Name of the task in errors: the function's name. */
  readonly name: string;
  /** Higher runs first; equal ones in order of arrival. */
  readonly priority: number;
  /** Seed of the task; each item draws from its own stream (seed, base + k). */
  readonly seed: number;
  /** Longest time that one item may run, from when a worker starts it. */
  readonly timeoutMs: number | undefined;
  /** Time between the request to stop (the task's signal) and the end of the worker. */
  readonly graceMs: number;
  /** `range` only: the shared loop state. */
  readonly range?: RangeState | undefined;
  /** Run on this worker only (broadcast), or on the one that takes its place when it dies before it has started the chunk. */
  readonly worker?: number | undefined;
  /** Do not let several workers run its items at a time: whoever runs failed items again must know which have run. */
  readonly undivided?: boolean | undefined;
  /** What was begun must not be begun again, even if its worker was ended for something else. */
  readonly once?: boolean | undefined;
  readonly sink: ChunkSink;
  /** The backend's own note of the chunk, while it has it. */
  handle: unknown;
}

/** Loop state of a parallel `for`, shared by all its chunks. `next` is a counter in shared memory. */
export interface RangeState {
  /** `[0]`: number of iterations handed out so far (BigInt64, so that a range may pass 2³¹). */
  readonly next: BigInt64Array;
  readonly start: number;
  readonly step: number;
  /** Number of iterations. */
  readonly length: number;
  /** Smallest number of iterations taken at once; takes shrink towards it (guided self-scheduling). */
  readonly grain: number;
  readonly workers: number;
}

/** Where a chunk's results go. Calls come on the caller's thread, results of one chunk in any order. */
export interface ChunkSink {
  /** A worker has been given items of the chunk; may come again. */
  started(): void;
  /** `values[j]` is the result of item `k + j`. */
  results(k: number, values: ArrayLike<unknown>): void;
  /** The item at `k` called `context().report(data)`. */
  report(k: number, data: unknown): void;
  /** Called exactly once, after the last result. */
  end(outcome: ChunkOutcome): void;
}

export type ChunkOutcome =
  /** Every item has its result. `computeMs` is the time workers spent in it (0 when unknown): the chunk planner's input. */
  | { readonly kind: 'done'; readonly computeMs: number }
  /** Item `k` failed. Items without a result did not run, or ran on a worker that died. `crash`: the worker died with it. */
  | { readonly kind: 'failed'; readonly k: number; readonly error: unknown; readonly crash: boolean }
  /** `cancel()` came first. */
  | { readonly kind: 'cancelled'; readonly reason: unknown };

/** A snapshot of what an executor's workers are doing. */
export interface BackendStats {
  /** Workers wanted; `alive` of them run, `busy` of those hold work. */
  readonly workers: number;
  readonly alive: number;
  readonly busy: number;
  /** Workers that stand by for one that is lost, not among `alive`. */
  readonly spare: number;
  /** Chunks that wait for a worker. */
  readonly queued: number;
  /** Chunks handed to workers and not yet ended. */
  readonly running: number;
  /** Items that ended well, items that failed. */
  readonly completed: number;
  readonly failed: number;
  /** Workers that died, workers retired on purpose (task count, memory, resize, idle). */
  readonly crashed: number;
  readonly retired: number;
}

export interface Backend {
  /** `serial`, `threads` … — what errors call it. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Workers wanted. The executor keeps about twice as many chunks under way. */
  readonly workers: number;

  /**
   * Queues a chunk. A function or an item that cannot travel throws here, before anything is sent;
   * whatever goes wrong later reaches `chunk.sink.end`.
   */
  run(chunk: Chunk): void;

  /**
   * Many chunks have come in one turn of the event loop: sends what can be sent, and takes in what has ended well, so
   * that a flood does not pile up. Called only while no callback of the user could be called back.
   */
  nudge?(): void;

  /**
   * Ends a chunk that has not ended yet: `sink.end({ kind: 'cancelled' })` comes before this returns. A running item
   * sees its signal abort; if it has not stopped after the chunk's `graceMs`, its worker is replaced.
   */
  cancel(chunk: Chunk, reason: unknown): void;

  /** Starts every worker and resolves to their ids; the ids are what `chunk.worker` takes. */
  workerIds(): Promise<readonly number[]>;

  /**
   * Blocks the calling thread until `done()` is true, delivering results meanwhile (`capabilities.blocking`).
   * Throws `UnsupportedError` when it cannot become true while this thread waits.
   */
  wait(done: () => boolean): void;

  /**
   * A place of its own with exactly one worker like those of this backend, for what stays where it is: an actor. Absent where
   * everything runs in this thread, or where nothing can stay.
   */
  host?(lost: HostEvents['lost']): HostBackend;

  /** Changes the number of workers; running tasks on surplus workers finish first. */
  resize(workers: number): void;
  stats(): BackendStats;
  /** Finishes what was accepted, runs each worker's `teardown`, ends the workers. */
  close(): Promise<void>;
  /** Ends the workers now; unfinished chunks end with `failed` and an `ExecutorClosedError`. */
  terminate(reason?: unknown): Promise<void>;
}

/** What is told about the worker of a {@link HostBackend}. */
export interface HostEvents {
  /**
   * The worker is gone, with all that it kept; chunks that had not started run on the one that takes its place. `expected`: it
   * was ended on purpose.
   */
  lost(error: WorkerCrashedError, expected: boolean): void;
}

/** A backend of one worker, which lives until it dies or is ended. */
export interface HostBackend extends Backend {
  /** Ends the worker now; what has not started runs on the one that takes its place. */
  kill(): void;
  /** For a thread that blocks elsewhere: sends and takes in what waits. */
  turn(): void;
}
