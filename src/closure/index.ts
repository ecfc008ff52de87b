/** Functions that travel: capture with everything they reach, and rebuild elsewhere. */
export type AnyFunction = (...args: never[]) => unknown;
