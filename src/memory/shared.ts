/** Typed arrays over memory that all threads see. */
import { types } from 'node:util';
import { show } from '../base/options.ts';

/** The constructor of any typed array, such as `Float64Array`. */
export type TypedArrayConstructor =
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Uint8ClampedArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor
  | Float16ArrayLikeConstructor;

/** `Float16Array` (Node ≥ 24), described without needing a `lib` that knows it. */
export interface Float16ArrayLikeConstructor {
  readonly prototype: { readonly [Symbol.toStringTag]: 'Float16Array' };
  readonly BYTES_PER_ELEMENT: number;
}

/** What {@link shared} returns for the constructor `C`: `Float64Array<SharedArrayBuffer>` for `Float64Array`. */
export type SharedArray<C extends TypedArrayConstructor> = C extends Int8ArrayConstructor
  ? Int8Array<SharedArrayBuffer>
  : C extends Uint8ArrayConstructor
    ? Uint8Array<SharedArrayBuffer>
    : C extends Uint8ClampedArrayConstructor
      ? Uint8ClampedArray<SharedArrayBuffer>
      : C extends Int16ArrayConstructor
        ? Int16Array<SharedArrayBuffer>
        : C extends Uint16ArrayConstructor
          ? Uint16Array<SharedArrayBuffer>
          : C extends Int32ArrayConstructor
            ? Int32Array<SharedArrayBuffer>
            : C extends Uint32ArrayConstructor
              ? Uint32Array<SharedArrayBuffer>
              : C extends Float32ArrayConstructor
                ? Float32Array<SharedArrayBuffer>
                : C extends Float64ArrayConstructor
                  ? Float64Array<SharedArrayBuffer>
                  : C extends BigInt64ArrayConstructor
                    ? BigInt64Array<SharedArrayBuffer>
                    : C extends BigUint64ArrayConstructor
                      ? BigUint64Array<SharedArrayBuffer>
                      : C extends { readonly prototype: infer P }
                        ? P & { readonly buffer: SharedArrayBuffer }
                        : never;

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
 * @param Ctor the class of the array: any typed array, `Float16Array` too where the engine has it
 * @param n the number of elements, an integer ≥ 0; or the values: an array, a typed array, anything with `length` and
 *   elements, or any iterable. Values are copied, and converted as the typed array's own constructor does
 * @returns the array, with a `SharedArrayBuffer` of exactly its size as `buffer`
 * @throws TypeError when `Ctor` is no typed array class, `n` is neither a number nor values, or a value does not fit
 *   the class (a number in a `BigInt64Array`)
 * @throws RangeError when `n` is negative, not an integer, or more than the engine can allocate
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
): SharedArray<C> {
  if (!isTypedArrayClass(Ctor)) {
    throw new TypeError(
      `shared(): the first argument must be a typed array class such as Float64Array, not ${show(Ctor)}`,
    );
  }
  const Typed = Ctor as unknown as new (buffer: SharedArrayBuffer) => Settable;
  if (typeof n === 'number') return new Typed(allocate(Ctor, n)) as unknown as SharedArray<C>;
  const values = toArrayLike(n);
  const array = new Typed(allocate(Ctor, values.length));
  array.set(values);
  return array as unknown as SharedArray<C>;
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

const TypedArray = Object.getPrototypeOf(Int8Array) as { prototype: object };

/** A typed array class itself, not one derived from it: `Buffer` and the like have constructors of other shapes. */
function isTypedArrayClass(Ctor: unknown): boolean {
  return (
    typeof Ctor === 'function' &&
    Object.hasOwn(Ctor, 'BYTES_PER_ELEMENT') &&
    typeof Ctor.prototype === 'object' &&
    (Object.getPrototypeOf(Ctor) as unknown) === TypedArray
  );
}

function allocate(Ctor: TypedArrayConstructor, n: number): SharedArrayBuffer {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new RangeError(`shared(): the number of elements must be an integer of at least 0, but got ${n}`);
  }
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
