/** Functions made by `task()`: what they stand for. */
import type { AnyFunction } from './function-type.ts';
import type { Packed } from './wire.ts';

/** A function with the capture that was made of it. */
export interface Pinned {
  readonly fn: AnyFunction;
  /** Variables that were given by name, when they were. */
  readonly stated: Readonly<Record<string, unknown>> | undefined;
  readonly packed: Packed;
}

const pins = new WeakMap<object, Pinned>();

/** Notes that `wrapped` stands for a captured function. */
export function pin(wrapped: AnyFunction, pinned: Pinned): void {
  pins.set(wrapped, pinned);
}

/** What a function made by `task()` stands for. */
export function pinOf(fn: object): Pinned | undefined {
  return pins.get(fn);
}
