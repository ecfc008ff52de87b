/** Values by the module that exports them: Node's own modules, and CommonJS modules. */
import { builtinModules, createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import type { WireNode } from './wire.ts';

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

type RequiredNode = Extract<WireNode, { t: 'commonjs' | 'import' }>;

let commonjs: WeakMap<object, RequiredNode> | undefined;
let commonjsFiles = -1;
const require = createRequire(import.meta.url);

/**
 * The node of a value that a required module, other than the program's entry, exports. ES modules that were required are
 * imported by receivers: a receiver may be importing part of them already, which `require` cannot wait for.
 */
export function commonjsExport(value: object): RequiredNode | undefined {
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
      const isModule = types.isModuleNamespaceObject(exported);
      const { href } = pathToFileURL(file);
      const nodeAt = (path: string[]): RequiredNode =>
        isModule
          ? { t: 'import', specifier: href, base: href, name: path[0] ?? '*' }
          : { t: 'commonjs', file, path };
      if (!commonjs.has(exported) && (typeof exported === 'function' || Object.keys(exported).length > 0))
        commonjs.set(exported, nodeAt([]));
      for (const key of Object.keys(exported)) {
        const item: unknown = Object.getOwnPropertyDescriptor(exported, key)?.value;
        if ((typeof item === 'object' || typeof item === 'function') && item !== null && !commonjs.has(item))
          commonjs.set(item, nodeAt([key]));
      }
    }
  }
  return commonjs.get(value);
}
