/** Functions ready to be sent: captured anew, or once where nothing they reach can change. */
import { CaptureError } from '../base/errors.ts';
import type { AnyFunction } from './function-type.ts';
import { Graph } from './graph.ts';
import { nextNumber } from './identity.ts';
import { pinOf } from './pins.ts';
import { signatureOf, twinOf } from './twins.ts';
import type { Packed } from './wire.ts';

/** A function's wire form. */
export interface Captured {
  /** Unique in this thread; the same for the same captured object. */
  readonly id: number;
  readonly packed: Packed;
  /** True when the same object may be given again: a receiver may keep what it made of it. */
  readonly reusable: boolean;
}

interface Kept {
  readonly captured: Captured;
  /** Own keys of the function at capture; another number means that it is not what it was. */
  readonly keys: number;
  /** It cannot see its own properties: to who calls it, it is what it was, whatever becomes of them. */
  readonly blind: boolean;
}

const kept = new WeakMap<AnyFunction, Kept>();

/**
 * Captures a function with everything it reaches.
 *
 * The wire form is a snapshot: later changes of variables or data do not show in it. A function that reaches only
 * imports, globals and other such functions, and one made by `task()`, gives the same object each time; so do functions
 * of the same text over the same numbers, strings and shared arrays, mostly.
 *
 * @throws CaptureError when something it reaches cannot travel
 */
export function capture(fn: AnyFunction): Captured {
  const before = kept.get(fn);
  const pinned = pinOf(fn);
  if (pinned !== undefined) {
    const captured = before?.captured ?? { id: nextNumber(), packed: pinned.packed, reusable: true };
    if (before === undefined) kept.set(fn, { captured, keys: 0, blind: true });
    return captured;
  }
  const keys = Reflect.ownKeys(fn).length;
  if (before !== undefined && before.keys === keys && isBare(fn)) return before.captured;
  const { captured, unchanging } = captureNow(fn);
  if (unchanging) kept.set(fn, { captured, keys, blind: !seesItself(fn, captured.packed) });
  return captured;
}

/** As {@link capture}, for who does nothing but call the function: its own properties count only if it can see them. */
export function captureToCall(fn: AnyFunction): Captured {
  const before = kept.get(fn);
  return before?.blind === true ? before.captured : capture(fn);
}

/** Whether the function can see properties of its own; true when in doubt. */
function seesItself(fn: AnyFunction, packed: Packed): boolean {
  const [node] = 'raw' in packed || packed.nodes.length !== 1 ? [] : packed.nodes;
  // An import: the receiver calls its own, with the properties that it has there.
  if (node?.t === 'import') return false;
  if (node?.t !== 'fn' || node.env.length > 0 || node.code.variables.length > 0) return true;
  const text = Function.prototype.toString.call(fn);
  if (/[`\\]|\b(?:arguments|eval|this|target|super)\b/.test(text)) return true;
  const own = /^(?:async\s*)?function\s*\*?\s*([\w$]+)/.exec(text)?.[1];
  return own !== undefined && text.split(own).length !== 2;
}

/** A `function` may have got methods on its prototype since. */
function isBare(fn: AnyFunction): boolean {
  const prototype: unknown = Object.hasOwn(fn, 'prototype') ? fn.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null) return true;
  const count = Reflect.ownKeys(prototype).length;
  return count === 0 || (count === 1 && Object.hasOwn(prototype, 'constructor'));
}

function captureNow(fn: AnyFunction): { captured: Captured; unchanging: boolean } {
  const graph = new Graph();
  const packed = graph.pack(fn, {
    up: undefined,
    kind: 'name',
    label: fn.name === '' ? 'function' : fn.name,
  });
  const { reusable: unchanging } = graph;
  const signature = signatureOf(graph, packed);
  const reusable = unchanging || signature !== undefined;
  const made = { id: nextNumber(), packed: reusable ? packed : snapshot(packed), reusable };
  if (made.packed !== packed) graph.hold(made.packed);
  return { captured: signature === undefined ? made : twinOf(signature, made), unchanging };
}

/** A copy that later changes do not reach. */
export function snapshot(packed: Packed): Packed {
  try {
    return structuredClone(packed);
  } catch (error) {
    throw new CaptureError(`cannot send a value that the function reaches: ${(error as Error).message}`, {
      path: 'value',
      cause: error,
    });
  }
}
