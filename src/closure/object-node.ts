/** Wire nodes of objects that are not functions. */
import { types } from 'node:util';
import { isMapped, mappingOf } from '../memory/mapped.ts';
import { introspect, withInspector } from './inspector.ts';
import { intrinsicPath, isNative, knownNode } from './intrinsics.ts';
import { builtinExport, commonjsExport } from './module-exports.ts';
import { importOf, readExport } from './identity.ts';
import { scriptOf } from './script.ts';
import { collectMoved, lookPlain } from './plain.ts';
import { deserialize, refuse, serialize } from './protocol.ts';
import { CLONEABLE, engineRefusal } from './refusals.ts';
import { addLocks, addProperties, addPrototype } from './shape.ts';
import { refusal, type Trail } from './trail.ts';
import type { Graph } from './graph.ts';
import type { Links, Shape, WireNode } from './wire.ts';

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/** The node of an object that the structured clone alone would not carry. */
export function objectNode(graph: Graph, value: object, trail: Trail | undefined): WireNode {
  const reason = engineRefusal(value);
  if (reason !== undefined) throw refusal(trail, compiledPrivate(value, trail) ?? reason);
  // Other values that a module exports may have changed here since: only what names the import gets the module's own.
  const reference = types.isModuleNamespaceObject(value) ? importOf(value) : undefined;
  if (reference !== undefined) return { t: 'import', ...reference };
  const known = knownNode(value);
  if (known !== undefined) return known;
  const own = (value as { [refuse]?: unknown })[refuse];
  if (typeof own === 'string') throw refusal(trail, own);
  graph.reusable = false;
  const exported = commonjsExport(value);
  if (exported !== undefined) return exported;
  const namespace = types.isModuleNamespaceObject(value) ? namespaceUrl(value) : undefined;
  if (namespace !== undefined) return { t: 'import', specifier: namespace, base: namespace, name: '*' };
  if (types.isModuleNamespaceObject(value))
    throw refusal(
      trail,
      'a module namespace that no import statement names, and without functions, cannot be found again; import it inside the task',
    );
  const maker: unknown = getOwnPropertyDescriptor(value, 'constructor')?.value;
  if (typeof maker === 'function' && maker.prototype === value)
    return { t: 'prototypeOf', fn: graph.link(maker, { up: trail, kind: 'text', label: '' }) };
  if (typeof (value as { [serialize]?: unknown })[serialize] === 'function')
    return customNode(graph, value, trail);
  return kindNode(graph, value, trail);
}

/** The URL of a module by its namespace alone: that of the script which its functions come from, if it exports the same names. */
function namespaceUrl(namespace: object): string | undefined {
  const names = Object.keys(namespace);
  // The default export of one of Node's own is all of it.
  if (names.includes('default')) {
    const builtin = builtinExport(readExport(namespace, 'default'));
    if (builtin?.path.length === 0) return builtin.module;
  }
  for (const name of names) {
    const value = readExport(namespace, name);
    if (typeof value !== 'function' || isNative(value)) continue;
    const { location } = withInspector(() => introspect(value));
    const script = location && scriptOf(location.scriptId);
    if (script === undefined || !script.isModule || script.url.startsWith('node:')) continue;
    if (script.exports.size === names.length && names.every((one) => script.exports.has(one)))
      return script.url;
  }
  return undefined;
}

/** What to do about private members that a compiler has made a WeakMap or WeakSet of: it names them `_name`. */
function compiledPrivate(value: object, trail: Trail | undefined): string | undefined {
  if (!types.isWeakMap(value) && !types.isWeakSet(value)) return undefined;
  if (trail?.kind !== 'name' || !String(trail.label).startsWith('_')) return undefined;
  const kind = types.isWeakMap(value) ? 'WeakMap' : 'WeakSet';
  return (
    `a ${kind} cannot be copied; if it is a private member (\`#name\`, \`accessor\`) that was compiled to a ${kind}, set the ` +
    "compiler's target to ES2022 or later, or export the class from a module that tasks import and give it " +
    '`[serialize]()` and `static [deserialize](data)`; if it is your own, make it in `init`'
  );
}

function customNode(graph: Graph, value: object, trail: Trail | undefined): WireNode {
  const maker = (value as { constructor?: unknown }).constructor;
  if (
    typeof maker !== 'function' ||
    typeof (maker as { [deserialize]?: unknown })[deserialize] !== 'function'
  )
    throw refusal(
      trail,
      'it has a `[serialize]()` method but its class lacks `static [deserialize](data)`; add it',
    );
  const data = (value as { [serialize](): unknown })[serialize]();
  return {
    t: 'custom',
    by: graph.link(maker, { up: trail, kind: 'text', label: '.constructor' }),
    data: graph.linkAny(data, { up: trail, kind: 'text', label: '[serialize]()' }),
  };
}

