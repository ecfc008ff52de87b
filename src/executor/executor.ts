/** The executor: one surface over every backend. */
import { MAX_WORKERS } from '../base/cores.ts';
import { show } from '../base/options.ts';
import type { AnyFunction } from '../closure/index.ts';
import type { ActorOptions } from './actors/actor-options.ts';
import type { Actor, ActorClass } from './actors/actor-type.ts';
import type { Backend, BackendStats } from './backend.ts';
import { blockedCaller, captureCaller, captureInRow } from './caller-stack.ts';
import { ExecutorCore, type TaskCounts } from './executor-core.ts';
import type { Range } from './for.ts';
import type { AnyItems, Items } from './inputs.ts';
import * as operations from './operations.ts';
import type { CallSite } from './operations.ts';
import { callSettings } from './options.ts';
import type {
  BulkOptions,
  CallOptions,
  CallSettings,
  FindOptions,
  ForOptions,
  StreamOptions,
  ValidatedOptions,
} from './options.ts';
import type { ResultStream } from './stream.ts';
import type { Task } from './task.ts';

/** What an executor is doing. */
export interface ExecutorStats extends BackendStats {
  /** Calls made through this executor: a `map` counts once. */
  readonly tasks: TaskCounts;
}

/** What a mapper of `mapReduce` may return. */
export type Pairs<K, V> = Iterable<readonly [K, V]> | AsyncIterable<readonly [K, V]>;

/** Values of `mapReduce` after a fold: what adds up to more than the literal `1` is a number. */
export type Folded<V> = V extends number ? number : V extends bigint ? bigint : V;

/** An item of `flatMap`'s result: what an iterable result contains, or the result itself. */
export type Flattened<R> = R extends string
  ? R
  : R extends Iterable<infer U>
    ? U
    : R extends AsyncIterable<infer U>
      ? U
      : R;

/**
 * Runs functions on workers. Make one with `threads()` or `serial()`; the same calls work on every executor.
 *
 * Functions travel with everything they reach: variables, helper functions, classes and imports. Arguments, items and
 * results are copied, except shared memory (shared) and what `move()` marks (moved); `serial()` calls functions as
 * they are and copies nothing. A function that cannot travel is refused with `CaptureError` before anything is sent.
 *
 * Every call returns a {@link Task}, a promise that rejects with the very error that the function threw, or
 * - `TypeError`, `RangeError`: an argument or option is wrong;
 * - `CaptureError`: a function, an argument or a result cannot travel;
 * - `WorkerCrashedError`: the worker died while it ran this task;
 * - `TaskTimeoutError`: an item ran longer than `timeoutMs`;
 * - `ExecutorClosedError`: the call came after `close()`;
 * - the reason of the `signal`, or of `task.cancel()`.
 *
 * Items are read when they are sent, not copied before: do not change an input array until its task has ended.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 *
 * await using pool = threads({ workers: 2 });
 * const factor = 3;
 * await pool.map([1, 2, 3], (x) => x * factor); // => [ 3, 6, 9 ]
 * ```
 */
export class Executor implements AsyncDisposable {
  readonly #core: ExecutorCore;
  readonly #settings: CallSettings;

  /** Executors are made by `threads()`, `serial()` and their kin: `backend` is where code runs. */
  constructor(
    backend: Backend,
    options: ValidatedOptions,
    view?: { readonly core: ExecutorCore; readonly settings: CallSettings },
  ) {
    this.#core = view?.core ?? new ExecutorCore(backend, options);
    this.#settings = view?.settings ?? this.#core.settings;
  }

  /** The `name` option; default: what made the executor, such as `threads`. */
  get name(): string {
    return this.#core.options.name;
  }

  /** Number of workers wanted: they start when there is work. */
  get workers(): number {
    return this.#core.backend.workers;
  }

  /** Whether `close()` or `terminate()` was called. */
  get closed(): boolean {
    return this.#core.closed;
  }

