/** The caller's side of an error that comes from a worker. */
import { isOwnFrame } from '../base/own-frames.ts';

/** Where a call was made. V8 keeps the frames; text is made of them only when `stack` is read. */
export interface Caller {
  readonly stack?: string;
  /** Stands for several calls in a row. */
  readonly shared?: boolean;
}

type Method = (...args: never[]) => unknown;

/** Remembers the frames above the function `below` (the surface's own method, which is left out). */
export function captureCaller(below: Method): Caller {
  const caller: Caller = {};
  Error.captureStackTrace(caller, below);
  return caller;
}

/** The caller of a call that blocks: as long as it does, its frames are where they were, and are read only for an error. */
export function blockedCaller(below: Method): Caller {
  return {
    get stack() {
      return captureCaller(below).stack ?? '';
    },
  };
}

/** Calls in a row, of one function, that get a capture of their own: it costs more than all the rest of a submit. */
const OWN_CAPTURES = 32;
/** Calls that one capture stands for at most. */
const SHARED_CAPTURES = 1024;
/** A pause of this many milliseconds ends a row. */
const PAUSE_MS = 20;

const noStretch = {};

/** Weakly: a function keeps all the data around it alive. */
let rowOf: WeakRef<object> | undefined;
let row = 0;
let rowCaller: Caller | undefined;
/** When the row went on last. */
let rowAt = 0;
/** The function of the row while the program goes on without a break: nobody has to ask what time it is. */
let stretchOf: unknown = noStretch;

/**
 * The caller of `fn` for calls that come by the thousand: past {@link OWN_CAPTURES} calls of one function in a row, one
 * capture stands for the next ones (a loop; the error says so). Another function ends the row, and so does a pause.
 */
export function captureInRow(below: Method, fn: unknown): Caller {
  if (fn !== stretchOf) beginStretch(fn);
  if (rowCaller !== undefined && ++row % SHARED_CAPTURES !== 0) return rowCaller;
  const caller = captureCaller(below);
  if (rowCaller !== undefined || ++row === OWN_CAPTURES) rowCaller = new SharedCaller(caller);
  return caller;
}

/** Goes on with the row, or begins another. */
function beginStretch(fn: unknown): void {
  const now = Date.now();
  if (rowOf?.deref() !== fn || Math.abs(now - rowAt) > PAUSE_MS) {
    rowOf = typeof fn === 'function' ? new WeakRef(fn) : undefined;
    row = 0;
    rowCaller = undefined;
  }
  rowAt = now;
  if (stretchOf === noStretch) queueMicrotask(endStretch);
  stretchOf = fn;
}

function endStretch(): void {
  stretchOf = noStretch;
  rowAt = Date.now();
}

class SharedCaller implements Caller {
  readonly shared = true;
  readonly #caller: Caller;
  constructor(caller: Caller) {
    this.#caller = caller;
  }
  get stack(): string {
    return this.#caller.stack ?? '';
  }
}

/** Errors that already name a task and its caller: one object may end several tasks, or the same one after retries. */
const told = new WeakSet<object>();

/**
 * Appends to `error.stack` which task and item it ended, and the stack of the caller. `where` is such as
 * `score (task #12, item 3)`.
 *
 * What is not an error with a writable stack (a primitive, a frozen object, a proxy that objects) stays as it was thrown.
 */
export function appendCaller(error: unknown, where: string, caller: Caller): void {
  if (typeof error !== 'object' || error === null || told.has(error)) return;
  let stack: unknown;
  try {
    if (!Object.isExtensible(error)) return;
    stack = (error as Error).stack;
    if (typeof stack !== 'string') return;
  } catch {
    // A getter or a proxy of the user's that throws: then this is no error that we could add to.
    return;
  }
  const from = caller.shared ? 'called from here, or from a call shortly after' : 'called from';
  const text = `${withoutMachinery(stack)}\n    at ${where}\n    --- ${from} ---${framesOf(caller)}`;
  if (setStack(error, text)) told.add(error);
  trimCauses(error);
}

/** The causes of an error and the members of an AggregateError lose the same frames; nothing is added to them. */
function trimCauses(error: object, depth = 0): void {
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  for (const inner of [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]) {
    if (!(inner instanceof Error) || depth > 8 || told.has(inner)) continue;
    if (typeof inner.stack === 'string') setStack(inner, withoutMachinery(inner.stack));
    trimCauses(inner, depth + 1);
  }
}

/** A remote stack up to the frames that ran the user's function: those are the same for every task. */
function withoutMachinery(stack: string): string {
  const lines = stack.split('\n');
  const first = lines.findIndex(isOwnFrame);
  return first < 0 ? stack : lines.slice(0, first).join('\n');
}

function setStack(error: object, text: string): boolean {
  try {
    return Reflect.defineProperty(error, 'stack', {
      value: text,
      writable: true,
      enumerable: false,
      configurable: true,
    });
  } catch {
    // A proxy whose trap throws.
    return false;
  }
}

/** The frames without the first line (`Error`, `Object` … : the name of the object that carried them). */
function framesOf(caller: Caller): string {
  const stack = caller.stack ?? '';
  const end = stack.indexOf('\n');
  const frames = end < 0 ? '' : stack.slice(end);
  return frames
    .split('\n')
    .filter((line) => !isOwnFrame(line))
    .join('\n');
}
