/** Which values the structured clone carries faithfully: the fast path of everything that is sent. */
import type { Transferable } from 'node:worker_threads';
import * as types from 'node:util/types';
import { isMapped } from '../memory/mapped.ts';
import { isMoved } from '../memory/moved.ts';

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, isExtensible } =
  Object;
const { ownKeys } = Reflect;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const typedArrayPrototype: object = getPrototypeOf(Uint8Array.prototype);

/** What a look at one object tells: `children` were pushed, nothing to push, or not plain. */
export type Look = 'open' | 'leaf' | 'rich';

/** Arrays longer than this are not searched for properties beside their elements. */
const LONG_ARRAY = 256;
/** The engine makes no array of this length without holes at once (2^25): one that is longer is searched by its keys. */
const MOSTLY_HOLES = 33_554_432;

/**
 * True when the structured clone carries `value` and all it reaches faithfully.
 *
 * What `move()` marked is added to `transfer`. The longest arrays (over 256 elements) are not searched for
 * extra named properties, which the structured clone carries anyway unless they are functions.
 */
export function scanPlain(value: unknown, transfer: Transferable[]): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return typeof value !== 'symbol';
  if (typeof value === 'function') return false;
  const open: unknown[] = [];
  let look = lookPlain(value, open);
  if (look === 'rich') return false;
  if (look === 'leaf') {
    collectMoved(value, transfer);
    return true;
  }
  const seen = new Set<object>([value]);
  while (open.length > 0) {
    const next = open.pop() as object;
    if (seen.has(next)) continue;
    seen.add(next);
    look = lookPlain(next, open);
    if (look === 'rich') return false;
    if (look === 'leaf') collectMoved(next, transfer);
  }
  return true;
}

/** True for a port, stream or file handle that was marked by `move()`. */
export function isMovedHandle(value: object): boolean {
  return isMoved(value) && !types.isAnyArrayBuffer(value);
}

/** Adds `value` when it was marked by `move()`, or the ArrayBuffer that it views. */
export function collectMoved(value: object, transfer: Transferable[]): void {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (isMovedHandle(buffer)) {
    if (!transfer.includes(buffer as Transferable)) transfer.push(buffer as Transferable);
    return;
  }
  // Moved before: the clone refuses it. A port that were given it would take it and lose the whole message.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === 0) return;
  if (!(buffer instanceof ArrayBuffer) || !isMoved(buffer) || transfer.includes(buffer)) return;
  // The system's memory stays where it is: it is copied.
  if (!isMapped(buffer)) transfer.push(buffer);
}

/** Judges one object and pushes the objects, functions and symbols it holds onto `children`. */
export function lookPlain(value: unknown, children: unknown[]): Look {
  if (typeof value !== 'object') return 'rich';
  const object = value as object;
  const prototype = getPrototypeOf(object) as unknown;
  if (prototype === objectPrototype) return lookObject(object as Record<string, unknown>, children);
  if (prototype === arrayPrototype) return lookArray(object as unknown[], children);
  switch (prototype) {
    case Map.prototype:
      if (!types.isMap(object) || !isBare(object)) return 'rich';
      for (const [key, item] of object) {
        if (isReference(key)) children.push(key);
        if (isReference(item)) children.push(item);
      }
      return 'open';
    case Set.prototype:
      if (!types.isSet(object) || !isBare(object)) return 'rich';
      for (const item of object) if (isReference(item)) children.push(item);
      return 'open';
    case Date.prototype:
      return types.isDate(object) && isBare(object) ? 'leaf' : 'rich';
    case RegExp.prototype:
      return types.isRegExp(object) &&
        object.lastIndex === 0 &&
        ownKeys(object).length === 1 &&
        isExtensible(object)
        ? 'leaf'
        : 'rich';
    case ArrayBuffer.prototype:
    case SharedArrayBuffer.prototype:
      return types.isAnyArrayBuffer(object) && isBare(object) ? 'leaf' : 'rich';
    default:
      if (!ArrayBuffer.isView(object)) return isMovedHandle(object) ? 'leaf' : 'rich';
      if (!isStandardView(object, prototype as object)) return 'rich';
      // Mapped memory travels as its handle.
      return isExtensible(object) && !isMapped(object) ? 'leaf' : 'rich';
  }
}

/** Anything but a primitive that can be cloned. */
function isReference(value: unknown): boolean {
  return (
    (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol'
  );
}

function isBare(value: object): boolean {
  return isExtensible(value) && ownKeys(value).length === 0;
}

function isStandardView(view: ArrayBufferView, prototype: object): boolean {
  return prototype === DataView.prototype
    ? types.isDataView(view)
    : getPrototypeOf(prototype) === typedArrayPrototype &&
        !Buffer.isBuffer(view) &&
        isNativeViewPrototype(prototype);
}

const viewPrototypes = new Set<object>();

function isNativeViewPrototype(prototype: object): boolean {
  if (viewPrototypes.size === 0)
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (!name.endsWith('Array')) continue;
      const candidate: unknown = getOwnPropertyDescriptor(globalThis, name)?.value;
      if (typeof candidate !== 'function' || !Object.hasOwn(candidate, 'BYTES_PER_ELEMENT')) continue;
      viewPrototypes.add(candidate.prototype as object);
    }
  return viewPrototypes.has(prototype);
}

function lookObject(object: Record<string, unknown>, children: unknown[]): Look {
  if (!isExtensible(object) || types.isProxy(object)) return 'rich';
  // Two calls that the engine answers from the object's shape; `Reflect.ownKeys` costs five times both.
  if (getOwnPropertySymbols(object).length > 0) return 'rich';
  const keys = getOwnPropertyNames(object);
  for (let i = 0; i < keys.length; i++) {
    const descriptor = getOwnPropertyDescriptor(object, keys[i]!)!;
    if (!descriptor.writable || !descriptor.enumerable || !descriptor.configurable) return 'rich';
    const value: unknown = descriptor.value;
    if (typeof value === 'object' ? value !== null : typeof value === 'function' || typeof value === 'symbol')
      children.push(value);
  }
  return 'open';
}

function lookArray(array: unknown[], children: unknown[]): Look {
  if (!Array.isArray(array) || !isExtensible(array) || types.isProxy(array)) return 'rich';
  const length = array.length;
  if (length <= LONG_ARRAY) {
    const keys = ownKeys(array);
    // One key per element and `length`; holes leave fewer, named properties come after the elements.
    if (
      keys.length > length + 1 ||
      typeof keys[keys.length - 1] === 'symbol' ||
      keys[keys.length - 1] !== 'length'
    )
      return 'rich';
  }
  if (length > MOSTLY_HOLES) {
    for (const value of Object.values(array)) if (isReference(value)) children.push(value);
    return 'open';
  }
  for (let i = 0; i < length; i++) {
    const value = array[i];
    if (typeof value === 'object' ? value !== null : typeof value === 'function' || typeof value === 'symbol')
      children.push(value);
  }
  return 'open';
}
