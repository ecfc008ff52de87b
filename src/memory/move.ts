/** Marks for "transfer this, do not copy it": set by the caller, consumed by whoever sends. */
import { types } from 'node:util';
import * as workerThreads from 'node:worker_threads';
import { show } from '../base/options.ts';
import { mappingOf } from './mapped.ts';
import { mark } from './moved.ts';

/**
 * What {@link move} accepts: memory that can change hands, and the objects of the platform that can.
 *
 * A parameter declared as `Float64Array` may be over shared memory as far as types know: that is told at run time.
 */
export type Movable =
  | ArrayBuffer
  | ArrayBufferView
  | workerThreads.MessagePort
  | ReadableStream
  | WritableStream
  | TransformStream
  | FileHandleLike;

/** A `FileHandle` of `node:fs/promises`. */
export interface FileHandleLike {
  readonly fd: number;
  close(): Promise<void>;
}

interface ReadableStream {
  readonly locked: boolean;
  getReader(...options: never[]): unknown;
}
interface WritableStream {
  readonly locked: boolean;
  getWriter(): unknown;
}
interface TransformStream {
  readonly readable: unknown;
  readonly writable: unknown;
}

const TRANSFERABLE_TAGS = new Set(['MessagePort', 'ReadableStream', 'WritableStream', 'TransformStream']);

/**
 * Marks `x` to be transferred, not copied, the next time it is sent to a worker or returned from one.
 *
 * Transfer hands the memory over in constant time, whatever its size (64 MB: below 1 ms, a copy takes about 0.1 s).
 * The call itself moves nothing and returns `x`: write `pool.submit(f, move(data))`, or `return move(out)` in a task.
 * The mark is used up by the send. From then on the sender's side is detached: a typed array has length 0, elements
 * read as `undefined`, and its methods throw `TypeError: Cannot perform … on a detached ArrayBuffer`.
 *
 * For a view, its whole `ArrayBuffer` moves, with all other views of it. An executor that calls functions in place
 * (`serial()`) leaves everything where it is, and the mark with it: the next send moves it.
 *
 * @param x an `ArrayBuffer`, a typed array or `DataView` over one, a `MessagePort`, a web stream or a `FileHandle`
 * @returns `x` itself
 * @throws TypeError when `x` cannot change hands: memory that is shared (it needs no move: all threads see it),
 *   already detached, or part of the pool that small Node `Buffer`s are cut from; and for anything else
 *
 * Private mappings (`mapFile()` in mode `'copy'`, large arguments in a worker process) cannot change hands: they are copied, and
 * the sender keeps them.
 *
 * Moved memory has one receiver. A retry cannot send it again, and a function that several workers run cannot capture
 * it: give it as an argument.
 *
 * @example
 * ```ts
 * import { move, submit } from 'tutti';
 *
 * const data = new Float64Array([1, 2, 3]);
 * await submit((xs: Float64Array) => xs.reduce((a, b) => a + b), move(data)); // => 6
 * data.length; // => 0
 * ```
 */
export function move<T extends Movable>(x: T): T {
  mark(transferTarget(x));
  return x;
}

/**
 * The path to memory in `value` that has changed hands, such as `args[0].data`; undefined when all is there. Looks at
 * own properties, elements, and entries of maps and sets.
 */
export function pathToMoved(value: unknown, path: string): string | undefined {
  const seen = new Set<unknown>();
  const open: [object: object, path: string][] = [];
  const visit = (at: unknown, name: string): void => {
    if (typeof at === 'object' && at !== null) open.push([at, name]);
  };
  visit(value, path);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [at, name] = next;
    if (seen.has(at)) continue;
    seen.add(at);
    const buffer = ArrayBuffer.isView(at) ? at.buffer : at;
    if (types.isAnyArrayBuffer(buffer)) {
      if (isDetached(buffer)) return name;
    } else if (Array.isArray(at)) {
      for (let i = at.length - 1; i >= 0; i--) if (typeof at[i] === 'object') visit(at[i], `${name}[${i}]`);
    } else {
      if (types.isMap(at) || types.isSet(at)) {
        for (const [key, item] of at.entries()) {
          visit(key, `${name}.keys()`);
          visit(item, `${name}.values()`);
        }
      }
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
        visit(value, `${name}.${key}`);
    }
  }
  return undefined;
}

/** The object that goes into a transfer list for `x`. */
function transferTarget(x: unknown): object {
  if (ArrayBuffer.isView(x)) {
    const { buffer } = x;
    if (x instanceof Buffer && x.byteLength < buffer.byteLength) {
      throw new TypeError(
        `cannot move this Buffer: it is a part (${x.byteLength} of ${buffer.byteLength} bytes) of memory that other ` +
          'Buffers use; move a copy made by Uint8Array.from(), or allocate with Buffer.allocUnsafeSlow()',
      );
    }
    return ownBuffer(buffer);
  }
  if (types.isAnyArrayBuffer(x)) return ownBuffer(x);
  if (typeof x === 'object' && x !== null) {
    const tag = (x as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    if (typeof tag === 'string' && TRANSFERABLE_TAGS.has(tag)) return x;
    if (x.constructor?.name === 'FileHandle' || x.constructor?.name === 'MessagePort') return x;
  }
  throw new TypeError(
    `cannot move ${show(x)}: only an ArrayBuffer, a typed array or DataView over one, a MessagePort, a web stream ` +
      'or a FileHandle can change hands; other values are copied without being asked',
  );
}

function ownBuffer(buffer: ArrayBufferLike): ArrayBuffer {
  if (types.isSharedArrayBuffer(buffer)) {
    throw new TypeError(
      'cannot move shared memory: every thread sees it already; send it without move(), only a handle travels',
    );
  }
  const mapping = mappingOf(buffer);
  // A private mapping looks like any other buffer to its user: it is copied when it is sent.
  if (mapping !== undefined && mapping.handle === undefined) return buffer;
  if (mapping !== undefined) {
    throw new TypeError(
      'cannot move mapped memory: all processes can see it; send it without move(), or its handle',
    );
  }
  if (isDetached(buffer)) {
    throw new TypeError(
      'cannot move this ArrayBuffer: it is detached, so it was moved before; its memory is elsewhere',
    );
  }
  if (isUntransferable(buffer)) {
    throw new TypeError(
      'cannot move this ArrayBuffer: its owner marked it as untransferable; send it without move() to copy it',
    );
  }
  return buffer;
}

/** Node ≥ 21 can tell; before, only the attempt to look inside does. */
function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  const { detached } = buffer as { detached?: boolean };
  if (detached !== undefined) return detached;
  try {
    return new Uint8Array(buffer).length < 0;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}

/** Node ≥ 21 can tell; before, the send fails with a DataCloneError. */
function isUntransferable(buffer: object): boolean {
  const ask = (workerThreads as { isMarkedAsUntransferable?: (x: object) => boolean })
    .isMarkedAsUntransferable;
  return ask?.(buffer) === true;
}
