/** `task()`: a function captured once. */
import type { AnyFunction } from './function-type.ts';
import { pin } from './capture.ts';
import { Graph } from './graph.ts';

/**
 * Captures a function once, to be sent many times.
 *
 * Variables are read now: what changes later is not seen by calls through an executor. `task({ factor, helper }, fn)`
 * states the variables instead of reading them through the inspector, for runtimes that have none; a name that is
 * neither stated nor a standard global is an error.
 *
 * @returns a function that calls `fn` when called here
 * @throws CaptureError when something `fn` reaches cannot travel, or (with stated variables) a name is missing
 *
 * @example
 * ```ts
 * import { task } from 'tutti';
 *
 * const factor = 3;
 * const scale = task((x: number) => x * factor);
 * scale(2); // => 6
 * const scale2 = task({ factor }, (x: number) => x * factor);
 * scale2(2); // => 6
 * ```
 */
export function task<F extends AnyFunction>(fn: F): F;
export function task<F extends AnyFunction>(stated: Readonly<Record<string, unknown>>, fn: F): F;
export function task<F extends AnyFunction>(first: F | Readonly<Record<string, unknown>>, second?: F): F {
  const fn = (second ?? first) as F;
  if (typeof fn !== 'function') throw new TypeError('task(fn) and task({ name, … }, fn) take a function');
  const graph = new Graph({
    stated: second === undefined ? undefined : (first as Readonly<Record<string, unknown>>),
    root: fn,
  });
  const packed = structuredClone(
    graph.pack(fn, { up: undefined, kind: 'name', label: fn.name || 'function' }),
  );
  const wrapped = { [fn.name]: (...args: never[]) => fn(...args) }[fn.name]! as F;
  pin(wrapped, packed);
  return wrapped;
}
