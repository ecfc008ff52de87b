/** Wire nodes of functions and classes. */
import { addClass, addConstructor, addOwn } from './function-members.ts';
import { isDeclared } from './declared.ts';
import { codeOf, look, positionIn, recordOf, type FunctionRecord } from './function-record.ts';
import type { AnyFunction } from './function-type.ts';
import { foreignId, idOf, importOf } from './identity.ts';
import { isOwnModule } from './imported-modules.ts';
import { introspect, withInspector, type Introspection } from './inspector.ts';
import { intrinsicPath, isNative, knownNode } from './intrinsics.ts';
import { builtinExport, commonjsExport } from './module-exports.ts';
import { pinOf } from './pins.ts';
import { refuse } from './protocol.ts';
import { refusal, type Trail } from './trail.ts';
import { exportNode, readVariable, resolve, resolveStated } from './variables.ts';
import type { Graph } from './graph.ts';
import type { FunctionNode, Links, WireNode } from './wire.ts';

/** The node of a function or class. */
export function functionNode(graph: Graph, value: object, trail: Trail | undefined, index: number): WireNode {
  const pinned = pinOf(value);
  const fn = pinned?.fn ?? (value as AnyFunction);
  const reference = importOf(fn);
  if (reference !== undefined) return { t: 'import', ...reference };
  const own = (fn as { [refuse]?: unknown })[refuse];
  if (typeof own === 'string') throw refusal(trail, own);
  const away = graph.options.reply === true ? foreignId(fn) : undefined;
  if (away !== undefined) return { t: 'reference', id: away, name: fn.name };
  const exported = commonjsExport(fn);
  if (exported !== undefined) return exported;
  if (isNative(fn)) return nativeNode(graph, fn, trail);
  // Not for what is sent itself: that alone would build the table of builtin exports.
  const builtin = trail?.up === undefined ? undefined : builtinExport(fn);
  if (builtin !== undefined) return { t: 'builtin', ...builtin };
  const record = recordOf(fn);
  if (record === null || record === undefined)
    throw refusal(trail, 'its source text cannot be parsed as a function; wrap it in an arrow function');
  return withInspector(() => userNode(graph, fn, record, trail, index, pinned?.stated));
}

function nativeNode(graph: Graph, fn: AnyFunction, trail: Trail | undefined): WireNode {
  const known = knownNode(fn);
  if (known !== undefined) return known;
  const { bound } = withInspector(() => introspect(fn));
  if (bound === undefined)
    throw refusal(
      trail,
      fn.name === ''
        ? 'it has to do with a function of another vm context, or of the engine; make the function in this context, or ' +
            'send its text'
        : `the native function ${fn.name} belongs to this thread; call it through what it is a method of`,
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
  fn: AnyFunction,
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
  // What is sent itself is the program's, unless it is one of Tutti's functions.
  const isInner = trail?.up !== undefined || (seen !== undefined && isOwnModule(record.script?.base ?? ''));
  const exported = isInner ? exportNode(fn, record, () => seen ?? look(fn, record)) : undefined;
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
  const live = new Map<string, string>();
  const env: unknown[] = [];
  const envLinks: Links = [];
  if (seen !== undefined)
    for (const [name, offset] of source.names) {
      const level = resolve(graph, record, seen, name, step(name, offset), env, envLinks, live);
      if (level !== undefined) variables.set(name, level);
    }
  const own = seen && assignedName(fn, record, seen);
  if (own !== undefined) {
    const level = resolve(graph, record, seen!, own.name, step(own.name, own.at), env, envLinks, live);
    if (level !== undefined) variables.set(own.name, level);
  }
  if (stated !== undefined)
    for (const [name, offset] of source.names)
      if (resolveStated(graph, stated, name, step(name, offset), env, envLinks)) variables.set(name, -1);
  if (variables.size === 0 && seen !== undefined) record.globalsOnly = true;
  if (trail?.up !== undefined) graph.sent.push(fn);
  const node: FunctionNode = {
    t: 'fn',
    id: idOf(fn),
    code: codeOf(record, [...variables.keys()], by, own !== undefined, live),
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
      live,
      freed: own !== undefined,
      written: own?.written === true ? new Set([...source.written, own.name]) : source.written,
      holder: trail?.kind === 'key' ? trail.up : undefined,
      by,
    });
  if (source.kind !== 'function') addClass(graph, fn, record, node, seen, step);
  else if (Object.hasOwn(fn, 'prototype')) addConstructor(graph, fn, node, trail);
  addOwn(graph, fn, source.text, node, trail);
  return node;
}

/** The own name of a function declaration, where it is a variable like others: something else was assigned, or will be. */
function assignedName(
  fn: AnyFunction,
  { source: { ownName }, script, start }: FunctionRecord,
  { scopes }: Introspection,
): FunctionRecord['source']['ownName'] {
  if (ownName === undefined || script === undefined) return undefined;
  const scope = scopes.find((one) => Object.hasOwn(one.variables, ownName.name));
  if (scope === undefined || (!ownName.written && readVariable(scope, ownName.name, undefined) === fn))
    return undefined;
  return isDeclared(script, start) ? ownName : undefined;
}

/** Functions that belong to Node itself. */
function nodeFunction(
  graph: Graph,
  fn: AnyFunction,
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

function nameOf(fn: AnyFunction): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof value === 'string' ? value : undefined;
}
