/** Values of a function's free names, as they go into its environment. */
import { types } from 'node:util';
import type { FunctionRecord } from './function-record.ts';
import { noteExports, noteImport } from './identity.ts';
import { isImported, markImported } from './imported-modules.ts';
import type { Introspection, Scope } from './inspector.ts';
import { isStandardGlobal } from './intrinsics.ts';
import { mayChange } from './live-bindings.ts';
import { toolNode } from './tool-names.ts';
import { refusal, type Trail } from './trail.ts';
import type { Graph } from './graph.ts';
import type { ImportReference, Links, WireNode } from './wire.ts';

const NO_ARGUMENTS =
  '`arguments` of the surrounding function cannot be a variable of another; use a rest parameter (`...args`) there';

/**
 * Puts the value of a free name into the environment; gives the index of its scope, -1 for imports and the program's own
 * globals, undefined when the name is left to the globals of the receiver. Names of imported variables that may change are
 * added to `live`, with their exported names: their value is the namespace of their module.
 */
export function resolve(
  graph: Graph,
  record: FunctionRecord,
  seen: Introspection,
  name: string,
  trail: Trail,
  env: unknown[],
  links: Links,
  live: Map<string, string>,
): number | undefined {
  const script = record.script!;
  const slot = env.length;
  if (name === 'arguments') throw refusal(trail, NO_ARGUMENTS);
  const level = seen.scopes.findIndex((one) => Object.hasOwn(one.variables, name));
  const scope = seen.scopes[level];
  const binding = scope === undefined || scope.kind === 'Module' ? script.imports.get(name) : undefined;
  if (binding !== undefined) {
    const reference = { ...binding, base: script.base };
    if (scope !== undefined) noteBinding(scope, name, reference);
    env.push(undefined);
    const isLive =
      binding.name !== '*' &&
      !record.source.written.has(name) &&
      mayChange(binding.specifier, script.base, binding.name);
    if (isLive) live.set(name, binding.name);
    links.push(slot, graph.add({ t: 'import', ...reference, ...(isLive && { name: '*' }) }));
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

/** A variable's value now. */
export function readVariable(scope: Scope, name: string, trail: Trail | undefined): unknown {
  try {
    return scope.variables[name];
  } catch (error) {
    throw refusal(trail, 'it is not initialised yet; send the function after the declaration has run', error);
  }
}

function noteBinding(scope: Scope, name: string, reference: ImportReference): void {
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

/** A function or class that a module exports which the receiver imports anyway; looks at it only where that may be so. */
export function exportNode(
  fn: object,
  record: FunctionRecord,
  look: () => Introspection,
): WireNode | undefined {
  const first = record.script === undefined ? look() : undefined;
  const { script } = record;
  if (script === undefined || !script.isModule || !isImported(script.base)) return undefined;
  const scope = (first ?? look()).scopes.at(-1);
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

/** The same from names that `task({ … }, fn)` states; false when the name is a standard global. */
export function resolveStated(
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
