/** Things that every thread has of its own: the language's objects, builtin modules, CommonJS modules. */
import { builtinModules, createRequire } from 'node:module';
import { types } from 'node:util';
import type { WireNode } from './wire.ts';

/** Objects of the language that no global name leads to. */
export const HIDDEN: Readonly<Record<string, () => object>> = {
  '%TypedArray%': () => Object.getPrototypeOf(Uint8Array) as object,
  '%Iterator%': () => Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object,
  '%AsyncIterator%': () =>
    Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})().constructor.prototype)) as object,
  '%ArrayIterator%': () => Object.getPrototypeOf([].values()) as object,
  '%Function%': () => Function.prototype,
  '%GeneratorFunction%': () => function* () {}.constructor,
  '%AsyncFunction%': () => (async () => {}).constructor,
  '%AsyncGeneratorFunction%': () => async function* () {}.constructor,
};

/** Globals that are data of this process rather than objects with methods worth a table. */
const SHALLOW = new Set([
  'globalThis',
  'global',
  'process',
  'navigator',
  'crypto',
  'performance',
  'module',
  'exports',
]);

let table: Map<unknown, readonly string[]> | undefined;
let standard: Set<string> | undefined;

/** Names of the globals that were there before the program added its own. */
export function isStandardGlobal(name: string): boolean {
  intrinsicTable();
  return standard!.has(name);
}

/** The path from the global object to a language object, function or well-known symbol. */
export function intrinsicPath(value: unknown): readonly string[] | undefined {
  return intrinsicTable().get(value);
}

function intrinsicTable(): Map<unknown, readonly string[]> {
  if (table !== undefined) return table;
  table = new Map();
  standard = new Set(['undefined', 'NaN', 'Infinity', 'eval', 'globalThis']);
  table.set(globalThis, []);
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (PER_FILE.has(name)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)!;
    let { value } = descriptor as { value: unknown };
    // Builtin globals that load on first use are native accessors; reading `crypto` or `navigator` has no effect.
    if (descriptor.get !== undefined) {
      if (!isBuiltinAccessor(name, descriptor.get)) continue;
      standard.add(name);
      if (LAZY.has(name) || (LOADED_ON_READ.has(name) && !isNative(descriptor.get))) continue;
      value = (globalThis as Record<string, unknown>)[name];
    } else if (isUserValue(value, descriptor)) continue;
    standard.add(name);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    enter(value, [name], SHALLOW.has(name) ? 0 : 2);
  }
  for (const [name, get] of Object.entries(HIDDEN)) enter(get(), [name], 1);
  return table;
}

/** Names that the REPL and `node -e` define as globals, though they belong to one file. */
const PER_FILE = new Set(['require', 'module', 'exports', '__filename', '__dirname']);

/** Globals that cost a module load or print a warning when read. */
const LAZY = new Set([
  'localStorage',
  'sessionStorage',
  'navigator',
  'WebSocket',
  'EventSource',
  'CloseEvent',
  'fetch',
  'Storage',
]);

/** Globals of Node 20 whose accessors, written in JavaScript, load a module when read. */
const LOADED_ON_READ = new Set([
  'Blob',
  'ByteLengthQueuingStrategy',
  'CompressionStream',
  'CountQueuingStrategy',
  'Crypto',
  'CryptoKey',
  'DecompressionStream',
  'File',
  'FormData',
  'Headers',
  'Performance',
  'PerformanceEntry',
  'PerformanceMark',
  'PerformanceMeasure',
  'PerformanceObserver',
  'PerformanceObserverEntryList',
  'PerformanceResourceTiming',
  'ReadableByteStreamController',
  'ReadableStream',
  'ReadableStreamBYOBReader',
  'ReadableStreamBYOBRequest',
  'ReadableStreamDefaultController',
  'ReadableStreamDefaultReader',
  'Request',
  'Response',
  'SubtleCrypto',
  'TextDecoderStream',
  'TextEncoderStream',
  'TransformStream',
  'TransformStreamDefaultController',
  'WritableStream',
  'WritableStreamDefaultController',
  'WritableStreamDefaultWriter',
]);

function isBuiltinAccessor(name: string, get: () => unknown): boolean {
  return BUILTIN_GLOBALS.has(name) || isNative(get);
}

/** Accessor globals that Node defines with functions written in JavaScript. */
const BUILTIN_GLOBALS = new Set([
  'process',
  'Buffer',
  'crypto',
  'navigator',
  'performance',
  'localStorage',
  'sessionStorage',
  'fetch',
  'WebSocket',
  'EventSource',
  'CustomEvent',
  // Node 20 defines more of them so.
  'AbortController',
  'AbortSignal',
  'BroadcastChannel',
  'DOMException',
  'MessageChannel',
  'MessageEvent',
  'MessagePort',
  'TextDecoder',
  'TextEncoder',
  'atob',
  'btoa',
  ...LOADED_ON_READ,
]);

