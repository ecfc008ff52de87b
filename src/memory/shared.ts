/** Typed arrays over memory that all threads see. */
import { types } from 'node:util';
import { MissingPackageError, UnsupportedError } from '../base/errors.ts';
import { oneOf, optionChecker, show } from '../base/options.ts';
import { registrySlot } from '../base/registry.ts';
import { nativeProblem } from './native.ts';
import { segment } from './segment.ts';
import { isTypedArrayClass, type TypedArrayConstructor, type TypedArrayOver } from './typed-array.ts';

/** What {@link shared} returns for the constructor `C`: `Float64Array<SharedArrayBuffer>` for `Float64Array`. */
export type SharedArray<C extends TypedArrayConstructor> = TypedArrayOver<C, SharedArrayBuffer>;

/** Who sees the memory of {@link shared}. */
export interface SharedOptions {
  /** `'threads'` of this process (the default), or all `'processes'` of this machine. */
  across?: 'threads' | 'processes';
}

/** What the elements of {@link SharedArray} are made from: `bigint` for the two 64-bit integer arrays, else `number`. */
export type SharedElement<C extends TypedArrayConstructor> = C extends
  BigInt64ArrayConstructor | BigUint64ArrayConstructor
  ? bigint
  : number;

/**
 * A typed array over new shared memory, with `n` zeros or with the given values.
 *
 * Sent to a worker (as an argument, as a captured variable, in an object, as a result) it travels as a handle: no byte
 * is copied, whatever its size, and all threads read and write the same elements from then on. The memory lives until
 * no thread refers to it.
 *
 * Plain reads and writes of an element that another thread writes meanwhile are a data race: use `Atomics` (integer
 * arrays), or let each task write elements of its own, and read them after its promise has settled – everything that
 * a task wrote is visible then.
 *
 * With `{ across: 'processes' }` the memory is a {@link segment}: child processes of `processes()` see it as well, without a
 * copy. Its `buffer` is an `ArrayBuffer` then, on which `Atomics.wait` does not work. It needs the optional package koffi;
 * without it, and on Windows, a warning says once that the memory is shared between the threads of this process only.
 *
 * @param Ctor the class of the array: any typed array, `Float16Array` too where the engine has it
 * @param n the number of elements, an integer ≥ 0; or the values: an array, a typed array, anything with `length` and
 *   elements, or any iterable. Values are copied, and converted as the typed array's own constructor does
 * @param options `across`: who sees it, `'threads'` (default) or `'processes'`
 * @returns the array, with a `SharedArrayBuffer` of exactly its size as `buffer`; across processes, with an `ArrayBuffer` that
 *   may be longer
 * @throws TypeError when `Ctor` is no typed array class, `n` is neither a number nor values, or a value does not fit
 *   the class (a number in a `BigInt64Array`)
 * @throws RangeError when `n` is negative, not an integer, or more than the engine can allocate
 * @throws SharedMemoryError across processes, when there is not that much free
 *
 * @example
 * ```ts
 * import { shared, parallelFor } from 'tutti';
 *
 * const a = shared(Float64Array, [1, 4, 9]);
 * const out = shared(Float64Array, a.length);
 * await parallelFor(a.length, (i) => { out[i] = Math.sqrt(a[i]!); });
 * Array.from(out); // => [1, 2, 3]
 * ```
 */
