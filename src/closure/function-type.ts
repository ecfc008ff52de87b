/** Any function or method, whatever its parameters. */
export type AnyFunction = (...args: never[]) => unknown;
