/** The executor: one surface over every backend. */
import { functionOf, arrayOf, isAsyncOnly, sourceOf, splitArguments, zip } from './inputs.ts';
import type { AnyItems, Items } from './inputs.ts';
import { MAX_WORKERS } from '../base/cores.ts';
import { show } from '../base/options.ts';
import type { AnyFunction } from '../closure/index.ts';
import type { Backend, BackendStats } from './backend.ts';
import { BroadcastCall } from './broadcast.ts';
import type { CallOrigin } from './call.ts';
import { captureCaller, captureInBurst, type Caller } from './caller-stack.ts';
import { ExecutorCore, type TaskCounts } from './executor-core.ts';
import { FindCall, type Search } from './find.ts';
import { ForCall, loopOf, type Range } from './for.ts';
import { EachCall, flatten, MapCall } from './map.ts';
import { callSettings } from './options.ts';
import type {
  BulkOptions,
  CallKind,
  CallOptions,
  CallSettings,
  FindOptions,
  ForOptions,
  StreamOptions,
  ValidatedOptions,
} from './options.ts';
import { attempt, drainStream, settledTask, startTask, waitFor } from './start.ts';
import { ResultStream, StreamCall } from './stream.ts';
import { SubmitCall } from './submit.ts';
import type { Task } from './task.ts';
import { TreeCall } from './tree.ts';

/** What an executor is doing. */
export interface ExecutorStats extends BackendStats {
  /** Calls made through this executor: a `map` counts once. */
  readonly tasks: TaskCounts;
}

/** What a mapper of `mapReduce` may return. */
export type Pairs<K, V> = Iterable<readonly [K, V]> | AsyncIterable<readonly [K, V]>;

/** Values of `mapReduce` after a fold: what adds up to more than the literal `1` is a number. */
export type Folded<V> = V extends number ? number : V extends bigint ? bigint : V;

export class Executor implements AsyncDisposable {
  readonly #core: ExecutorCore;
  readonly #settings: CallSettings;

  constructor(
    backend: Backend,
    options: ValidatedOptions,
    view?: { core: ExecutorCore; settings: CallSettings },
  ) {
    this.#core = view?.core ?? new ExecutorCore(backend, options);
    this.#settings = view?.settings ?? this.#core.settings;
  }

  get name(): string {
    return this.#core.options.name;
  }

  get workers(): number {
    return this.#core.backend.workers;
  }

  get closed(): boolean {
    return this.#core.closed;
  }