export function shared<const C extends TypedArrayConstructor>(
  Ctor: C,
  n: number | Iterable<SharedElement<C>> | ArrayLike<SharedElement<C>>,
  options?: SharedOptions & { across?: 'threads' },
): SharedArray<C>;
export function shared<const C extends TypedArrayConstructor>(
  Ctor: C,
  n: number | Iterable<SharedElement<C>> | ArrayLike<SharedElement<C>>,
  options: SharedOptions,
): TypedArrayOver<C, ArrayBufferLike>;
export function shared<const C extends TypedArrayConstructor>(
  Ctor: C,
  n: number | Iterable<SharedElement<C>> | ArrayLike<SharedElement<C>>,
  options?: SharedOptions,
): TypedArrayOver<C, ArrayBufferLike> {
  if (!isTypedArrayClass(Ctor)) {
    throw new TypeError(
      `shared(): the first argument must be a typed array class such as Float64Array, not ${show(Ctor)}`,
    );
  }
  const { across } = checkOptions(options);
  const values = typeof n === 'number' ? undefined : toArrayLike(n);
  const length = values?.length ?? (n as number);
  checkLength(length);
  const Typed = Ctor as unknown as new (buffer: ArrayBufferLike, at: number, length: number) => Settable;
  const memory =
    across === 'processes' && acrossProcesses()
      ? segment(Math.max(1, length * Ctor.BYTES_PER_ELEMENT)).buffer
      : allocate(Ctor, length);
  if (across === 'processes' && memory instanceof SharedArrayBuffer) forAll.add(memory);
  const array = new Typed(memory, 0, length);
  if (values !== undefined) array.set(values);
  return array as unknown as TypedArrayOver<C, ArrayBufferLike>;
}

/** Memory that was meant for all processes, where only threads can have it. */
const forAll = new WeakSet<SharedArrayBuffer>();

/** Whether `shared(…, { across: 'processes' })` made it for want of memory that processes can share: they get copies. */
export function isForAll(buffer: SharedArrayBuffer): boolean {
  return forAll.has(buffer);
}

const checkOptions = optionChecker('shared', { across: oneOf('threads', 'processes') });

const warned = registrySlot<boolean>('shared-warned', 1);

/** Whether there is memory that all processes see; says once why there is not. */
function acrossProcesses(): boolean {
  const problem = nativeProblem('shared() across processes');
  if (problem === undefined) return true;
  if (!(problem instanceof MissingPackageError || problem instanceof UnsupportedError)) throw problem;
  if (warned.get() !== true) {
    warned.set(true);
    process.emitWarning(
      `${problem.message}; until then only the threads of this process share the memory: ` +
        'other processes get copies, and what they write to them is lost',
      { type: 'TuttiWarning', code: problem.code },
    );
  }
  return false;
}

/**
 * Whether `x` is shared memory: a `SharedArrayBuffer`, or a typed array or `DataView` over one.
 *
 * Such a value is sent as a handle, every other buffer is copied unless it is moved.
 *
 * @example
 * ```ts
 * import { isShared, shared } from 'tutti';
 *
 * isShared(shared(Int32Array, 4)); // => true
 * isShared(new Int32Array(4)); // => false
 * ```
 */
export function isShared(x: unknown): x is SharedArrayBuffer | ArrayBufferView<SharedArrayBuffer> {
  return types.isSharedArrayBuffer(ArrayBuffer.isView(x) ? x.buffer : x);
}

type Settable = { set(values: ArrayLike<unknown>): void };

function checkLength(n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new RangeError(`shared(): the number of elements must be an integer of at least 0, but got ${n}`);
  }
}

function allocate(Ctor: TypedArrayConstructor, n: number): SharedArrayBuffer {
  const byteLength = n * Ctor.BYTES_PER_ELEMENT;
  try {
    return new SharedArrayBuffer(byteLength);
  } catch (cause) {
    throw new RangeError(`shared(): cannot allocate ${n} elements (${byteLength} bytes): ${String(cause)}`, {
      cause,
    });
  }
}

function toArrayLike(values: unknown): ArrayLike<unknown> {
  if (typeof values === 'object' && values !== null) {
    if (Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView))) {
      return values as unknown as ArrayLike<unknown>;
    }
    if (Symbol.iterator in values) return Array.from(values as Iterable<unknown>);
    const { length } = values as { length?: unknown };
    if (Number.isSafeInteger(length) && (length as number) >= 0) return values as ArrayLike<unknown>;
  }
  throw new TypeError(
    `shared(): the second argument must be a number of elements, or an array or iterable of values, not ${show(values)}`,
  );
}