  /**
   * The same workers with other defaults for the options of calls; `submit`, whose arguments are the function's, takes
   * its options this way. A call's own options win, and so do those of a `with()` on the view. Closing a view closes
   * the executor.
   *
   * @param options defaults for the calls made through the view
   * @returns a view; it owns no workers
   * @throws {TypeError | RangeError} for a wrong option
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * const careful = pool.with({ timeoutMs: 10_000, retries: 2 });
   * await careful.submit((x: number) => x + 1, 41); // => 42
   * ```
   */
  with(options: CallOptions): Executor {
    const core = this.#core;
    const settings = callSettings('with', 'call', options, this.#settings);
    return new Executor(core.backend, core.options, { core, settings });
  }

  /**
   * Calls `fn(...args)` on a worker.
   *
   * Returns at once; calls of one turn of the event loop go out together. Tasks start in the order of their calls, those
   * of higher `priority` first.
   *
   * @param fn what to call; may be async
   * @param args its arguments, copied unless shared or moved
   * @returns a task of the function's result
   * @throws {QueueFullError} (as a rejection) when `maxQueue` tasks wait already
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.submit((a: number, b: number) => a ** b, 2, 10); // => 1024
   * ```
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Task<Awaited<R>>;
  submit(fn: AnyFunction, first?: unknown): Task<unknown> {
    const { submit } = this;
    const caller = captureInRow(submit, fn);
    // Not as rest parameters: those make an array, which is most of what a small call allocates.
    const args =
      arguments.length === 2 && !Array.isArray(first) ? first : Array.prototype.slice.call(arguments, 1);
    return operations.submit(this.#core, this.#settings, caller, fn, args);
  }

  /**
   * Calls `fn(...args)` on a worker and blocks this thread until it has its result.
   *
   * Nothing else happens in this thread meanwhile: no timer fires, no promise goes on. Prefer `submit` where you can await.
   *
   * @param fn what to call; may be async on `threads()`, not on `serial()`
   * @param args its arguments
   * @returns the function's result
   * @throws whatever the function throws; `UnsupportedError` where the executor cannot block
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * pool.submitSync((text: string) => text.length, 'tutti'); // => 5
   * ```
   */
  submitSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Awaited<R> {
    return operations.submitSync(this.#site(blockedCaller(this.submitSync)), fn, args);
  }

  /**
   * Calls `fn(item)` for every item and gathers the results in the order of the items.
   *
   * Items go to the workers in chunks that adapt to the time they take, so that tiny items cost little and slow ones
   * spread; about two chunks per worker are under way. A function that only computes with numbers (`(x) => x * x`) stays
   * in this thread where sending the numbers away would cost more; the event loop gets its turn every 5 ms. The function gets the item alone: its index is
   * `context().index`. With several inputs it gets one item of each, up to the end of the shortest. The first item that
   * fails rejects the task and cancels the rest.
   *
   * @param items an array, a typed array, an array-like or an iterable, which is read at the call; an async iterable is
   *   read as workers become free
   * @param fn what to call for each item; may be async
   * @param options {@link BulkOptions}
   * @returns a task of a new array, one result per item
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.map([1, 2, 3], (x) => x * x); // => [ 1, 4, 9 ]
   * await pool.map([1, 2, 3], [10, 20, 30], (a, b) => a + b); // => [ 11, 22, 33 ]
   * ```
   */
  map<T, R>(items: AnyItems<T>, fn: (item: T) => R, options?: BulkOptions): Task<Awaited<R>[]>;
  map<A, B, R>(a: Items<A>, b: Items<B>, fn: (a: A, b: B) => R, options?: BulkOptions): Task<Awaited<R>[]>;
  map<A, B, C, R>(
    a: Items<A>,
    b: Items<B>,
    c: Items<C>,
    fn: (a: A, b: B, c: C) => R,
    options?: BulkOptions,
  ): Task<Awaited<R>[]>;
  map<A, B, C, D, R>(
    a: Items<A>,
    b: Items<B>,
    c: Items<C>,
    d: Items<D>,
    fn: (a: A, b: B, c: C, d: D) => R,
    options?: BulkOptions,
  ): Task<Awaited<R>[]>;
  map(...args: readonly unknown[]): Task<unknown[]> {
    return operations.map(this.#site(captureCaller(this.map)), args);
  }

  /**
   * `map` that blocks this thread until every result is there.
   *
   * Nothing else happens in this thread meanwhile: no timer fires, no promise goes on. Prefer `map` where you can await.
   *
   * @param items as for `map`, but no async iterable
   * @param fn what to call for each item; may be async on `threads()`, not on `serial()`
   * @param options {@link BulkOptions}; a `signal` cannot abort meanwhile, `timeoutMs` works
   * @returns a new array, one result per item
   * @throws whatever the first failing item throws; `UnsupportedError` where the executor cannot block
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * pool.mapSync(['a', 'b'], (letter) => letter.toUpperCase()); // => [ 'A', 'B' ]
   * ```
   */
  mapSync<T, R>(items: Items<T>, fn: (item: T) => R, options?: BulkOptions): Awaited<R>[];
  mapSync<A, B, R>(a: Items<A>, b: Items<B>, fn: (a: A, b: B) => R, options?: BulkOptions): Awaited<R>[];
  mapSync<A, B, C, R>(
    a: Items<A>,
    b: Items<B>,
    c: Items<C>,
    fn: (a: A, b: B, c: C) => R,
    options?: BulkOptions,
  ): Awaited<R>[];
  mapSync<A, B, C, D, R>(
    a: Items<A>,
    b: Items<B>,
    c: Items<C>,
    d: Items<D>,
    fn: (a: A, b: B, c: C, d: D) => R,
    options?: BulkOptions,
  ): Awaited<R>[];
  mapSync(...args: readonly unknown[]): unknown[] {
    return operations.mapSync(this.#site(blockedCaller(this.mapSync)), args);
  }

  /**
   * `map` over argument lists: calls `fn(...args)` for every list.
   *
   * @param argLists the lists, one per call
   * @param fn what to call; may be async
   * @param options {@link BulkOptions}
   * @returns a task of a new array, one result per list
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * const sides: [number, number][] = [
   *   [3, 4],
   *   [5, 12],
   * ];
   * await pool.starmap(sides, (a, b) => Math.hypot(a, b)); // => [ 5, 13 ]
   * ```
   */
  starmap<A extends readonly unknown[] | [], R>(
    argLists: Items<A>,
    fn: (...args: [...A]) => R,
    options?: BulkOptions,
  ): Task<Awaited<R>[]> {
    const site = this.#site(captureCaller(this.starmap));
    return operations.starmap(site, argLists, fn, options) as Task<Awaited<R>[]>;
  }

  /**
   * Calls `fn(item)` for every item of an input of any length, and yields the results while it goes on.
   *
   * Lazy: nothing is read or sent before the first result is asked for. Of the input no more than `window` items are
   * taken and not yet yielded, so a slow consumer stops the reading, and an endless input is fine. Items are sent as
   * they come: those that are there are not held back until a chunk is full. Leaving the loop early (`break`, an error,
   * `return()`) cancels what is under way and closes the input.
   *
   * @param items an iterable or an async iterable
   * @param fn what to call for each item; may be async
   * @param options {@link StreamOptions}
   * @returns an async iterator of the results, in order unless `ordered` is `false`. A failing item throws at its place
   *   (unordered: as soon as it is known) and ends the stream, and so does an input that throws. `close()` lets it finish
   *   the items it has taken.
   * @throws {TypeError | RangeError} for a wrong argument or option
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * function* naturals() {
   *   for (let n = 0; ; n++) yield n;
   * }
   * const squares: number[] = [];
   * for await (const square of pool.stream(naturals(), (n) => n * n)) {
   *   if (squares.push(square) === 5) break;
   * }
   * squares; // => [ 0, 1, 4, 9, 16 ]
   * ```
   */
  stream<T, R>(items: AnyItems<T>, fn: (item: T) => R, options?: StreamOptions): ResultStream<Awaited<R>> {
    return operations.stream(this.#site(captureCaller(this.stream)), items, fn, options);
  }

  /**
   * Calls `fn(item)` for every item, for what it does: results are not sent back.
   *
   * @param items as for `map`
   * @param fn what to call; what it returns is awaited and dropped
   * @param options {@link BulkOptions}; with `retries` every item is a chunk of its own
   * @returns a task that ends with the last item
   *
   * @example
   * ```ts
   * import { shared, threads } from 'tutti';
   *
   * await using pool = threads();
   * const squares = shared(Int32Array, 4);
   * await pool.forEach([0, 1, 2, 3], (n) => {
   *   squares[n] = n * n;
   * });
   * Array.from(squares); // => [ 0, 1, 4, 9 ]
   * ```
   */
  forEach<T>(items: AnyItems<T>, fn: (item: T) => unknown, options?: BulkOptions): Task<void> {
    return operations.forEach(this.#site(captureCaller(this.forEach)), items, fn, options);
  }

  /**
   * The items for which `predicate(item)` is true, in their order. They are the caller's own items, not copies.
   *
   * @param items as for `map`, but no async iterable
   * @param predicate what to ask for each item; may be async
   * @param options {@link BulkOptions}
   * @returns a task of a new array
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.filter([1, 2, 3, 4], (x) => x % 2 === 0); // => [ 2, 4 ]
   * ```
   */
  filter<T, S extends T>(
    items: Items<T>,
    predicate: (item: T) => item is S,
    options?: BulkOptions,
  ): Task<S[]>;
  filter<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<T[]>;
  filter<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<T[]> {
    return operations.filter(this.#site(captureCaller(this.filter)), items, predicate, options);
  }

  /**
   * `map` whose results are put together: of an iterable result (an array, a set …; not a string) each item, any other
   * as it is.
   *
   * @param items as for `map`, but no async iterable
   * @param fn what to call for each item; may be async. A generator object cannot travel: return an array of its items
   * @param options {@link BulkOptions}
   * @returns a task of a new array
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.flatMap(['a b', 'c'], (line) => line.split(' ')); // => [ 'a', 'b', 'c' ]
   * ```
   */
  flatMap<T, R>(items: Items<T>, fn: (item: T) => R, options?: BulkOptions): Task<Flattened<Awaited<R>>[]> {
    return operations.flatMap(this.#site(captureCaller(this.flatMap)), items, fn, options);
  }

  /**
   * Folds all items into one by an associative function, in the workers.
   *
   * Neighbours are folded in blocks, then the blocks' results by a tree. Order is kept, so `fn` need not commute. Blocks
   * and tree depend on the number of items alone: sums of floating-point numbers give the same bits for any number of
   * workers, though not those of a loop from left to right.
   *
   * @param items as for `map`, but no async iterable
   * @param fn folds two neighbours; `fn(fn(a, b), c)` must mean the same as `fn(a, fn(b, c))`; may be async
   * @param initial goes in once, at the very left; `undefined` counts as absent
   * @param options {@link CallOptions}
   * @returns a task of the result; of no items it is `initial`
   * @throws {TypeError} (as a rejection) for no items without `initial`
   *
   * Costs n − 1 calls of `fn`, in 3 to 4 rounds of messages.
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.reduce([1, 2, 3, 4], (a, b) => a + b, 0); // => 10
   * await pool.reduce(['a', 'b', 'c'], (a, b) => a + b); // => 'abc'
   * ```
   */
  reduce<T>(
    items: Items<T>,
    fn: (a: T, b: T) => T | PromiseLike<T>,
    initial?: T,
    options?: CallOptions,
  ): Task<T> {
    return operations.reduce(this.#site(captureCaller(this.reduce)), items, fn, initial, options);
  }

  /**
   * Maps every item to `[key, value]` pairs and folds the values of each key, all in the workers.
   *
   * Values of one key are folded in the order of the items, in blocks and by a tree that depend on the number of items
   * alone, as in `reduce`.
   *
   * @param items as for `map`, but no async iterable
   * @param mapper pairs of an item: an array, a `Map`, a generator or an async generator; may be async
   * @param reducer folds two values of one key; must be associative; may be async
   * @param options {@link CallOptions}
   * @returns a task of a `Map`, its keys in the order in which they are first seen
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * const lines = ['to be', 'or not to be'];
   * const counts = await pool.mapReduce(
   *   lines,
   *   (line) => line.split(' ').map((word) => [word, 1] as const),
   *   (a, b) => a + b,
   * );
   * [...counts]; // => [ [ 'to', 2 ], [ 'be', 2 ], [ 'or', 1 ], [ 'not', 1 ] ]
   * ```
   */
  mapReduce<T, K, V>(
    items: Items<T>,
    mapper: (item: T) => Pairs<K, V> | PromiseLike<Pairs<K, V>>,
    reducer: (a: Folded<V>, b: Folded<V>) => Folded<V> | PromiseLike<Folded<V>>,
    options?: CallOptions,
  ): Task<Map<K, Folded<V>>> {
    const site = this.#site(captureCaller(this.mapReduce));
    return operations.mapReduce(site, items, mapper, reducer, options);
  }

  /**
   * The first item for which `predicate(item)` is true; the rest is cancelled.
   *
   * Ordered, it answers as `Array.prototype.find` does, whichever worker is faster: errors beyond the hit are dropped,
   * an error before it is thrown. Items somewhat beyond the hit may have run.
   *
   * @param items as for `map`, but no async iterable
   * @param predicate what to ask for each item; may be async
   * @param options {@link FindOptions}; `ordered: false` takes any hit, the first to come
   * @returns a task of the caller's own item, or of `undefined`
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.find([4, 9, 16, 25], (x) => x > 10); // => 16
   * ```
   */
  find<T, S extends T>(
    items: Items<T>,
    predicate: (item: T) => item is S,
    options?: FindOptions,
  ): Task<S | undefined>;
  find<T>(items: Items<T>, predicate: (item: T) => unknown, options?: FindOptions): Task<T | undefined>;
  find<T>(items: Items<T>, predicate: (item: T) => unknown, options?: FindOptions): Task<T | undefined> {
    return operations.find(this.#site(captureCaller(this.find)), items, predicate, options);
  }

  /**
   * `find` that answers with the index, -1 when there is none.
   *
   * @param items as for `map`, but no async iterable
   * @param predicate what to ask for each item; may be async
   * @param options {@link FindOptions}
   * @returns a task of the index
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.findIndex([4, 9, 16, 25], (x) => x > 10); // => 2
   * ```
   */
  findIndex<T>(items: Items<T>, predicate: (item: T) => unknown, options?: FindOptions): Task<number> {
    return operations.findIndex(this.#site(captureCaller(this.findIndex)), items, predicate, options);
  }

  /**
   * Whether `predicate(item)` is true for at least one item; the first such one cancels the rest.
   *
   * @param items as for `map`, but no async iterable
   * @param predicate what to ask for each item; may be async
   * @param options {@link BulkOptions}
   * @returns a task of the answer; an error that comes before the decision rejects it
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.some([1, 2, 3], (x) => x > 2); // => true
   * ```
   */
  some<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<boolean> {
    return operations.some(this.#site(captureCaller(this.some)), items, predicate, options);
  }

  /**
   * Whether `predicate(item)` is true for every item; the first one for which it is not cancels the rest.
   *
   * @param items as for `map`, but no async iterable
   * @param predicate what to ask for each item; may be async
   * @param options {@link BulkOptions}
   * @returns a task of the answer; an error that comes before the decision rejects it
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.every([1, 2, 3], (x) => x > 2); // => false
   * ```
   */
  every<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<boolean> {
    return operations.every(this.#site(captureCaller(this.every)), items, predicate, options);
  }

  /**
   * A parallel `for` loop: calls `body(index)` for every index of a range, in any order.
   *
   * Meant for bodies that work on shared arrays. Where memory is shared the workers take iterations from a common
   * counter, many at first and fewer towards the end, without a message per iteration.
   *
   * @param range the number of iterations, or `{ start, end, step }`
   * @param body what to call for each index; may be async
   * @param options {@link ForOptions}; with `retries` a piece of the range whose body fails runs again as a whole
   * @returns a task that ends with the last iteration
   *
   * Iterations of several workers write to the same memory at the same time: each should write to its own elements, or
   * use `Atomics`.
   *
   * @example
   * ```ts
   * import { shared, threads } from 'tutti';
   *
   * await using pool = threads();
   * const a = shared(Float64Array, [1, 2, 3, 4]);
   * const out = shared(Float64Array, 4);
   * await pool.for(4, (i) => {
   *   out[i] = Math.sqrt(a[i]!);
   * });
   * out[3]; // => 2
   * ```
   */
  for(range: number | Range, body: (index: number) => unknown, options?: ForOptions): Task<void> {
    return operations.loop(this.#site(captureCaller(this.for)), range, body, options);
  }

  /**
   * Calls `fn(...args)` once on every worker; workers that have not started yet do so.
   *
   * It waits its turn on each worker like any task. What it sets up in module state stays with that worker only; for
   * workers to come (after a crash, a resize) use the `init` option. Not retried.
   *
   * @param fn what to call; may be async
   * @param args its arguments
   * @returns a task of the results, in the order of the workers' ids
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads({ workers: 2 });
   * await pool.broadcast((greeting: string) => greeting, 'hello'); // => [ 'hello', 'hello' ]
   * ```
   */
  broadcast<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Task<Awaited<R>[]> {
    return operations.broadcast(this.#site(captureCaller(this.broadcast)), fn, args);
  }

  /**
   * Makes an object of a class that lives on a worker and keeps its state there, and returns a handle to call it by.
   *
   * The class is captured as a function is, with all that it reaches; arguments and results of calls are copied (nothing is on
   * `serial()`, where the object lives in this thread). Actors have workers of their own, like those of the pool and at most as
   * many, so that no task is in their way; an actor that shares its worker dies with it. Calls start in the order in which one
   * caller makes them, and run one at a time, also when methods are asynchronous, unless `maxConcurrency` says otherwise.
   * Methods return tasks, which can be cancelled; `with({ timeoutMs, signal })` gives options to calls. What a method returns as
   * an iterator or asynchronous iterable is read bit by bit, in batches of at most 32. `await actor.get('field')` reads a field.
   *
   * The handle can be captured, passed and returned, to tasks and to other actors; calls find their way back. It does not keep
   * the process alive, a call does. An actor ends with `dispose()`, `kill()` or its executor, not with its last handle.
   *
   * @param options {@link ActorOptions}, if there are any
   * @param Class the class, with a constructor that is not asynchronous
   * @param args arguments of the constructor; they are kept as they are now, for `restarts`
   * @returns a promise of the handle, when the constructor has run; it rejects with what the constructor throws
   * @throws {ActorNameError} when another actor of this thread has the name
   *
   * When the worker dies, calls that had begun reject with `ActorDiedError`, whose `cause` tells why. With `restarts` the object is
   * made again with the same arguments, and calls that had not begun go on; without, they reject as well.
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * class Counter {
   *   #count: number;
   *   constructor(start: number) {
   *     this.#count = start;
   *   }
   *   add(n: number): number {
   *     return (this.#count += n);
   *   }
   *   *down() {
   *     while (this.#count > 0) yield this.#count--;
   *   }
   * }
   *
   * await using pool = threads();
   * const counter = await pool.actor({ restarts: 1 }, Counter, 1);
   * await counter.add(2); // => 3
   * await pool.submit((c: typeof counter) => c.add(1), counter); // => 4
   * const seen: number[] = [];
   * for await (const n of counter.down()) seen.push(n);
   * seen; // => [ 4, 3, 2, 1 ]
   * ```
   */
  actor<C extends ActorClass>(Class: C, ...args: ConstructorParameters<C>): Promise<Actor<InstanceType<C>>>;
  actor<C extends ActorClass>(
    options: ActorOptions,
    Class: C,
    ...args: ConstructorParameters<C>
  ): Promise<Actor<InstanceType<C>>>;
  actor(...given: readonly unknown[]): Promise<unknown> {
    return this.#core.actors.create(given);
  }

  /**
   * The actor of this name, of this executor.
   *
   * @param name the `name` that `actor({ name }, …)` was given
   * @returns a promise of a handle; its class's type is the caller's to state
   * @throws {ActorNameError} (as a rejection) when no living actor of this executor has that name
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.actor({ name: 'seen' }, Set<string>, ['a']);
   * const seen = await pool.getActor<Set<string>>('seen');
   * await seen.has('a'); // => true
   * ```
   */
  async getActor<T extends object>(name: string): Promise<Actor<T>> {
    return this.#core.actors.find(name) as never;
  }

  /**
   * Changes the number of workers. Surplus workers finish what they run and end; new ones start when there is work.
   *
   * @param workers from 1 to 1024
   * @throws {TypeError | RangeError} for anything else; `UnsupportedError` on `serial()`
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads({ workers: 1 });
   * pool.resize(2);
   * pool.workers; // => 2
   * ```
   */
  resize(workers: number): void {
    if (typeof workers !== 'number') {
      throw new TypeError(`resize(): \`workers\` must be a number, but got ${show(workers)}`);
    }
    if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
      throw new RangeError(
        `resize(): \`workers\` must be an integer from 1 to ${MAX_WORKERS}, but got ${show(workers)}`,
      );
    }
    this.#core.backend.resize(workers);
  }

  /**
   * What the workers are doing now: a snapshot.
   *
   * @returns counts of workers, chunks, items and calls
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * await using pool = threads();
   * await pool.map([1, 2, 3], (x) => x);
   * pool.stats().tasks.done; // => 1
   * ```
   */
  stats(): ExecutorStats {
    const stats = this.#core.backend.stats();
    return { ...stats, completed: stats.completed + this.#core.inline, tasks: this.#core.counts() };
  }

  /**
   * Finishes what was accepted, retries that wait included, runs each worker's `teardown` and ends the workers. New calls
   * reject with `ExecutorClosedError`. Of a stream it finishes the items that were taken from its input: their results
   * stay readable, then the stream throws `ExecutorClosedError` unless that was all.
   *
   * @returns a promise that resolves when the workers have ended; the same one at every call
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * const pool = threads();
   * const task = pool.submit(() => 'done');
   * await pool.close();
   * await task; // => 'done'
   * ```
   */
  close(): Promise<void> {
    return this.#core.close();
  }

  /**
   * Ends the workers now, whatever they run; everything that has not ended rejects with `ExecutorClosedError`.
   *
   * @param reason its `cause`
   * @returns a promise that resolves when the workers have ended
   *
   * @example
   * ```ts
   * import { threads } from 'tutti';
   *
   * const pool = threads();
   * const task = pool.submit(() => {
   *   for (;;);
   * });
   * const outcome = task.catch((error: Error) => error.name);
   * await pool.terminate();
   * await outcome; // => 'ExecutorClosedError'
   * ```
   */
  terminate(reason?: unknown): Promise<void> {
    return this.#core.terminate(reason);
  }

  /** `await using` closes. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Why an executor cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'an executor belongs to the thread that opened it: open a pool inside the task: threads()';
  }

  #site(caller: CallSite['caller']): CallSite {
    return { core: this.#core, settings: this.#settings, caller };
  }
}
