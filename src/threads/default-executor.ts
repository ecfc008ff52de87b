/** The process-wide executor behind `import { map } from 'tutti'`, and its methods as functions. */
import { registrySlot } from '../base/registry.ts';
import type { Executor } from '../executor/executor.ts';
import { threads } from './threads.ts';

const slot = registrySlot<Executor>('default executor', 1);

/** Started with the first call; it lets the process exit when idle, so nobody has to close it. */
function shared(): Executor {
  const found = slot.get();
  if (found !== undefined && !found.closed) return found;
  const made = threads({ name: 'default' });
  slot.set(made);
  return made;
}

/** A method of the default executor as a function of its own, looked up at each call. */
function method<K extends keyof Executor>(name: K): Executor[K] {
  const call = (...args: unknown[]): unknown => {
    const executor = shared();
    return (executor[name] as (...args: unknown[]) => unknown).apply(executor, args);
  };
  return call as Executor[K];
}

/**
 * {@link Executor.submit} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { submit } from 'tutti';
 * const sum = await submit((a: number, b: number) => a + b, 2, 3);
 * sum; // => 5
 * ```
 */
export const submit = method('submit');

/**
 * {@link Executor.submitSync} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { submitSync } from 'tutti';
 * submitSync((a: number, b: number) => a + b, 2, 3); // => 5
 * ```
 */
export const submitSync = method('submitSync');

/**
 * {@link Executor.map} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { map } from 'tutti';
 * const squares = await map([1, 2, 3], (x) => x * x);
 * squares; // => [1, 4, 9]
 * ```
 */
export const map = method('map');

/**
 * {@link Executor.mapSync} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { mapSync } from 'tutti';
 * mapSync([1, 2, 3], (x) => x * x); // => [1, 4, 9]
 * ```
 */
export const mapSync = method('mapSync');

/**
 * {@link Executor.starmap} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { starmap } from 'tutti';
 * const powers = await starmap([[2, 3], [3, 2]] as const, (base, exponent) => base ** exponent);
 * powers; // => [8, 9]
 * ```
 */
export const starmap = method('starmap');

/**
 * {@link Executor.stream} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { stream } from 'tutti';
 * const lengths: number[] = [];
 * for await (const length of stream(['a', 'bb', 'ccc'], (word) => word.length)) lengths.push(length);
 * lengths; // => [1, 2, 3]
 * ```
 */
export const stream = method('stream');

/**
 * {@link Executor.forEach} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { forEach, shared } from 'tutti';
 * const seen = shared(Int32Array, 3);
 * await forEach([0, 1, 2], (i) => { seen[i] = i + 1; });
 * Array.from(seen); // => [1, 2, 3]
 * ```
 */
export const forEach = method('forEach');

/**
 * {@link Executor.filter} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { filter } from 'tutti';
 * const even = await filter([1, 2, 3, 4], (x) => x % 2 === 0);
 * even; // => [2, 4]
 * ```
 */
export const filter = method('filter');

/**
 * {@link Executor.flatMap} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { flatMap } from 'tutti';
 * const words = await flatMap(['to be', 'or not'], (line) => line.split(' '));
 * words; // => ['to', 'be', 'or', 'not']
 * ```
 */
export const flatMap = method('flatMap');

/**
 * {@link Executor.reduce} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { reduce } from 'tutti';
 * const sum = await reduce([1, 2, 3, 4], (a, b) => a + b, 0);
 * sum; // => 10
 * ```
 */
export const reduce = method('reduce');

/**
 * {@link Executor.mapReduce} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { mapReduce } from 'tutti';
 * const letters = (word: string) => [...word].map((letter): [string, number] => [letter, 1]);
 * const counts = await mapReduce(['abba', 'baob'], letters, (a, b) => a + b);
 * counts; // => new Map([['a', 3], ['b', 4], ['o', 1]])
 * ```
 */
export const mapReduce = method('mapReduce');

/**
 * {@link Executor.find} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { find } from 'tutti';
 * const hit = await find([3, 8, 5, 12], (x) => x > 6);
 * hit; // => 8
 * ```
 */
export const find = method('find');

/**
 * {@link Executor.findIndex} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { findIndex } from 'tutti';
 * const at = await findIndex([3, 8, 5, 12], (x) => x > 6);
 * at; // => 1
 * ```
 */
export const findIndex = method('findIndex');

/**
 * {@link Executor.some} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { some } from 'tutti';
 * const any = await some([1, 2, 3], (x) => x > 2);
 * any; // => true
 * ```
 */
export const some = method('some');

/**
 * {@link Executor.every} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { every } from 'tutti';
 * const all = await every([1, 2, 3], (x) => x > 2);
 * all; // => false
 * ```
 */
export const every = method('every');

/**
 * {@link Executor.for} on the process-wide `threads()`; `for` itself is a reserved word.
 * @example
 * ```ts
 * import { parallelFor, shared } from 'tutti';
 * const a = shared(Float64Array, [1, 2, 3]);
 * const out = shared(Float64Array, 3);
 * await parallelFor(3, (i) => { out[i] = 2 * (a[i] as number); });
 * Array.from(out); // => [2, 4, 6]
 * ```
 */
export const parallelFor = method('for');

/**
 * {@link Executor.broadcast} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { broadcast, context } from 'tutti';
 * const ids = await broadcast(() => context().workerId);
 * new Set(ids).size === ids.length; // => true
 * ```
 */
export const broadcast = method('broadcast');

/**
 * {@link Executor.actor} on the process-wide `threads()`.
 * @example
 * ```ts
 * import { actor } from 'tutti';
 * class Greeter {
 *   greet(name: string): string { return `hello ${name}`; }
 * }
 * await using greeter = await actor(Greeter);
 * await greeter.greet('you'); // => 'hello you'
 * ```
 */
export const actor = method('actor');