function kindNode(graph: Graph, value: object, trail: Trail | undefined): WireNode {
  if (Array.isArray(value)) {
    const own: unknown[] = new Array(value.length);
    return finish(graph, value, { t: 'object', own }, Array.prototype, trail, (key) => key !== 'length');
  }
  if (types.isMap(value)) {
    const items: unknown[] = [];
    const links: Links = [];
    for (const [key, item] of Map.prototype.entries.call(value)) {
      graph.slot(items as never, items.length, key, links, () =>
        text(trail, `.keys()[${(items.length - 1) / 2}]`),
      );
      graph.slot(items as never, items.length, item, links, () => text(trail, `.get(${short(key)})`));
    }
    return finish(graph, value, { t: 'map', items, itemLinks: links }, Map.prototype, trail);
  }
  if (types.isSet(value)) {
    const items: unknown[] = [];
    const links: Links = [];
    for (const item of Set.prototype.values.call(value)) {
      const index = items.length;
      graph.slot(items as never, index, item, links, () => text(trail, `.values()[${index}]`));
    }
    return finish(graph, value, { t: 'set', items, itemLinks: links }, Set.prototype, trail);
  }
  if (value instanceof DOMException && getPrototypeOf(value) === DOMException.prototype)
    return domExceptionNode(graph, value, trail);
  if (types.isNativeError(value)) return errorNode(graph, value, trail);
  if (types.isDate(value))
    return finish(graph, value, { t: 'exotic', v: new Date(value.getTime()) }, Date.prototype, trail);
  if (types.isRegExp(value)) {
    const node: WireNode & Shape = { t: 'exotic', v: new RegExp(value.source, value.flags) };
    finish(graph, value, node, RegExp.prototype, trail, (key) => key !== 'lastIndex');
    const { lastIndex } = value;
    const flags = Object.getOwnPropertyDescriptor(value, 'lastIndex')!.writable ? 1 : 0;
    (node.special ??= []).push({ key: 'lastIndex', flags, value: graph.linkAny(lastIndex, trail) });
    return node;
  }
  const mapped = mappedNode(value);
  if (mapped !== undefined) return mapped;
  if (types.isAnyArrayBuffer(value)) {
    if (graph.options.transfer) collectMoved(value, graph.options.transfer);
    return finish(graph, value, { t: 'exotic', v: value }, languageClass(value), trail);
  }
  if (ArrayBuffer.isView(value)) return viewNode(graph, value, trail);
  if (types.isBoxedPrimitive(value)) return boxedNode(graph, value, trail);
  const keep = types.isArgumentsObject(value) ? (key: string | symbol) => key !== 'callee' : undefined;
  const node: WireNode & Shape = { t: 'object', own: {} };
  return platformNode(value) ?? finish(graph, value, node, Object.prototype, trail, keep);
}

function finish(
  graph: Graph,
  value: object,
  node: WireNode & Shape,
  standard: object,
  trail: Trail | undefined,
  keep?: (key: string | symbol, descriptor: PropertyDescriptor) => boolean,
): WireNode {
  // The prototype first: it tells whether the object may travel at all.
  addPrototype(graph, value, node, standard, trail);
  addProperties(graph, value, node, trail, keep);
  addLocks(value, node);
  return node;
}

function errorNode(graph: Graph, value: Error, trail: Trail | undefined): WireNode {
  const { stack } = value;
  const text = typeof stack === 'string' ? stack : undefined;
  const node: WireNode & Shape = { t: 'error', stack: text };
  const keep = (key: string | symbol): boolean => key !== 'stack';
  const standard = standardOf(value);
  if (standard === undefined) return finish(graph, value, node, Error.prototype, trail, keep);
  if (standard !== Error.prototype) node.proto = graph.link(standard, trail);
  addProperties(graph, value, node, trail, keep);
  addLocks(value, node);
  return node;
}

/** Node's own errors have a prototype of their own that names a class of the language as its constructor. */
function standardOf(error: Error): object | undefined {
  const prototype = getPrototypeOf(error) as object | null;
  if (prototype === null || !Object.hasOwn(prototype, 'constructor')) return undefined;
  const maker: unknown = prototype.constructor;
  if (typeof maker !== 'function' || maker.prototype === prototype) return undefined;
  return intrinsicPath(maker) === undefined ? undefined : (maker.prototype as object);
}

function domExceptionNode(graph: Graph, value: DOMException, trail: Trail | undefined): WireNode {
  const cause = graph.linkAny((value as { cause?: unknown }).cause, text(trail, '.cause'));
  return {
    t: 'construct',
    make: 'DOMException',
    args: [value.message, value.name, String(value.stack), cause],
  };
}

