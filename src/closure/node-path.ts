/** Where something is that stands in a message's nodes, in the words of who packed it. */
import { isOwnModule } from './imported-modules.ts';
import { keyText } from './trail.ts';
import type { Links, Packed, Shape, WireNode } from './wire.ts';

/** A place in what was packed. */
export interface NodePath {
  /** Such as `score.table[3]`; `root` for what was packed itself. */
  readonly path: string;
  /** It is inside an object that travels in its own way: the object's path it is, and this its class, if that is one of Tutti's. */
  readonly ownClass: string | undefined;
}

/**
 * The path to node `index`: a variable of a function (by its name alone), or what leads there from `root`.
 *
 * @returns undefined when no way leads there that has a name
 */
export function pathToNode(packed: Packed, index: number, root: string): NodePath | undefined {
  if ('raw' in packed) return undefined;
  const { nodes } = packed;
  const seen = new Set([packed.root]);
  const open: (NodePath & { readonly index: number })[] = [
    { index: packed.root, path: root, ownClass: undefined },
  ];
  for (const from of open) {
    if (from.index === index) return { path: from.path, ownClass: from.ownClass };
    const node = nodes[from.index];
    if (node === undefined) continue;
    for (const [to, path] of stepsFrom(node, from.path)) {
      if (to === undefined || seen.has(to)) continue;
      seen.add(to);
      const ownClass = node.t === 'custom' ? classOf(nodes[node.by]) : from.ownClass;
      open.push({ index: to, path: from.ownClass === undefined ? path : from.path, ownClass });
    }
  }
  return undefined;
}

/** The name of the class that made a custom node, where that is one of this package's. */
function classOf(by: WireNode | undefined): string | undefined {
  if (by?.t !== 'import') return undefined;
  const { specifier, name } = by;
  const isOwn = /^tutti(?:\/|$)/.test(specifier) || isOwnModule(specifier);
  return isOwn ? name : undefined;
}

function* stepsFrom(node: WireNode, path: string): Iterable<[to: number | undefined, path: string]> {
  if (node.t === 'fn' || node.t === 'scope') {
    const names = node.t === 'fn' ? node.code.variables : node.names;
    for (const [k, to] of pairsOf(node.envLinks)) yield [to, names[Number(k)] ?? path];
  }
  if (node.t === 'fn') {
    yield [node.scope, path];
    yield [node.heritage, path];
  }
  if (node.t === 'scope') yield [node.outer, path];
  if (node.t === 'custom') yield [node.data, path];
  if (node.t === 'bound') for (const to of [node.fn, node.self, ...node.args]) yield [to, path];
  if (node.t === 'map' || node.t === 'set')
    for (const [, to] of pairsOf(node.itemLinks)) yield [to, `${path}.values()`];
  const { links, special, proto } = node as Shape;
  for (const [key, to] of pairsOf(links)) yield [to, path + keyText(key)];
  for (const { key, value } of special ?? []) yield [value, path + keyText(key)];
  yield [proto, path];
}

function* pairsOf(links: Links | undefined): Iterable<[key: string | number, to: number]> {
  for (let k = 0; k + 1 < (links?.length ?? 0); k += 2)
    yield [(links as Links)[k] as string | number, (links as Links)[k + 1] as number];
}
