/** Wire nodes of functions and classes. */
import { types } from 'node:util';
import {
  commonjsExport,
  intrinsicPath,
  isNative,
  isStandardGlobal,
  knownNode,
  builtinExport,
} from './intrinsics.ts';
import { codeOf, look, positionIn, recordOf, type FunctionRecord } from './function-record.ts';
import { foreignId, idOf, importOf, noteExports, noteImport } from './identity.ts';
import { isImported, markImported } from './imported-modules.ts';
import { introspect, withInspector, type Introspection, type Scope } from './inspector.ts';
import { pinOf } from './pins.ts';
import { refuse } from './protocol.ts';
import { addLocks, addProperties } from './shape.ts';
import { refusal, type Trail } from './trail.ts';
import { toolNode } from './tool-names.ts';
import type { Graph } from './graph.ts';
import type { FunctionNode, Links, Shape, WireNode } from './wire.ts';

type Fn = (...args: never[]) => unknown;

/** The node of a function or class. */
export function functionNode(graph: Graph, value: object, trail: Trail | undefined, index: number): WireNode {
  const pinned = pinOf(value);
  const fn = pinned?.fn ?? (value as Fn);
  const reference = importOf(fn);
  if (reference !== undefined) return { t: 'import', ...reference };
  const own = (fn as { [refuse]?: unknown })[refuse];
  if (typeof own === 'string') throw refusal(trail, own);
  const away = graph.options.reply === true ? foreignId(fn) : undefined;
  if (away !== undefined) return { t: 'reference', id: away, name: fn.name };
  const exported = commonjsExport(fn);
  if (exported !== undefined) return { t: 'commonjs', ...exported };
  if (isNative(fn)) return nativeNode(graph, fn, trail);
  // Not for what is sent itself: that alone would build the table of builtin exports.
  const builtin = trail?.up === undefined ? undefined : builtinExport(fn);
  if (builtin !== undefined) return { t: 'builtin', ...builtin };
  const record = recordOf(fn);
  if (record === null || record === undefined)
    throw refusal(trail, 'its source text cannot be parsed as a function; wrap it in an arrow function');
  return withInspector(() => userNode(graph, fn, record, trail, index, pinned?.stated));
}

function nativeNode(graph: Graph, fn: Fn, trail: Trail | undefined): WireNode {
  const known = knownNode(fn);
  if (known !== undefined) return known;
  const { bound } = withInspector(() => introspect(fn));
  if (bound === undefined)
    throw refusal(
      trail,
      `the native function ${fn.name} belongs to this thread; call it through what it is a method of`,
    );
  graph.reusable = false;
  const step = (label: string): Trail => ({ up: trail, kind: 'text', label });
  return {
    t: 'bound',
    fn: graph.link(bound.target, step('')),
    self: graph.linkAny(bound.self, step('.[[BoundThis]]')),
    args: bound.args.map((arg, i) => graph.linkAny(arg, step(`.[[BoundArgs]][${i}]`))),
  };
}

