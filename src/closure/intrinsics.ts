/** The language's own objects: which global leads to a value, which names are standard. */
import { types } from 'node:util';
import { HIDDEN } from './intrinsic-path.ts';
import { builtinExport } from './module-exports.ts';
import type { WireNode } from './wire.ts';

/** Globals that are data of this process rather than objects with methods worth a table. */
const SHALLOW = new Set(['globalThis', 'global', 'process', 'navigator', 'crypto', 'performance']);

/** Names that the REPL and `node -e` define as globals, though they belong to one file. */
const PER_FILE = new Set(['require', 'module', 'exports', '__filename', '__dirname']);

/** Globals that Node loads, or makes, when they are first read. */
const LAZY = new Set([
  ...['crypto', 'navigator', 'performance', 'localStorage', 'sessionStorage', 'fetch'],
  ...['WebSocket', 'EventSource', 'CustomEvent', 'AbortController', 'AbortSignal', 'BroadcastChannel'],
  ...['DOMException', 'MessageChannel', 'MessageEvent', 'MessagePort', 'TextDecoder', 'TextEncoder', 'atob'],
  ...['btoa', 'Blob', 'ByteLengthQueuingStrategy', 'CompressionStream', 'CountQueuingStrategy', 'Crypto'],
  ...['CryptoKey', 'DecompressionStream', 'File', 'FormData', 'Headers', 'Performance', 'PerformanceEntry'],
  ...['PerformanceMark', 'PerformanceMeasure', 'PerformanceObserver', 'PerformanceObserverEntryList'],
  ...['PerformanceResourceTiming', 'ReadableByteStreamController', 'ReadableStream', 'Request', 'Response'],
  ...['ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableStreamDefaultController'],
  ...['ReadableStreamDefaultReader', 'SubtleCrypto', 'TextDecoderStream', 'TextEncoderStream'],
  ...['TransformStream', 'TransformStreamDefaultController', 'WritableStream', 'WritableStreamDefaultWriter'],
  ...['WritableStreamDefaultController', 'Navigator', 'Storage', 'CloseEvent', 'ErrorEvent', 'URLPattern'],
  ...['QuotaExceededError'],
]);

/** Global objects by the name of their class. */
const INSTANCES: Readonly<Record<string, string>> = {
  Crypto: 'crypto',
  Navigator: 'navigator',
  Performance: 'performance',
  Storage: 'localStorage',
};

/** Enumerable globals of Node that are written in JavaScript. */
const NODE_FUNCTIONS = new Set([
  ...[
    'queueMicrotask',
    'structuredClone',
    'atob',
    'btoa',
    'fetch',
    'setTimeout',
    'setInterval',
    'setImmediate',
  ],
  ...['clearTimeout', 'clearInterval', 'clearImmediate'],
]);

let table: Map<unknown, readonly string[]> | undefined;
let standard: Set<string> | undefined;
/** Lazy globals that were not read yet. */
const unread = new Set<string>();

/** Names of the globals that were there before the program added its own. */
export function isStandardGlobal(name: string): boolean {
  intrinsicTable();
  return standard!.has(name);
}

/** The path from the global object to a language object, function or well-known symbol. */
export function intrinsicPath(value: unknown): readonly string[] | undefined {
  const known = intrinsicTable();
  return known.get(value) ?? (isUnread(value) ? known.get(value) : undefined);
}

/** Prototypes whose objects are no lazy global's. */
const notLazy = new WeakSet<object>();

/** Reads the lazy global that bears the value's name, if there is one left; true when it did. */
function isUnread(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  if (typeof value === 'function') return readLazy(value.name);
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const own: unknown = Object.getOwnPropertyDescriptor(value, 'constructor')?.value;
  if (typeof own === 'function') return readLazy(own.name);
  if (prototype === null || notLazy.has(prototype)) return false;
  const name = prototype.constructor?.name;
  const found = typeof name === 'string' && (readLazy(name) || readLazy(INSTANCES[name] ?? ''));
  if (!found) notLazy.add(prototype);
  return found;
}

function readLazy(name: string): boolean {
  if (!unread.delete(name)) return false;
  const global: unknown = (globalThis as Record<string, unknown>)[name];
  if ((typeof global !== 'object' && typeof global !== 'function') || global === null) return false;
  enter(global, [name], SHALLOW.has(name) ? 0 : 2);
  return true;
}

function intrinsicTable(): Map<unknown, readonly string[]> {
  if (table !== undefined) return table;
  table = new Map();
  standard = new Set(['undefined', 'NaN', 'Infinity', 'eval', 'globalThis']);
  table.set(globalThis, []);
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (PER_FILE.has(name)) continue;
    // Not even the descriptor is read: newer versions of Node load the module for that already.
    if (LAZY.has(name)) {
      standard.add(name);
      unread.add(name);
      continue;
    }
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)!;
    let { value } = descriptor as { value: unknown };
    if (descriptor.get !== undefined) {
      if (name !== 'process' && name !== 'Buffer' && !isNative(descriptor.get)) continue;
      value = (globalThis as Record<string, unknown>)[name];
    } else if (isUserValue(name, value, descriptor)) continue;
    standard.add(name);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    enter(value, [name], SHALLOW.has(name) ? 0 : 2);
  }
  // Each thread has an environment of its own; nothing in it is read here.
  const { env } = process as unknown as Record<string, object>;
  if (env !== undefined) table.set(env, ['process', 'env']);
  for (const [name, get] of Object.entries(HIDDEN)) enter(get(), [name], 1);
  return table;
}

/** What the program itself put on the global object; Node's own functions and objects are not that. */
function isUserValue(name: string, value: unknown, descriptor: PropertyDescriptor): boolean {
  if (descriptor.enumerable !== true) return false;
  if (typeof value === 'function') return !NODE_FUNCTIONS.has(value.name) && !isNative(value);
  return (
    value !== globalThis && !SHALLOW.has(name) && name !== 'console' && !types.isModuleNamespaceObject(value)
  );
}

/** True for functions whose source the engine keeps to itself. */
export function isNative(fn: object): boolean {
  return /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(fn));
}

function enter(value: object, path: readonly string[], depth: number): void {
  if (table!.has(value)) return;
  table!.set(value, path);
  if (depth === 0) return;
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
    const name = typeof key === 'symbol' ? `@@${key.description?.replace('Symbol.', '') ?? ''}` : key;
    if (typeof descriptor.get === 'function') enter(descriptor.get, [...path, `get ${name}`], 0);
    if (typeof descriptor.set === 'function') enter(descriptor.set, [...path, `set ${name}`], 0);
    const item: unknown = descriptor.value;
    if (typeof item === 'symbol') {
      if (!table!.has(item)) table!.set(item, [...path, name]);
    } else if ((typeof item === 'object' || typeof item === 'function') && item !== null)
      enter(item, [...path, name], depth - 1);
  }
}

/** The node that stands for `value` when every thread has its own. */
export function knownNode(value: object): WireNode | undefined {
  const path = intrinsicPath(value);
  if (path !== undefined) return { t: 'global', path };
  const builtin = builtinExport(value);
  if (builtin !== undefined) return { t: 'builtin', ...builtin };
  return undefined;
}