/** Memory that the receiver maps itself; undefined for all other, and for private copies of it. */
function mappedNode(value: object): WireNode | undefined {
  if (!ArrayBuffer.isView(value)) {
    if (!types.isArrayBuffer(value) || !isMapped(value)) return undefined;
    const handle = mappingOf(value)?.handle;
    return handle ? { t: 'construct', make: 'MappedBuffer', args: [handle] } : { t: 'exotic', v: value };
  }
  const handle = isMapped(value) ? mappingOf(value.buffer)?.handle : undefined;
  if (handle === undefined) return undefined;
  const length = types.isDataView(value) ? value.byteLength : (value as Uint8Array).length;
  const name = Buffer.isBuffer(value) ? 'Buffer' : languageClass(value).constructor.name;
  return { t: 'construct', make: 'MappedView', args: [handle, name, value.byteOffset, length] };
}

function viewNode(graph: Graph, value: ArrayBufferView, trail: Trail | undefined): WireNode {
  if (graph.options.transfer) collectMoved(value, graph.options.transfer);
  if (Buffer.isBuffer(value)) {
    // Small buffers are cut from a common pool, which stays here.
    const isPart = value.byteLength < value.buffer.byteLength && !types.isSharedArrayBuffer(value.buffer);
    const v = isPart
      ? Uint8Array.prototype.slice.call(value)
      : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return { t: 'buffer', v: isPart ? new Uint8Array(v) : v };
  }
  const node: { t: 'exotic'; v: unknown } & Shape = { t: 'exotic', v: value };
  let standard = getPrototypeOf(value) as object;
  while (getPrototypeOf(standard) !== null && !isOwnViewClass(standard))
    standard = getPrototypeOf(standard) as object;
  addPrototype(graph, value, node, standard, trail);
  return node;
}

function isOwnViewClass(prototype: object): boolean {
  const probe: unknown[] = [];
  const name = (prototype as { constructor?: { name: string } }).constructor?.name ?? '';
  const global = (globalThis as unknown as Record<string, { prototype?: unknown } | undefined>)[name];
  return global?.prototype === prototype && lookPlain(prototype, probe) === 'rich';
}

function boxedNode(graph: Graph, value: object, trail: Trail | undefined): WireNode {
  if (types.isSymbolObject(value)) {
    const symbol = Symbol.prototype.valueOf.call(value);
    return { t: 'construct', make: 'BoxedSymbol', args: [graph.link(symbol, trail)] };
  }
  const node: WireNode & Shape = { t: 'exotic', v: value };
  addPrototype(graph, value, node, languageClass(value), trail);
  return node;
}

/** The nearest prototype that is the language's own. */
function languageClass(value: object): object {
  let at = getPrototypeOf(value) as object | null;
  while (at !== null && intrinsicPath(at) === undefined) at = getPrototypeOf(at) as object | null;
  return at ?? Object.prototype;
}

function platformNode(value: object): WireNode | undefined {
  const prototype = getPrototypeOf(value) as object | null;
  const name = (value as { constructor?: { name?: string } }).constructor?.name ?? '';
  if (value instanceof URL && prototype === URL.prototype)
    return { t: 'construct', make: 'URL', args: [value.href] };
  if (value instanceof URLSearchParams && prototype === URLSearchParams.prototype)
    return { t: 'construct', make: 'URLSearchParams', args: [value.toString()] };
  if (name === 'File' && value instanceof File && prototype === File.prototype) {
    // As a Blob: before Node 22 the clone of a File is no more than that.
    const { type, lastModified } = value;
    return {
      t: 'construct',
      make: 'File',
      args: [new Blob([value], { type }), value.name, { type, lastModified }],
    };
  }
  if (value instanceof TextEncoder) return { t: 'construct', make: 'TextEncoder', args: [] };
  if (value instanceof TextDecoder) {
    const { encoding, fatal, ignoreBOM } = value;
    return { t: 'construct', make: 'TextDecoder', args: [encoding, { fatal, ignoreBOM }] };
  }
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object WebAssembly.Module]') return { t: 'exotic', v: value };
  if (
    tag === '[object WebAssembly.Memory]' &&
    types.isSharedArrayBuffer((value as { buffer?: unknown }).buffer)
  )
    return { t: 'exotic', v: value };
  const temporal = /^\[object Temporal\.(\w+)\]$/.exec(tag)?.[1];
  if (temporal !== undefined) return { t: 'construct', make: 'Temporal', args: [temporal, String(value)] };
  if (CLONEABLE.has(name) && prototype !== null && !Object.hasOwn(value, 'constructor'))
    return { t: 'exotic', v: value };
  return undefined;
}

function text(up: Trail | undefined, label: string): Trail {
  return { up, kind: 'text', label };
}

function short(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? '…' : String(key);
}
