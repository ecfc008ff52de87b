/** Errors that arrive: of the standard classes, with the message, stack and cause that they had. */
import type { ERROR_NAMES } from './format.ts';

/** Defines a property as engines define those of errors. */
export function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}

/** An error of a standard class; nobody waits for the stack of this place. */
export function withoutStack(name: (typeof ERROR_NAMES)[number]): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new (globalThis as unknown as Record<typeof name, ErrorConstructor>)[name]();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
