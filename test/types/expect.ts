/** Statements about types, checked by the compiler alone. */

/** `true` when two types are the same, also in what is optional, read-only or `any`. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles when `T` is `true`: `check<Same<typeof x, number>>();`. */
export function check<_T extends true>(): void {
  // Nothing happens at run time.
}