function userNode(
  graph: Graph,
  fn: Fn,
  record: FunctionRecord,
  trail: Trail | undefined,
  index: number,
  given: Readonly<Record<string, unknown>> | undefined,
): WireNode {
  const { source } = record;
  const by = fn.name === '' ? '(anonymous)' : fn.name;
  const isModule = source.uses.metas.length > 0 || source.uses.imports.length > 0;
  const stated = graph.options.root === fn ? graph.options.stated : given;
  const needsLook =
    (!record.globalsOnly && stated === undefined) || (isModule && record.script === undefined);
  const seen = needsLook ? look(fn, record) : undefined;
  const special = seen === undefined ? undefined : nodeFunction(graph, fn, record, seen, trail);
  if (special !== undefined) return special;
  const exported = trail?.up === undefined ? undefined : exportNode(fn, record, seen ?? look(fn, record));
  if (exported !== undefined) return exported;
  const step = (name: string, offset: number): Trail => ({
    up: trail,
    kind: 'name',
    label: name,
    by,
    at: () => positionIn(fn, record, offset),
  });
  refuseUses(record, step);
  const variables = new Map<string, number>();
  const env: unknown[] = [];
  const envLinks: Links = [];
  if (seen !== undefined)
    for (const [name, offset] of source.names) {
      const level = resolve(graph, record, seen, name, step(name, offset), env, envLinks);
      if (level !== undefined) variables.set(name, level);
    }
  if (stated !== undefined)
    for (const [name, offset] of source.names)
      if (resolveStated(graph, stated, name, step(name, offset), env, envLinks)) variables.set(name, -1);
  if (variables.size === 0 && seen !== undefined) record.globalsOnly = true;
  const node: FunctionNode = {
    t: 'fn',
    id: idOf(fn),
    code: codeOf(record, [...variables.keys()], by),
    env,
    name: nameOf(fn),
  };
  if (envLinks.length > 0) node.envLinks = envLinks;
  graph.nodes[index] = node;
  if (seen !== undefined && variables.size > 0)
    graph.captured.push({
      node,
      record,
      scopes: seen.scopes,
      variables,
      holder: trail?.kind === 'key' ? trail.up : undefined,
      by,
    });
  if (source.kind !== 'function') addClass(graph, fn, record, node, seen, step);
  else if (Object.hasOwn(fn, 'prototype')) addConstructor(graph, fn, node, trail);
  addOwn(graph, fn, source.text, node, trail);
  return node;
}

/** Functions that belong to Node itself. */
function nodeFunction(
  graph: Graph,
  fn: Fn,
  record: FunctionRecord,
  seen: Introspection,
  trail: Trail | undefined,
): WireNode | undefined {
  const { script } = record;
  if (script === undefined || seen.location === undefined) return undefined;
  if (!script.url.startsWith('node:')) return undefined;
  const known = builtinExport(fn) ?? intrinsicPath(fn);
  if (known !== undefined)
    return Array.isArray(known)
      ? { t: 'global', path: known }
      : { t: 'builtin', ...(known as { module: string; path: string[] }) };
  if (fn.name === 'require' && 'resolve' in fn && 'cache' in fn)
    return { t: 'require', base: requireBase(trail) };
  // Node's own error classes, which no module exports.
  const named = graph.named(fn);
  if (named.t === 'named') return named;
  throw refusal(
    trail,
    `${fn.name || 'a function'} is internal to Node (${script.url}); call it through the module that exports it`,
  );
}

/** `require` belongs to the file of whoever captured it. */
function requireBase(trail: Trail | undefined): string {
  for (let step = trail; step !== undefined; step = step.up) if (step.base !== undefined) return step.base();
  return `${process.cwd()}/[require]`;
}

function refuseUses(record: FunctionRecord, step: (name: string, offset: number) => Trail): void {
  const { uses } = record.source;
  const no = (name: string, offset: number | undefined, reason: string): void => {
    if (offset !== undefined) throw refusal(step(name, offset), reason);
  };
  no(
    'this',
    uses.outerThis,
    'an arrow function’s `this` cannot be read from outside; put it into a const first (`const self = this`)',
  );
  no(
    'new.target',
    uses.newTarget,
    '`new.target` of the surrounding function cannot be read from outside; put it into a const first',
  );
  no(
    'super',
    uses.outerSuper,
    '`super` leads to the object that the method was written in; send a class instance or a function that takes the object',
  );
  no(
    'eval',
    uses.directEval,
    'direct `eval` may use any variable around it; use `new Function` or call `(0, eval)(…)`',
  );
  if (uses.privateName !== undefined)
    no(
      `#${uses.privateName.name}`,
      uses.privateName.at,
      'a method with private names cannot leave its class; send `(…args) => object.method(…args)`',
    );
}

/**
 * Puts the value of a free name into the environment; gives the index of its scope, -1 for imports and the program's own
 * globals, undefined when the name is left to the globals of the receiver.
 */