  with(options: CallOptions): Executor {
    const core = this.#core;
    const settings = callSettings('with', 'call', options, this.#settings);
    return new Executor(core.backend, core.options, { core, settings });
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Task<Awaited<R>> {
    const caller = captureInBurst(this.submit, fn);
    if (typeof fn !== 'function') return attempt(() => functionOf('submit', fn) as never);
    return startTask(
      new SubmitCall<Awaited<R>>(this.#origin(fn, this.#settings, caller), fn as AnyFunction, args),
    );
  }

  submitSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Awaited<R> {
    const caller = captureCaller(this.submitSync);
    const origin = this.#origin(functionOf('submitSync', fn), this.#settings, caller);
    return waitFor(this.#core, new SubmitCall<Awaited<R>>(origin, fn as AnyFunction, args));
  }

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
    const caller = captureCaller(this.map);
    return attempt(() => {
      const first = args[0] as AnyItems<unknown>;
      if (!isAsyncOnly(first)) return startTask(this.#mapCall('map', args, caller));
      const { inputs, fn, options } = splitArguments('map', args);
      if (inputs.length > 1) throw new TypeError('map() reads an async iterable only as its single input');
      const results: unknown[] = [];
      const call = this.#streamCall('map', first, fn, options, caller, 'bulk', 'map');
      return drainStream(
        call,
        (value) => results.push(value),
        () => results,
      );
    });
  }

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
    return waitFor(this.#core, this.#mapCall('mapSync', args, captureCaller(this.mapSync)));
  }

  starmap<A extends readonly unknown[], R>(
    argLists: Items<A>,
    fn: (...args: A) => R,
    options?: BulkOptions,
  ): Task<Awaited<R>[]> {
    const caller = captureCaller(this.starmap);
    return attempt(() => {
      const origin = this.#bulk('starmap', 'bulk', fn, options, caller);
      return startTask(
        new MapCall(origin, 'star', fn as AnyFunction, arrayOf('starmap', argLists), as<Awaited<R>[]>),
      );
    });
  }

  stream<T, R>(items: AnyItems<T>, fn: (item: T) => R, options?: StreamOptions): ResultStream<Awaited<R>> {
    const caller = captureCaller(this.stream);
    return new ResultStream(
      this.#streamCall('stream', items, fn as AnyFunction, options, caller, 'stream', 'map'),
    );
  }

  forEach<T>(items: AnyItems<T>, fn: (item: T) => unknown, options?: BulkOptions): Task<void> {
    const caller = captureCaller(this.forEach);
    return attempt(() => {
      if (isAsyncOnly(items)) {
        const call = this.#streamCall('forEach', items, fn as AnyFunction, options, caller, 'bulk', 'each');
        return drainStream(call, ignore, ignore);
      }
      const origin = this.#bulk('forEach', 'bulk', fn, options, caller);
      return startTask(new EachCall(origin, fn as AnyFunction, arrayOf('forEach', items)));
    });
  }

  filter<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<T[]> {
    const caller = captureCaller(this.filter);
    return attempt(() => {
      const origin = this.#bulk('filter', 'bulk', predicate, options, caller);
      const all = arrayOf('filter', items);
      const pick = (kept: unknown[]) => Array.from(all).filter((_, k) => Boolean(kept[k]));
      return startTask(new MapCall(origin, 'map', predicate as AnyFunction, all, pick));
    });
  }

  flatMap<T, R>(items: Items<T>, fn: (item: T) => R, options?: BulkOptions): Task<Flattened<Awaited<R>>[]> {
    const caller = captureCaller(this.flatMap);
    return attempt(() => {
      const origin = this.#bulk('flatMap', 'bulk', fn, options, caller);
      const all = arrayOf('flatMap', items);
      return startTask(new MapCall(origin, 'map', fn as AnyFunction, all, flatten<Flattened<Awaited<R>>>));
    });
  }

  reduce<T>(
    items: Items<T>,
    fn: (a: T, b: T) => T | PromiseLike<T>,
    initial?: T,
    options?: CallOptions,
  ): Task<T> {
    const caller = captureCaller(this.reduce);
    return attempt(() => {
      const origin = this.#bulk('reduce', 'call', fn, options, caller);
      const all = arrayOf('reduce', items);
      if (all.length === 0 && initial === undefined) {
        throw new TypeError('reduce() of no items needs an initial value');
      }
      if (all.length === 0) return settledTask<T>((source) => source.resolve(initial as T), 'done');
      if (all.length === 1 && initial === undefined) {
        return settledTask<T>((source) => source.resolve(all[0] as T), 'done');
      }
      const fns = [fn as AnyFunction];
      const left = initial === undefined ? undefined : { value: initial };
      const tree = { leaf: 'fold', leafFns: fns, inner: 'fold', innerFns: fns, initial: left } as const;
      return startTask(new TreeCall<T>(origin, tree, all));
    });
  }

  mapReduce<T, K, V>(
    items: Items<T>,
    mapper: (item: T) => Pairs<K, V> | PromiseLike<Pairs<K, V>>,
    reducer: (a: Folded<V>, b: Folded<V>) => Folded<V> | PromiseLike<Folded<V>>,
    options?: CallOptions,
  ): Task<Map<K, Folded<V>>> {
    const caller = captureCaller(this.mapReduce);
    return attempt(() => {
      const origin = this.#bulk('mapReduce', 'call', mapper, options, caller);
      const reduce = functionOf('mapReduce', reducer);
      const all = arrayOf('mapReduce', items);
      if (all.length === 0)
        return settledTask<Map<K, Folded<V>>>((source) => source.resolve(new Map()), 'done');
      const leafFns = [mapper as AnyFunction, reduce];
      const tree = { leaf: 'group', leafFns, inner: 'merge', innerFns: [reduce] } as const;
      return startTask(new TreeCall<Map<K, Folded<V>>>(origin, tree, all));
    });
  }

  find<T>(items: Items<T>, predicate: (item: T) => unknown, options?: FindOptions): Task<T | undefined> {
    const caller = captureCaller(this.find);
    return attempt(() => {
      const all = arrayOf('find', items);
      const answer = (index: number) => (index < 0 ? undefined : all[index]);
      return this.#find('find', all, predicate, options, caller, { sought: true, answer });
    });
  }

  findIndex<T>(items: Items<T>, predicate: (item: T) => unknown, options?: FindOptions): Task<number> {
    const caller = captureCaller(this.findIndex);
    return attempt(() => {
      const all = arrayOf('findIndex', items);
      return this.#find('findIndex', all, predicate, options, caller, { sought: true, answer: as<number> });
    });
  }

  some<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<boolean> {
    const caller = captureCaller(this.some);
    return attempt(() => {
      const search = { sought: true, ordered: false, answer: (index: number) => index >= 0 };
      return this.#find('some', arrayOf('some', items), predicate, options, caller, search);
    });
  }

  every<T>(items: Items<T>, predicate: (item: T) => unknown, options?: BulkOptions): Task<boolean> {
    const caller = captureCaller(this.every);
    return attempt(() => {
      const search = { sought: false, ordered: false, answer: (index: number) => index < 0 };
      return this.#find('every', arrayOf('every', items), predicate, options, caller, search);
    });
  }

  for(range: number | Range, body: (index: number) => unknown, options?: ForOptions): Task<void> {
    const caller = captureCaller(this.for);
    return attempt(() => {
      const origin = this.#bulk('for', 'for', body, options, caller);
      return startTask(new ForCall(origin, loopOf(range), body as AnyFunction));
    });
  }

  broadcast<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Task<Awaited<R>[]> {
    const caller = captureCaller(this.broadcast);
    return attempt(() => {
      const origin = this.#origin(functionOf('broadcast', fn), this.#settings, caller);
      return startTask(new BroadcastCall<Awaited<R>>(origin, fn as AnyFunction, args));
    });
  }

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

  stats(): ExecutorStats {
    return { ...this.#core.backend.stats(), tasks: this.#core.counts() };
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  terminate(reason?: unknown): Promise<void> {
    return this.#core.terminate(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Why an executor cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'an executor belongs to the thread that opened it: open a pool inside the task: threads()';
  }

  #origin(fn: { readonly name: string }, settings: CallSettings, caller: Caller): CallOrigin {
    return { core: this.#core, settings, name: settings.name ?? (fn.name || 'anonymous'), caller };
  }

  #bulk(owner: string, kind: CallKind, fn: unknown, options: unknown, caller: Caller): CallOrigin {
    const checked = functionOf(owner, fn);
    return this.#origin(checked, callSettings(owner, kind, options, this.#settings), caller);
  }

  #mapCall(owner: 'map' | 'mapSync', args: readonly unknown[], caller: Caller): MapCall<unknown[]> {
    const { inputs, fn, options } = splitArguments(owner, args);
    const origin = this.#bulk(owner, 'bulk', fn, options, caller);
    if (inputs.length > 1) return new MapCall(origin, 'star', fn, zip(owner, inputs), as<unknown[]>);
    return new MapCall(origin, 'map', fn, arrayOf(owner, inputs[0] as Items<unknown>), as<unknown[]>);
  }

  #streamCall<T, R>(
    owner: string,
    items: AnyItems<T>,
    fn: AnyFunction,
    options: unknown,
    caller: Caller,
    kind: 'bulk' | 'stream',
    op: 'map' | 'each',
  ): StreamCall<T, R> {
    const origin = this.#bulk(owner, kind, fn, options, caller);
    const source = () => sourceOf(owner, items);
    return new StreamCall(origin, { op, fn, source, failFast: kind === 'bulk' });
  }

  #find<R>(
    owner: string,
    items: ArrayLike<unknown>,
    predicate: unknown,
    options: unknown,
    caller: Caller,
    search: Omit<Search<R>, 'ordered'> & { readonly ordered?: boolean },
  ): Task<R> {
    const kind = search.ordered === undefined ? 'find' : 'bulk';
    const origin = this.#bulk(owner, kind, predicate, options, caller);
    const ordered = search.ordered ?? origin.settings.ordered;
    return startTask(new FindCall(origin, predicate as AnyFunction, items, { ...search, ordered }));
  }
}

/** An item of `flatMap`'s result: what an iterable result contains, or the result itself. */
export type Flattened<R> = R extends string ? R : R extends Iterable<infer U> ? U : R;

function as<R>(value: unknown): R {
  return value as R;
}

function ignore(): void {
  // `forEach` has no results.
}
