/** What an object is, told by what it has inside and not by what it claims. */
import { inspect } from 'node:util';
import * as types from 'node:util/types';
import { VIEW_NAMES } from './format.ts';

/** What a frame can hold; `instance` is everything else. */
export type Kind =
  'object' | 'array' | 'map' | 'set' | 'date' | 'regexp' | 'boxed' | 'error' | 'buffer' | 'view' | 'instance';

const { getPrototypeOf } = Object;

/** The kind of an object whose prototype is neither that of plain objects nor that of arrays, of this realm. */
export function kindOf(value: object): Kind {
  if (types.isProxy(value)) return 'instance';
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === null) return types.isModuleNamespaceObject(value) ? 'instance' : 'object';
  if (Array.isArray(value)) return isNative(prototype, 'Array') ? 'array' : 'instance';
  if (ArrayBuffer.isView(value)) {
    // A Buffer is its bytes.
    return isNative(prototype, viewName(value)) || Buffer.isBuffer(value) ? 'view' : 'instance';
  }
  if (types.isAnyArrayBuffer(value)) return 'buffer';
  if (types.isMap(value)) return isNative(prototype, 'Map') ? 'map' : 'instance';
  if (types.isSet(value)) return isNative(prototype, 'Set') ? 'set' : 'instance';
  if (types.isDate(value)) return isNative(prototype, 'Date') ? 'date' : 'instance';
  if (types.isRegExp(value)) return isNative(prototype, 'RegExp') ? 'regexp' : 'instance';
  // An error of any class, as structured clone takes it: it arrives as one of the seven standard ones.
  if (types.isNativeError(value)) return 'error';
  if (types.isBoxedPrimitive(value)) return types.isSymbolObject(value) ? 'instance' : 'boxed';
  return isNative(prototype, 'Object') && !hasSlots(value) ? 'object' : 'instance';
}

/** Whether `prototype` is that of the standard class `name`, of any realm. */
function isNative(prototype: object, name: string): boolean {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return (
    typeof constructor === 'function' &&
    constructor.prototype === prototype &&
    constructor.name === name &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor))
  );
}

function hasSlots(value: object): boolean {
  return types.isExternal(value) || types.isPromise(value) || types.isGeneratorObject(value);
}

const tagOf = Object.getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get as (this: unknown) => string | undefined;

/** The class of a view without its ancestors: `Float64Array`, `DataView`. */
export function viewName(view: ArrayBufferView): string {
  return tagOf.call(view) ?? 'DataView';
}

const viewKinds = new Map<string, number>(VIEW_NAMES.map((name, kind) => [name, kind]));

/** The number of a view's class on the wire. */
export function viewKind(view: ArrayBufferView): number {
  return viewKinds.get(viewName(view)) ?? -1;
}

/** Enumerable properties of an array beside its elements. */
export function namedKeys(array: readonly unknown[]): string[] {
  const { length } = array;
  // Names cost a string per element: of a long array `inspect` tells in constant time that there is nothing more.
  if (length > 64 && inspectRest(array) === `[ ... ${length} more items ]`) return [];
  const keys = Object.keys(array);
  if (keys.length <= length && !isName(keys[keys.length - 1])) return [];
  return keys.filter(isName);
}

/** Whether a key is no index of an array. Indices come first. */
function isName(key: string | undefined): boolean {
  if (key === undefined) return false;
  const { length } = key;
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i);
    if (unit < 0x30 || unit > 0x39) return true;
  }
  if (length < 10) return length === 0 || (length > 1 && key.startsWith('0'));
  return String(Number(key) >>> 0) !== key || key === '4294967295';
}

function inspectRest(array: readonly unknown[]): string {
  return inspect(array, { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity });
}