function resolve(
  graph: Graph,
  record: FunctionRecord,
  seen: Introspection,
  name: string,
  trail: Trail,
  env: unknown[],
  links: Links,
): number | undefined {
  const script = record.script!;
  const slot = env.length;
  const level = seen.scopes.findIndex((one) => Object.hasOwn(one.variables, name));
  const scope = seen.scopes[level];
  const binding = scope === undefined || scope.kind === 'Module' ? script.imports.get(name) : undefined;
  if (binding !== undefined) {
    const reference = { specifier: binding.specifier, base: script.base, name: binding.name };
    if (scope !== undefined) noteBinding(scope, name, reference);
    env.push(undefined);
    links.push(slot, graph.add({ t: 'import', ...reference }));
    return -1;
  }
  const tool = toolNode(graph, script, scope, name, record.source.text, trail);
  if (tool !== undefined) {
    env.push(undefined);
    links.push(slot, graph.add(tool));
    return -1;
  }
  if (scope !== undefined) {
    graph.reusable = false;
    const step = { ...trail, base: () => script.base };
    graph.slot(env as never, slot, readVariable(scope, name, trail), links, () => step);
    return level;
  }
  return resolveGlobal(graph, name, trail, env, links) ? -1 : undefined;
}

function readVariable(scope: Scope, name: string, trail: Trail | undefined): unknown {
  try {
    return scope.variables[name];
  } catch (error) {
    throw refusal(trail, 'it is not initialised yet; send the function after the declaration has run', error);
  }
}

function noteBinding(
  scope: Scope,
  name: string,
  reference: { specifier: string; base: string; name: string },
): void {
  let value: unknown;
  try {
    value = scope.variables[name];
  } catch (error) {
    if (error instanceof ReferenceError) return;
    throw error;
  }
  markImported(reference.specifier, reference.base);
  noteImport(value, reference);
  if (reference.name === '*' && types.isModuleNamespaceObject(value)) noteExports(value as object, reference);
}

/** A function or class that a module exports which the receiver imports anyway. */
function exportNode(fn: Fn, record: FunctionRecord, seen: Introspection): WireNode | undefined {
  const { script } = record;
  if (script === undefined || !script.isModule || !isImported(script.base)) return undefined;
  const scope = seen.scopes.at(-1);
  if (scope?.kind !== 'Module') return undefined;
  for (const [name, local] of script.exports)
    if (Object.hasOwn(scope.variables, local) && readVariable(scope, local, undefined) === fn) {
      const reference = { specifier: script.base, base: script.base, name };
      noteImport(fn, reference);
      return { t: 'import', ...reference };
    }
  return undefined;
}

function resolveGlobal(graph: Graph, name: string, trail: Trail, env: unknown[], links: Links): boolean {
  if (isStandardGlobal(name) || !(name in globalThis)) return false;
  graph.reusable = false;
  graph.slot(env as never, env.length, (globalThis as Record<string, unknown>)[name], links, () => trail);
  return true;
}

function resolveStated(
  graph: Graph,
  stated: Readonly<Record<string, unknown>>,
  name: string,
  trail: Trail,
  env: unknown[],
  links: Links,
): boolean {
  if (Object.hasOwn(stated, name)) {
    graph.reusable = false;
    const plainTrail: Trail = { up: undefined, kind: 'name', label: name, by: trail.by };
    graph.slot(env as never, env.length, stated[name], links, () => plainTrail);
    return true;
  }
  if (isStandardGlobal(name)) return false;
  throw refusal(
    { up: undefined, kind: 'name', label: name, by: trail.by },
    'task() was not told its value; add it to the names: task({ ' + name + ', … }, fn)',
  );
}

function nameOf(fn: Fn): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof value === 'string' ? value : undefined;
}