function isUserValue(value: unknown, descriptor: PropertyDescriptor): boolean {
  if (descriptor.enumerable !== true) return false;
  if (typeof value === 'function') return !NODE_FUNCTIONS.has(value.name) && !isNative(value);
  return value !== globalThis && !types.isModuleNamespaceObject(value) && !NODE_OBJECTS.has(value);
}

/** Enumerable globals of Node that are written in JavaScript. */
const NODE_FUNCTIONS = new Set([
  'queueMicrotask',
  'structuredClone',
  'atob',
  'btoa',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
]);
const NODE_OBJECTS = new Set<unknown>([globalThis.performance, globalThis.process, globalThis.console]);

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

/** The object that a path of {@link intrinsicPath} leads to in this thread. */
export function intrinsicAt(path: readonly string[]): unknown {
  let at: unknown = globalThis;
  for (const [index, step] of path.entries()) {
    if (index === 0 && Object.hasOwn(HIDDEN, step)) {
      at = HIDDEN[step]!();
      continue;
    }
    const accessor = /^([gs]et) (.*)$/.exec(step);
    const key = accessor ? accessor[2]! : step;
    const name = key.startsWith('@@') ? (Symbol as unknown as Record<string, symbol>)[key.slice(2)]! : key;
    at = accessor
      ? Object.getOwnPropertyDescriptor(at, name)?.[accessor[1] as 'get' | 'set']
      : (at as Record<string | symbol, unknown>)[name];
  }
  return at;
}

let builtins: Map<unknown, { module: string; path: string[] }> | undefined;
let builtinsLoaded = -1;

/** Where a builtin module exports a value, for modules that are loaded. */
export function builtinExport(value: unknown): { module: string; path: string[] } | undefined {
  const loaded = (process as unknown as { moduleLoadList?: string[] }).moduleLoadList ?? [];
  if (builtins === undefined || builtinsLoaded !== loaded.length) {
    builtinsLoaded = loaded.length;
    builtins = new Map();
    const present = new Set(loaded.map((entry) => entry.replace('NativeModule ', '')));
    for (const name of builtinModules) {
      if (!present.has(name) || /^(?:_|sys$|punycode$|wasi$|v8\/|trace_events$)/.test(name)) continue;
      enterBuiltin(name);
    }
  }
  return builtins.get(value);
}

function enterBuiltin(name: string): void {
  const exported: unknown = process.getBuiltinModule(name);
  if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) return;
  const module = `node:${name}`;
  if (!builtins!.has(exported)) builtins!.set(exported, { module, path: [] });
  for (const key of Object.keys(exported)) {
    const item: unknown = Object.getOwnPropertyDescriptor(exported, key)?.value;
    if ((typeof item !== 'function' && typeof item !== 'object') || item === null) continue;
    if (!builtins!.has(item)) builtins!.set(item, { module, path: [key] });
    if (typeof item !== 'function') continue;
    const prototype: unknown = item.prototype;
    if (typeof prototype === 'object' && prototype !== null && !builtins!.has(prototype))
      builtins!.set(prototype, { module, path: [key, 'prototype'] });
  }
}

let commonjs: WeakMap<object, { file: string; path: string[] }> | undefined;
let commonjsFiles = -1;
const require = createRequire(import.meta.url);

/** Where a loaded CommonJS module, other than the program's entry, exports a value. */
export function commonjsExport(value: object): { file: string; path: string[] } | undefined {
  const { cache } = require;
  const files = Object.keys(cache);
  if (commonjs === undefined || commonjsFiles !== files.length) {
    commonjsFiles = files.length;
    commonjs = new WeakMap();
    for (const file of files) {
      const module = cache[file]!;
      if (module === (process as { mainModule?: unknown }).mainModule || module.id === '.') continue;
      const exported: unknown = module.exports;
      if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) continue;
      if (types.isProxy(exported)) continue;
      if (!commonjs.has(exported) && (typeof exported === 'function' || Object.keys(exported).length > 0))
        commonjs.set(exported, { file, path: [] });
      for (const key of Object.keys(exported)) {
        const item: unknown = Object.getOwnPropertyDescriptor(exported, key)?.value;
        if ((typeof item === 'object' || typeof item === 'function') && item !== null && !commonjs.has(item))
          commonjs.set(item, { file, path: [key] });
      }
    }
  }
  return commonjs.get(value);
}

/** The node that stands for `value` when every thread has its own. */
export function knownNode(value: object): WireNode | undefined {
  const path = intrinsicPath(value);
  if (path !== undefined) return { t: 'global', path };
  const builtin = builtinExport(value);
  if (builtin !== undefined) return { t: 'builtin', ...builtin };
  return undefined;
}
