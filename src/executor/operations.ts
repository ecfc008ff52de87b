/** The operations of an executor, from checked arguments to a call that has started. */
import type { AnyFunction } from '../closure/index.ts';
import { keptArguments, type Arguments } from './arguments.ts';
import { BroadcastCall } from './broadcast.ts';
import type { CallOrigin } from './call.ts';
import type { Caller } from './caller-stack.ts';
import type { ExecutorCore } from './executor-core.ts';
import { FindCall, type Search } from './find.ts';
import { ForCall, loopOf, type Range } from './for.ts';
import { arrayOf, functionOf, isAsyncOnly, sourceOf, splitArguments, zip } from './inputs.ts';
import type { AnyItems, Items } from './inputs.ts';
import { EachCall, flatten, MapCall } from './map.ts';
import { callSettings, type CallKind, type CallSettings } from './options.ts';
import { attempt, drainStream, settledTask, startTask, waitFor } from './start.ts';
import { ResultStream, StreamCall } from './stream.ts';
import { SubmitCall, submitOrigin } from './submit.ts';
import type { Task } from './task.ts';
import { TreeCall } from './tree.ts';

/** Where an operation was called: on which executor, with what settings, by whom. */
export interface CallSite {
  readonly core: ExecutorCore;
  readonly settings: CallSettings;
  readonly caller: Caller;
}

/** `submit(fn, ...args)`. */
export function submit<R>(
  core: ExecutorCore,
  settings: CallSettings,
  caller: Caller,
  fn: unknown,
  args: Arguments,
): Task<R> {
  if (typeof fn !== 'function') return attempt<R>(() => functionOf('submit', fn) as never);
  return startTask(new SubmitCall<R>(submitOrigin(core, settings, caller, fn as AnyFunction), args));
}

/** `submitSync(fn, ...args)`. */
export function submitSync<R>(site: CallSite, fn: unknown, args: readonly unknown[]): R {
  const checked = functionOf('submitSync', fn);
  const origin = submitOrigin(site.core, site.settings, site.caller, checked);
  return waitFor(site.core, new SubmitCall<R>(origin, keptArguments(args)));
}

/** `map(a, b, …, fn, options)`. */
export function map(site: CallSite, args: readonly unknown[]): Task<unknown[]> {
  return attempt(() => {
    const first = args[0] as AnyItems<unknown>;
    if (!isAsyncOnly(first)) return startTask(mapCall(site, 'map', args));
    const { inputs, fn, options } = splitArguments('map', args);
    if (inputs.length > 1) throw new TypeError('map() reads an async iterable only as its single input');
    const results: unknown[] = [];
    const call = streamCall(site, 'map', first, fn, options, 'map');
    return drainStream(
      call,
      (value) => results.push(value),
      () => results,
    );
  });
}

/** `mapSync(a, b, …, fn, options)`. */
export function mapSync(site: CallSite, args: readonly unknown[]): unknown[] {
  return waitFor(site.core, mapCall(site, 'mapSync', args));
}

function mapCall(site: CallSite, owner: 'map' | 'mapSync', args: readonly unknown[]): MapCall<unknown[]> {
  const { inputs, fn, options } = splitArguments(owner, args);
  const origin = configured(site, owner, 'bulk', fn, options);
  if (inputs.length > 1) return new MapCall(origin, 'star', fn, zip(owner, inputs), same<unknown[]>);
  return new MapCall(origin, 'map', fn, arrayOf(owner, inputs[0] as Items<unknown>), same<unknown[]>);
}

/** `starmap(argLists, fn, options)`. */
export function starmap(
  site: CallSite,
  argLists: Items<unknown>,
  fn: unknown,
  options: unknown,
): Task<unknown[]> {
  return attempt(() => {
    const origin = configured(site, 'starmap', 'bulk', fn, options);
    return startTask(
      new MapCall(origin, 'star', fn as AnyFunction, arrayOf('starmap', argLists), same<unknown[]>),
    );
  });
}

/** `stream(items, fn, options)`. */
export function stream<R>(
  site: CallSite,
  items: AnyItems<unknown>,
  fn: unknown,
  options: unknown,
): ResultStream<R> {
  return new ResultStream(streamCall<unknown, R>(site, 'stream', items, fn, options, 'map'));
}

function streamCall<T, R>(
  site: CallSite,
  owner: 'stream' | 'map' | 'forEach',
  items: AnyItems<T>,
  fn: unknown,
  options: unknown,
  op: 'map' | 'each',
): StreamCall<T, R> {
  const origin = configured(site, owner, owner === 'stream' ? 'stream' : 'bulk', fn, options);
  const source = () => sourceOf(owner, items);
  return new StreamCall(origin, { op, fn: fn as AnyFunction, source, failFast: owner !== 'stream' });
}

/** `forEach(items, fn, options)`. */
export function forEach(site: CallSite, items: AnyItems<unknown>, fn: unknown, options: unknown): Task<void> {
  return attempt(() => {
    if (isAsyncOnly(items)) {
      return drainStream(streamCall(site, 'forEach', items, fn, options, 'each'), ignore, ignore);
    }
    const origin = configured(site, 'forEach', 'bulk', fn, options);
    return startTask(new EachCall(origin, fn as AnyFunction, arrayOf('forEach', items)));
  });
}