function addClass(
  graph: Graph,
  fn: Fn,
  record: FunctionRecord,
  node: FunctionNode,
  seen: Introspection | undefined,
  step: (name: string, offset: number) => Trail,
): void {
  const { source } = record;
  graph.reusable = false;
  if (source.extends) node.heritage = graph.link(Object.getPrototypeOf(fn) as object, step('extends', 0));
  if (source.privateStatics.length > 0) {
    const { privates } = seen ?? look(fn, record);
    node.privates = source.privateStatics.map((name) =>
      graph.linkAny(privates.get(`#${name}`), step(`#${name}`, 0)),
    );
  }
  if (source.computed.length > 0) node.keys = computedKeys(graph, fn, source.computed, step('[computed]', 0));
  const shape: Shape = {};
  const prototype = fn.prototype as object;
  addProperties(
    graph,
    prototype,
    shape,
    step('prototype', 0),
    (key, descriptor) => key !== 'constructor' && !isWritten(source.text, descriptor),
  );
  if (shape.own !== undefined || shape.special !== undefined)
    node.prototype = graph.add({ t: 'shape', ...shape });
  graph.printClass(node);
}

/** Reads the names of computed members off the class: the variables they were made of may be gone. */
function computedKeys(graph: Graph, fn: Fn, members: readonly string[], trail: Trail): (string | number)[] {
  const used = new Set<string | symbol>();
  const holders = [fn.prototype as object, fn];
  return members.map((text) => {
    for (const holder of holders)
      for (const key of Reflect.ownKeys(holder)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key)!;
        const makers: unknown[] = [value, get, set];
        const makes = (one: unknown): boolean =>
          typeof one === 'function' && text.endsWith(Function.prototype.toString.call(one));
        if (used.has(key) || !makers.some(makes)) continue;
        if (get === undefined || set === undefined) used.add(key);
        return typeof key === 'symbol' ? graph.link(key, trail) : key;
      }
    throw refusal(
      trail,
      `the name of the class member \`${text.slice(0, 40)}…\` is not to be found on the class any more`,
    );
  });
}

/** Members that the class's text makes again. */
function isWritten(text: string, descriptor: PropertyDescriptor): boolean {
  if (descriptor.enumerable) return false;
  const makers: unknown[] = [descriptor.value, descriptor.get, descriptor.set].filter(
    (one) => one !== undefined,
  );
  return (
    makers.length > 0 &&
    makers.every((one) => typeof one === 'function' && text.includes(Function.prototype.toString.call(one)))
  );
}

/** `function Old() {}` with methods on its prototype. */
function addConstructor(graph: Graph, fn: Fn, node: FunctionNode, trail: Trail | undefined): void {
  const prototype: unknown = fn.prototype;
  if (typeof prototype !== 'object' || prototype === null) return;
  const keys = Reflect.ownKeys(prototype);
  const isPlainMaker = Object.hasOwn(prototype, 'constructor');
  const parent = Object.getPrototypeOf(prototype) as object | null;
  const inherits = isPlainMaker && parent !== Object.prototype;
  if (keys.length <= (isPlainMaker ? 1 : 0) && !inherits) return;
  graph.reusable = false;
  const shape: Shape = {};
  const step: Trail = { up: trail, kind: 'text', label: '.prototype' };
  if (inherits) shape.proto = parent === null ? -1 : graph.link(parent, step);
  addProperties(graph, prototype, shape, step, (key) => key !== 'constructor');
  node.prototype = graph.add({ t: 'shape', ...shape });
  graph.printClass(node);
}

const MADE_BY_ENGINE = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);

function addOwn(graph: Graph, fn: Fn, text: string, node: FunctionNode, trail: Trail | undefined): void {
  addProperties(graph, fn, node, trail, (key, descriptor) => {
    if (MADE_BY_ENGINE.has(key) && (key !== 'name' || typeof descriptor.value === 'string')) return false;
    return !isWritten(text, descriptor);
  });
  if (node.own !== undefined || node.special !== undefined) graph.reusable = false;
  addLocks(fn, node);
  const proto = Object.getPrototypeOf(fn) as object | null;
  if (node.heritage === undefined && proto !== null && intrinsicPath(proto) === undefined)
    node.proto = graph.link(proto, { up: trail, kind: 'text', label: '' });
}
