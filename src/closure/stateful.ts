/**
 * Classes that share data with the rest of their message.
 *
 * A receiver keeps classes across messages, with the data behind them. Where functions of a message use the same data,
 * the kept class would hold that of an earlier message and the functions that of this one: such a class is made anew.
 */
import { linkedNodes } from './fingerprint.ts';
import { lookPlain } from './plain.ts';
import type { CapturedFunction } from './shared-scopes.ts';
import type { FunctionNode, WireNode } from './wire.ts';

const MUTABLE: ReadonlySet<WireNode['t']> = new Set([
  ...(['object', 'map', 'set', 'exotic', 'buffer', 'error', 'custom', 'construct', 'scope'] as const),
]);

/** Marks the classes of a message that reach data which something outside of classes reaches too. */
export function markStateful(
  nodes: readonly WireNode[],
  root: number,
  classes: readonly FunctionNode[],
  functions: readonly CapturedFunction[],
): void {
  if (classes.length === 0) return;
  const counting = new Set<WireNode>();
  for (const { node, written, variables } of functions)
    for (const name of written) if ((variables.get(name) ?? -1) >= 0) counting.add(node);
  const starts = classes.map((node) => nodes.indexOf(node));
  const inside = dataOf(nodes, counting, starts, false);
  if (inside.size === 0) return;
  const both = new Set<unknown>();
  for (const one of dataOf(nodes, counting, [root], true)) if (inside.has(one)) both.add(one);
  if (both.size === 0) return;
  for (const [i, node] of classes.entries())
    for (const one of dataOf(nodes, counting, [starts[i]!], false))
      if (both.has(one)) {
        node.stateful = true;
        break;
      }
}

/** Everything reached that can change: nodes, and plain objects inside them. */
function dataOf(
  nodes: readonly WireNode[],
  counting: ReadonlySet<WireNode>,
  starts: readonly number[],
  outsideClasses: boolean,
): Set<unknown> {
  const found = new Set<unknown>();
  const seen = new Set(starts);
  for (const index of seen) {
    const node = nodes[index]!;
    const isClass = node.t === 'fn' && node.print !== undefined;
    if (isClass && outsideClasses) continue;
    if (isMutable(node, isClass) || counting.has(node)) found.add(node);
    addPlain(node, found);
    for (const next of linkedNodes(node)) seen.add(next);
  }
  return found;
}

function isMutable(node: WireNode, isClass: boolean): boolean {
  if (node.t === 'fn') return !isClass && node.own !== undefined;
  return MUTABLE.has(node.t) && !('locked' in node && node.locked === 3);
}

function addPlain(node: WireNode, found: Set<unknown>): void {
  const open: unknown[] = [];
  const add = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) open.push(value);
  };
  if ('own' in node && node.own !== undefined) Object.values(node.own).forEach(add);
  if ('env' in node) node.env.forEach(add);
  if ('items' in node) node.items.forEach(add);
  if ('v' in node) add(node.v);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next) || isShared(next)) continue;
    found.add(next);
    lookPlain(next, open);
  }
}

/** Shared memory is one for all messages anyway. */
function isShared(value: unknown): boolean {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  return memory instanceof SharedArrayBuffer;
}
