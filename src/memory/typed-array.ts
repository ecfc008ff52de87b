/** The typed array classes, as types and at run time. */

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

/** The typed array of the class `C` over a buffer `B`: `Float64Array<SharedArrayBuffer>` for `Float64Array`. */
export type TypedArrayOver<
  C extends TypedArrayConstructor,
  B extends ArrayBufferLike,
> = C extends Int8ArrayConstructor
  ? Int8Array<B>
  : C extends Uint8ArrayConstructor
    ? Uint8Array<B>
    : C extends Uint8ClampedArrayConstructor
      ? Uint8ClampedArray<B>
      : C extends Int16ArrayConstructor
        ? Int16Array<B>
        : C extends Uint16ArrayConstructor
          ? Uint16Array<B>
          : C extends Int32ArrayConstructor
            ? Int32Array<B>
            : C extends Uint32ArrayConstructor
              ? Uint32Array<B>
              : C extends Float32ArrayConstructor
                ? Float32Array<B>
                : C extends Float64ArrayConstructor
                  ? Float64Array<B>
                  : C extends BigInt64ArrayConstructor
                    ? BigInt64Array<B>
                    : C extends BigUint64ArrayConstructor
                      ? BigUint64Array<B>
                      : C extends { readonly prototype: infer P }
                        ? P & { readonly buffer: B }
                        : never;

const TypedArray = Object.getPrototypeOf(Int8Array) as { prototype: object };

/** A typed array class itself, not one derived from it: `Buffer` and the like have constructors of other shapes. */
export function isTypedArrayClass(Ctor: unknown): boolean {
  return (
    typeof Ctor === 'function' &&
    Object.hasOwn(Ctor, 'BYTES_PER_ELEMENT') &&
    typeof Ctor.prototype === 'object' &&
    (Object.getPrototypeOf(Ctor) as unknown) === TypedArray
  );
}
