/** `task()`: a function captured once. */
import type { AnyFunction } from './function-type.ts';
import { pin } from './pins.ts';
import { snapshot } from './capture.ts';
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
  const stated = second === undefined ? undefined : (first as Readonly<Record<string, unknown>>);
  const graph = new Graph({ stated, root: fn });
  const label = fn.name === '' ? 'function' : fn.name;
  const packed = snapshot(graph.pack(fn, { up: undefined, kind: 'name', label }));
  graph.hold(packed);
  const wrapped = {
    [fn.name](this: unknown, ...args: never[]) {
      return fn.apply(this, args);
    },
  }[fn.name] as F;
  pin(wrapped, { fn, stated, packed });
  return wrapped;
}
