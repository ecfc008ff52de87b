/** The inputs that calls over many items accept. */
import { show } from '../base/options.ts';
import type { AnyFunction } from '../closure/index.ts';

/** Items that are all there, or that an iterator produces without waiting. */
export type Items<T> = Iterable<T> | ArrayLike<T>;

/** Items of any kind, also those that come with time. */
export type AnyItems<T> = Items<T> | AsyncIterable<T>;

/** Items as an array-like. Arrays and typed arrays are taken as they are: not copied, so do not change them meanwhile. */
export function arrayOf<T>(owner: string, items: Items<T>): ArrayLike<T> {
  if (Array.isArray(items) || (ArrayBuffer.isView(items) && 'length' in items)) return items as ArrayLike<T>;
  if (isIterable(items)) return Array.from(items);
  if (isArrayLike(items)) return items;
  if (isAsyncIterable(items)) {
    throw new TypeError(
      `${owner}() needs all its items at the start, but got an async iterable: use stream() or map()`,
    );
  }
  throw notItems(owner, items);
}

/** Argument lists of a call over several inputs, as many as the shortest has items. */
export function zip(owner: string, inputs: readonly Items<unknown>[]): unknown[][] {
  const arrays = inputs.map((input) => arrayOf(owner, input));
  const length = Math.min(...arrays.map((array) => array.length));
  const zipped = new Array<unknown[]>(length);
  for (let k = 0; k < length; k++) zipped[k] = arrays.map((array) => array[k]);
  return zipped;
}

/** A source of items, one after the other. */
export type Source<T> =
  | { readonly async: false; readonly iterator: Iterator<T> }
  | { readonly async: true; readonly iterator: AsyncIterator<T> };

/** An iterator over items of any kind. */
export function sourceOf<T>(owner: string, items: AnyItems<T>): Source<T> {
  if (isIterable(items)) return { async: false, iterator: items[Symbol.iterator]() };
  if (isAsyncIterable(items)) return { async: true, iterator: items[Symbol.asyncIterator]() };
  if (isArrayLike(items))
    return { async: false, iterator: Array.prototype.values.call(items) as Iterator<T> };
  throw notItems(owner, items);
}

/** Whether items come with time only. */
export function isAsyncOnly<T>(items: AnyItems<T>): items is AsyncIterable<T> {
  return !isIterable(items) && isAsyncIterable(items);
}

/** Checks that `fn` is a function. */
export function functionOf(owner: string, fn: unknown): AnyFunction {
  if (typeof fn === 'function') return fn as AnyFunction;
  throw new TypeError(`${owner}() needs a function to run, but got ${show(fn)}`);
}

/** Splits `(a, b, …, fn, options)`: the inputs come first, the first function is what runs. */
export function splitArguments(
  owner: string,
  args: readonly unknown[],
): { inputs: Items<unknown>[]; fn: AnyFunction; options: unknown } {
  const at = args.findIndex((arg, index) => index > 0 && typeof arg === 'function');
  if (at < 0)
    throw new TypeError(`${owner}() needs a function after its items, but got ${args.map(show).join(', ')}`);
  if (args.length > at + 2) throw new TypeError(`${owner}() takes one object of options after its function`);
  return {
    inputs: args.slice(0, at) as Items<unknown>[],
    fn: args[at] as AnyFunction,
    options: args[at + 1],
  };
}

function isIterable(value: unknown): value is Iterable<never> {
  return value != null && typeof (value as Iterable<never>)[Symbol.iterator] === 'function';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<never> {
  return value != null && typeof (value as AsyncIterable<never>)[Symbol.asyncIterator] === 'function';
}

function isArrayLike(value: unknown): value is ArrayLike<never> {
  return typeof value === 'object' && value !== null && Number.isInteger((value as ArrayLike<never>).length);
}

function notItems(owner: string, items: unknown): TypeError {
  return new TypeError(
    `${owner}() needs an array, an iterable or an array-like of items, but got ${show(items)}`,
  );
}
