/**
 * Variables that several functions of one message share and that some of them assign: one cell for all.
 *
 * The engine shows copies of scopes, so which functions share one must be told from outside. A module's own scope is
 * exact: there is one per script. Of inner scopes (a call of a function, a turn of a loop) two functions are taken to
 * share one when the same variables hold the very same values all the way out. When that also holds for two functions
 * of the same text (two calls of one maker, still in the same state), only functions found on one object or in one list
 * are joined.
 */
import { codeOf, type FunctionRecord } from './function-record.ts';
import type { Graph } from './graph.ts';
import type { Scope } from './inspector.ts';
import type { Trail } from './trail.ts';
import type { FunctionNode, Links, WireNode } from './wire.ts';

/** A function of the message with the scopes its variables were read from. */
export interface CapturedFunction {
  readonly node: FunctionNode;
  readonly record: FunctionRecord;
  readonly scopes: readonly Scope[];
  /** Variables of the factory with the index of their scope; -1 for imports and globals. */
  readonly variables: Map<string, number>;
  /** Imported variables among them, by the names of their exports. */
  readonly live: ReadonlyMap<string, string>;
  /** Its own name is one of its variables. */
  readonly freed: boolean;
  /** Names among them, and others, that the function assigns. */
  readonly written: ReadonlySet<string>;
  readonly holder: Trail | undefined;
  readonly by: string;
}

interface Group {
  readonly first: CapturedFunction;
  readonly level: number;
  readonly names: Set<string>;
  readonly members: Map<CapturedFunction, number>;
}

/** Finds shared variables and moves them from their functions into scope nodes. */
export function shareScopes(graph: Graph, functions: readonly CapturedFunction[]): void {
  if (functions.length < 2) return;
  const groups: Group[] = [];
  for (const one of functions)
    for (const name of one.written) {
      const level = one.variables.get(name);
      if (level !== undefined && level >= 0) join(groups, functions, one, level, name);
    }
  if (groups.length === 0) return;
  // Outer scopes first: inner ones are made inside them.
  groups.sort((a, b) => fromOutside(a) - fromOutside(b));
  const nodes = new Map<Group, number>();
  for (const group of groups) nodes.set(group, makeScope(graph, group, groups, nodes));
  for (const one of functions) move(one, groups, nodes);
}

function fromOutside({ first, level }: Group): number {
  return first.scopes.length - level;
}

function join(
  groups: Group[],
  functions: readonly CapturedFunction[],
  one: CapturedFunction,
  level: number,
  name: string,
): void {
  const known = groups.find((group) => group.members.get(one) === level);
  if (known !== undefined) {
    known.names.add(name);
    return;
  }
  const members = new Map<CapturedFunction, number>();
  let used = 0;
  for (const other of functions) {
    const there = sameScope(functions, one, level, other);
    if (there === undefined) continue;
    members.set(other, there);
    if (other !== one && other.variables.get(name) === there) used++;
  }
  if (used > 0) groups.push({ first: one, level, names: new Set([name]), members });
}

/** The index in `b`'s scopes of what is at `level` in `a`'s. */
function sameScope(
  all: readonly CapturedFunction[],
  a: CapturedFunction,
  level: number,
  b: CapturedFunction,
): number | undefined {
  const there = b.scopes.length - (a.scopes.length - level);
  if (a === b) return level;
  if (there < 0 || a.record.script !== b.record.script || !equalFrom(a, level, b, there)) return undefined;
  if (isModuleScope(a, level)) return there;
  const isTwin = (one: CapturedFunction): boolean =>
    all.some((other) => {
      if (other === one || other.record.source !== one.record.source) return false;
      const { line, column } = one.record.start;
      return (
        other.record.start.line === line &&
        other.record.start.column === column &&
        equalFrom(one, level, other, level)
      );
    });
  if ((isTwin(a) || isTwin(b)) && (a.holder === undefined || a.holder !== b.holder)) return undefined;
  return there;
}

/** True when the scopes hold the same values from `level` outwards. */
function equalFrom(a: CapturedFunction, level: number, b: CapturedFunction, there: number): boolean {
  for (let i = level, k = there; i < a.scopes.length; i++, k++) {
    const one = a.scopes[i]!;
    const other = b.scopes[k];
    if (one.kind !== other?.kind) return false;
    if (isModuleScope(a, i)) continue;
    const names = Object.keys(one.variables);
    if (names.length !== Object.keys(other.variables).length) return false;
    for (const name of names) if (!Object.is(read(one, name), read(other, name))) return false;
  }
  return true;
}

/** Marks what cannot be read yet. */
const UNREADABLE = Symbol('unreadable');

function read(scope: Scope, name: string): unknown {
  try {
    return scope.variables[name];
  } catch (error) {
    if (error instanceof ReferenceError) return UNREADABLE;
    throw error;
  }
}

/** There is one of these per script. */
function isModuleScope({ scopes, record }: CapturedFunction, level: number): boolean {
  const { kind } = scopes[level]!;
  if (kind === 'Module' || kind === 'Script') return true;
  // The function that Node wraps around a CommonJS module is no part of its text and has no name.
  return (
    kind === 'Closure' &&
    level === scopes.length - 1 &&
    record.script?.isModule === false &&
    record.script.url.startsWith('file:')
  );
}

function makeScope(
  graph: Graph,
  group: Group,
  groups: readonly Group[],
  nodes: ReadonlyMap<Group, number>,
): number {
  const names = [...group.names];
  const env: unknown[] = [];
  const envLinks: Links = [];
  for (const name of names) {
    const { node, variables } = [...group.members.keys()].find(
      (one) => one.variables.get(name) === group.members.get(one),
    )!;
    const slot = [...variables.keys()].indexOf(name);
    const link = linkAt(node.envLinks, slot);
    if (link !== undefined) envLinks.push(env.length, link);
    env.push(node.env[slot]);
  }
  const outer = groups.findLast(
    (one) =>
      one !== group &&
      nodes.has(one) &&
      one.members.has(group.first) &&
      fromOutside(one) < fromOutside(group),
  );
  const node: WireNode = {
    t: 'scope',
    names,
    strict: group.first.record.script?.strict !== false,
    env,
    ...(envLinks.length > 0 && { envLinks }),
    ...(outer !== undefined && { outer: nodes.get(outer)! }),
  };
  return graph.add(node);
}

function linkAt(links: Links | undefined, slot: number): number | undefined {
  for (let i = 0; links !== undefined && i < links.length; i += 2)
    if (links[i] === slot) return links[i + 1] as number;
  return undefined;
}

/** Takes the shared variables out of a function, which then is made inside the innermost shared scope. */
function move(one: CapturedFunction, groups: readonly Group[], nodes: ReadonlyMap<Group, number>): void {
  const { node, variables, record } = one;
  const mine = groups.filter((group) => group.members.has(one));
  const isShared = (name: string): boolean =>
    mine.some((group) => group.names.has(name) && group.members.get(one) === variables.get(name));
  const names = [...variables.keys()];
  const kept = names.filter((name) => !isShared(name));
  if (kept.length === names.length) return;
  node.scope = nodes.get(mine.at(-1)!)!;
  const links: Links = [];
  const env = kept.map((name, i) => {
    const slot = names.indexOf(name);
    const link = linkAt(node.envLinks, slot);
    if (link !== undefined) links.push(i, link);
    return node.env[slot];
  });
  node.env = env;
  if (links.length > 0) node.envLinks = links;
  else delete node.envLinks;
  node.code = codeOf(record, kept, one.by, one.freed, one.live);
}
