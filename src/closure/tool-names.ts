/** Names that test runners and coverage tools put into functions: vite's imports, istanbul's counters. */
import type { Graph } from './graph.ts';
import type { Scope } from './inspector.ts';
import type { Script } from './script.ts';
import { refusal, type Trail } from './trail.ts';
import type { Links, WireNode } from './wire.ts';

/** The node for a name that a tool made; undefined for all others. */
export function toolNode(
  graph: Graph,
  script: Script,
  scope: Scope | undefined,
  name: string,
  text: string,
  trail: Trail,
): WireNode | undefined {
  if (name.startsWith('__vi')) return viteNode(graph, script, scope, name, text, trail);
  if (/^cov_[0-9a-z]+$/.test(name) && isCounter(scope?.variables[name])) return { t: 'counters' };
  return undefined;
}

function isCounter(value: unknown): boolean {
  return typeof value === 'function' && /coverage/i.test(Function.prototype.toString.call(value));
}

function viteNode(
  graph: Graph,
  script: Script,
  scope: Scope | undefined,
  name: string,
  text: string,
  trail: Trail,
): WireNode | undefined {
  if (name === '__vite_ssr_import_meta__') return { t: 'meta', base: script.base };
  if (name === '__vite_ssr_dynamic_import__') return { t: 'importer', base: script.base, rooted: true };
  const specifier = viteImports(script).get(name);
  if (specifier === undefined || scope === undefined) return undefined;
  const reference = fileOf(specifier);
  if (reference !== undefined) return { t: 'import', specifier: reference, base: script.base, name: '*' };
  // A project file exists in its rewritten form only: its members go by value, those that the function names.
  const namespace = scope.variables[name] as Record<string, unknown>;
  const members = new Set(
    [...text.matchAll(new RegExp(`${name}\\.([\\w$]+)`, 'g'))].map((match) => match[1]!),
  );
  const own: Record<string, unknown> = {};
  const links: Links = [];
  for (const member of members)
    graph.slot(own, member, readMember(namespace, member, trail), links, () => ({ ...trail, label: member }));
  return { t: 'object', own, links, proto: -1 };
}

function readMember(namespace: Record<string, unknown>, member: string, trail: Trail): unknown {
  try {
    return namespace[member];
  } catch (error) {
    throw refusal(
      { ...trail, label: member },
      'it is not initialised yet; send the function after the declaration has run',
      error,
    );
  }
}

/** What a worker can import by itself: builtins and packages. */
function fileOf(specifier: string): string | undefined {
  if (!specifier.startsWith('/') && !specifier.startsWith('.')) return specifier;
  const path = specifier.startsWith('/@fs/') ? specifier.slice('/@fs'.length) : specifier;
  return path.includes('/node_modules/') && path !== specifier ? `file://${path}` : undefined;
}

const imports = new WeakMap<Script, Map<string, string>>();

function viteImports(script: Script): Map<string, string> {
  let found = imports.get(script);
  if (found === undefined) {
    const pattern =
      /(?:const|let|var) (__vi(?:te_ssr)?_import_\d+__) = (?:await |\(0, ?)*(?:__vite_ssr_(?:dynamic_)?import__|import)\)?\((?:\/\*.*?\*\/)?\s*("[^"]+"|'[^']+')/g;
    found = new Map();
    for (const [, name, quoted] of script.source.matchAll(pattern)) found.set(name!, quoted!.slice(1, -1));
    imports.set(script, found);
  }
  return found;
}