/** `filter(items, predicate, options)`. */
export function filter<T>(site: CallSite, items: Items<T>, predicate: unknown, options: unknown): Task<T[]> {
  return attempt(() => {
    const origin = configured(site, 'filter', 'bulk', predicate, options);
    const all = arrayOf('filter', items);
    const pick = (kept: unknown[]): T[] => {
      const picked: T[] = [];
      for (let k = 0; k < kept.length; k++) if (kept[k]) picked.push(all[k] as T);
      return picked;
    };
    return startTask(new MapCall(origin, 'map', predicate as AnyFunction, all, pick));
  });
}

/** `flatMap(items, fn, options)`. */
export function flatMap<R>(site: CallSite, items: Items<unknown>, fn: unknown, options: unknown): Task<R[]> {
  return attempt(() => {
    const origin = configured(site, 'flatMap', 'bulk', fn, options);
    return startTask(new MapCall(origin, 'flat', fn as AnyFunction, arrayOf('flatMap', items), flatten<R>));
  });
}

/** `reduce(items, fn, initial, options)`. */
export function reduce<T>(
  site: CallSite,
  items: Items<T>,
  fn: unknown,
  initial: T | undefined,
  options: unknown,
): Task<T> {
  return attempt(() => {
    const origin = configured(site, 'reduce', 'call', fn, options);
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

/** `mapReduce(items, mapper, reducer, options)`. */
export function mapReduce<K, V>(
  site: CallSite,
  items: Items<unknown>,
  mapper: unknown,
  reducer: unknown,
  options: unknown,
): Task<Map<K, V>> {
  return attempt(() => {
    const origin = configured(site, 'mapReduce', 'call', mapper, options);
    const fold = functionOf('mapReduce', reducer);
    const all = arrayOf('mapReduce', items);
    if (all.length === 0) return settledTask<Map<K, V>>((source) => source.resolve(new Map()), 'done');
    const leafFns = [mapper as AnyFunction, fold];
    const tree = { leaf: 'group', leafFns, inner: 'merge', innerFns: [fold] } as const;
    return startTask(new TreeCall<Map<K, V>>(origin, tree, all));
  });
}

/** `find(items, predicate, options)`. */
export function find<T>(
  site: CallSite,
  items: Items<T>,
  predicate: unknown,
  options: unknown,
): Task<T | undefined> {
  return attempt(() => {
    const all = arrayOf('find', items);
    const answer = (index: number) => (index < 0 ? undefined : all[index]);
    return search(site, 'find', all, predicate, options, { sought: true, answer });
  });
}

/** `findIndex(items, predicate, options)`. */
export function findIndex(
  site: CallSite,
  items: Items<unknown>,
  predicate: unknown,
  options: unknown,
): Task<number> {
  return attempt(() => {
    const all = arrayOf('findIndex', items);
    return search(site, 'findIndex', all, predicate, options, { sought: true, answer: same<number> });
  });
}

/** `some(items, predicate, options)`. */
export function some(
  site: CallSite,
  items: Items<unknown>,
  predicate: unknown,
  options: unknown,
): Task<boolean> {
  return attempt(() => {
    const wanted = { sought: true, ordered: false, answer: (index: number) => index >= 0 };
    return search(site, 'some', arrayOf('some', items), predicate, options, wanted);
  });
}

/** `every(items, predicate, options)`. */
export function every(
  site: CallSite,
  items: Items<unknown>,
  predicate: unknown,
  options: unknown,
): Task<boolean> {
  return attempt(() => {
    const wanted = { sought: false, ordered: false, answer: (index: number) => index < 0 };
    return search(site, 'every', arrayOf('every', items), predicate, options, wanted);
  });
}

function search<R>(
  site: CallSite,
  owner: string,
  items: ArrayLike<unknown>,
  predicate: unknown,
  options: unknown,
  wanted: Omit<Search<R>, 'ordered'> & { readonly ordered?: boolean },
): Task<R> {
  const kind = wanted.ordered === undefined ? 'find' : 'bulk';
  const origin = configured(site, owner, kind, predicate, options);
  const ordered = wanted.ordered ?? origin.settings.ordered;
  return startTask(new FindCall(origin, predicate as AnyFunction, items, { ...wanted, ordered }));
}

/** `for(range, body, options)`. */
export function loop(site: CallSite, range: number | Range, body: unknown, options: unknown): Task<void> {
  return attempt(() => {
    const origin = configured(site, 'for', 'for', body, options);
    return startTask(new ForCall(origin, loopOf(range), body as AnyFunction));
  });
}

/** `broadcast(fn, ...args)`. */
export function broadcast<R>(site: CallSite, fn: unknown, args: readonly unknown[]): Task<R[]> {
  return attempt(() => {
    const checked = functionOf('broadcast', fn);
    return startTask(new BroadcastCall<R>(named(site, checked), checked, args));
  });
}

function named({ core, settings, caller }: CallSite, fn: { readonly name: string }): CallOrigin {
  return { core, settings, name: settings.name ?? (fn.name || 'anonymous'), caller };
}

/** The origin of a call with options of its own. */
function configured(
  site: CallSite,
  owner: string,
  kind: CallKind,
  fn: unknown,
  options: unknown,
): CallOrigin {
  const checked = functionOf(owner, fn);
  return named({ ...site, settings: callSettings(owner, kind, options, site.settings) }, checked);
}

function same<R>(value: unknown): R {
  return value as R;
}

function ignore(): void {
  // `forEach` has no results.
}
