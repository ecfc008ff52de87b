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

/** `out[k] = body(items[k])` for `k ≤ i < end`; returns the `i` it stopped at: that item is no number, or the body threw. */
export type InlineLoop = (
  body: AnyFunction,
  items: ArrayLike<unknown>,
  k: number,
  end: number,
  out: unknown[],
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

/** The same without a note of what runs: nobody can ask for it. Its ends must be safe integers. */
const eachIndexQuietly: IndexLoop = function eachIndexQuietly(body, start, step, k, end, _current, exit) {
  const call = body as unknown as (index: number) => unknown;
  const last = start + end * step;
  let index = start + k * step;
  // One counter, and no test but the one for the end: either more would cost a short body some percent.
  try {
    for (; index !== last; index += step) call(index);
    return end;
  } catch (error) {
    exit.kind = 'error';
    exit.value = error;
    // Not where it counts: the quotient is a double, and so would be every index after it.
    return (index - start) / step;
  }
};

const noLoop: IndexLoop = (_body, _start, _step, k) => k;

/**
 * Runs a loop so that the engine does not inline it into its caller. V8 13 and later do that in a tier that optimises less,
 * and then stay there: such loops take two to five times as long. A call site that has met two functions inlines none.
 */
export function enterIndexLoop(
  loop: IndexLoop,
  body: AnyFunction,
  { start, step }: { readonly start: number; readonly step: number },
  k: number,
  end: number,
  current: Int32Array,
  exit: LoopExit,
): number {
  let at = k;
  for (const one of [noLoop, loop]) at = one(body, start, step, at, end, current, exit);
  return at;
}

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

const mapInline: InlineLoop = function mapInline(body, items, k, end, out) {
  const call = body as unknown as (item: number) => unknown;
  try {
    for (; k < end; k++) {
      const item = items[k];
      if (typeof item !== 'number') return k;
      out[k] = call(item);
    }
  } catch {
    // Whoever runs the item again is told.
  }
  return k;
};

/** The first `i` with `Boolean(body(items[i])) === sought` for `k ≤ i < end`; `-1 - i` for one that is no number, or where the body threw. */
export type SearchLoop = (
  body: AnyFunction,
  items: ArrayLike<unknown>,
  k: number,
  end: number,
  sought: boolean,
) => number;

const searchInline: SearchLoop = function searchInline(body, items, k, end, sought) {
  const call = body as unknown as (item: number) => unknown;
  try {
    for (; k < end; k++) {
      const item = items[k];
      if (typeof item !== 'number') return -1 - k;
      if (!call(item) !== sought) return k;
    }
  } catch {
    // Whoever runs the item again is told.
    return -1 - k;
  }
  return k;
};

interface Loops {
  search?: SearchLoop;
  inline?: InlineLoop;
  number?: NumberLoop;
  index?: IndexLoop;
  quiet?: IndexLoop;
  fold?: FoldLoop;
}

const loops = new WeakMap<AnyFunction, Loops>();
let copies = 0;

function loopsOf(body: AnyFunction): Loops {
  let own = loops.get(body);
  if (own === undefined) loops.set(body, (own = {}));
  return own;
}

type AnyLoop = NumberLoop | IndexLoop | FoldLoop | InlineLoop | SearchLoop;

/** A new copy of the loop: the counter in the text keeps V8's compilation cache from handing out a shared one. */
function freshCopy<L extends AnyLoop>(loop: L): L {
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

/** For bodies that only compute; `start + length * step` must be a safe integer. */
export function quietIndexLoop(body: AnyFunction): IndexLoop {
  return (loopsOf(body).quiet ??= freshCopy(eachIndexQuietly));
}

export function foldLoop(body: AnyFunction): FoldLoop {
  return (loopsOf(body).fold ??= freshCopy(foldItems));
}

export function inlineLoop(body: AnyFunction): InlineLoop {
  return (loopsOf(body).inline ??= freshCopy(mapInline));
}

export function searchLoop(body: AnyFunction): SearchLoop {
  return (loopsOf(body).search ??= freshCopy(searchInline));
}
