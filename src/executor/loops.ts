/**
 * The innermost loops, one fresh copy per user function.
 *
 * A loop that is shared by all tasks sees many call targets, becomes megamorphic and no longer inlines the body
 * (three to ten times slower for a body such as `x * x`). Compiling the loop's text again for each function gives
 * each its own type feedback. The text is constant: nothing of the user's is compiled here.
 */
import type { AnyFunction } from '../closure/function-type.ts';

/** Where a loop stopped early, and why. */
export interface LoopExit {
  /** `value`: the body returned what the loop cannot store; `error`: it threw. */
  kind: 'none' | 'value' | 'error';
  value: unknown;
}

/** Runs items `k ≤ i < end` (item `i` is `items[i - shift]`), stores results from `out[at]` on, returns the `i` it stopped at. */
export type NumberLoop = (
  body: AnyFunction,
  items: ArrayLike<unknown>,
  shift: number,
  k: number,
  end: number,
  out: Float64Array,
  at: number,
  current: Int32Array,
  exit: LoopExit,
) => number;

/** Runs `body(start + i * step)` for `k ≤ i < end`, returns the `i` it stopped at. */
export type IndexLoop = (
  body: AnyFunction,
  start: number,
  step: number,
  k: number,
  end: number,
  current: Int32Array,
  exit: LoopExit,
) => number;

/** `acc = body(acc, items[i - shift])` for `k ≤ i < end`; `exit.value` holds the accumulator on entry and on return. */
export type FoldLoop = (
  body: AnyFunction,
  items: ArrayLike<unknown>,
  shift: number,
  k: number,
  end: number,
  current: Int32Array,
  exit: LoopExit,
) => number;

const mapNumbers: NumberLoop = function mapNumbers(body, items, shift, k, end, out, at, current, exit) {
  const call = body as unknown as (item: unknown) => unknown;
  try {
    for (; k < end; k++) {
      current[0] = k;
      const value = call(items[k - shift]);
      if (typeof value !== 'number') {
        exit.kind = 'value';
        exit.value = value;
        return k;
      }
      out[at++] = value;
    }
  } catch (error) {
    exit.kind = 'error';
    exit.value = error;
  }
  return k;
};

const eachIndex: IndexLoop = function eachIndex(body, start, step, k, end, current, exit) {
  const call = body as unknown as (index: number) => unknown;
  try {
    for (; k < end; k++) {
      current[0] = k;
      const value = call(start + k * step);
      // Only a promise is of interest: everything else that the body returns is dropped.
      if (typeof value === 'object' && value !== null) {
        if (typeof (value as { then?: unknown }).then !== 'function') continue;
        exit.kind = 'value';
        exit.value = value;
        return k;
      }
    }
  } catch (error) {
    exit.kind = 'error';
    exit.value = error;
  }
  return k;
};

const foldItems: FoldLoop = function foldItems(body, items, shift, k, end, current, exit) {
  const call = body as unknown as (acc: unknown, item: unknown) => unknown;
  let acc = exit.value;
  try {
    for (; k < end; k++) {
      current[0] = k;
      acc = call(acc, items[k - shift]);
      if (typeof acc === 'object' && acc !== null && typeof (acc as { then?: unknown }).then === 'function') {
        exit.kind = 'value';
        exit.value = acc;
        return k;
      }
    }
    exit.value = acc;
  } catch (error) {
    exit.kind = 'error';
    exit.value = error;
  }
  return k;
};

interface Loops {
  number?: NumberLoop;
  index?: IndexLoop;
  fold?: FoldLoop;
}

const loops = new WeakMap<AnyFunction, Loops>();
let copies = 0;

function loopsOf(body: AnyFunction): Loops {
  let own = loops.get(body);
  if (own === undefined) loops.set(body, (own = {}));
  return own;
}

/** A new copy of the loop: the counter in the text keeps V8's compilation cache from handing out a shared one. */
function freshCopy<L extends NumberLoop | IndexLoop | FoldLoop>(loop: L): L {
  try {
    return new Function(`'use strict'; /* ${++copies} */ return ${loop.toString()}`)() as L;
  } catch (error) {
    if (error instanceof EvalError) return loop; // --disallow-code-generation-from-strings: slower, not wrong
    throw error;
  }
}

export function numberLoop(body: AnyFunction): NumberLoop {
  return (loopsOf(body).number ??= freshCopy(mapNumbers));
}

export function indexLoop(body: AnyFunction): IndexLoop {
  return (loopsOf(body).index ??= freshCopy(eachIndex));
}

export function foldLoop(body: AnyFunction): FoldLoop {
  return (loopsOf(body).fold ??= freshCopy(foldItems));
}
