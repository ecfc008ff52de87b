/** Values into their wire form. */
import type { Transferable } from 'node:worker_threads';
import { Graph } from './graph.ts';
import type { Packed } from './wire.ts';

/** Options of {@link pack}. */
export interface PackOptions {
  /** What errors call the value; `value` by default. */
  readonly root?: string | undefined;
  /** The message goes back to where functions came from: those travel as references to their originals. */
  readonly reply?: boolean | undefined;
  /** Receives what `move()` marked. */
  readonly transfer?: Transferable[] | undefined;
  /** While this object lives, functions that were sent can be found when a reply names them; default: the result. */
  readonly holder?: object | undefined;
}

/**
 * The wire form of any value that can travel, functions and instances included.
 *
 * The result refers to the plain data in `value`: post (or clone) it before that changes.
 *
 * @throws CaptureError naming the path of what cannot travel, the function that captured it and the position
 */
export function pack(value: unknown, options: PackOptions = {}): Packed {
  return new Graph(options).pack(value, {
    up: undefined,
    kind: 'name',
    label: options.root ?? rootName(value),
  });
}

function rootName(value: unknown): string {
  return typeof value === 'function' && value.name !== ''
    ? value.name
    : typeof value === 'function'
      ? 'function'
      : 'value';
}
