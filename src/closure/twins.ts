/**
 * Captures that nobody can tell apart: the same text over the same values that cannot change. A call such as
 * `pool.for(n, (i) => { out[i] = f(a[i]); })` in a loop makes a new function each time; giving its capture again spares
 * the message, the rebuilding and, most of all, the worker's optimised code.
 */
import type { Graph } from './graph.ts';
import type { FunctionNode, Links, Packed, WireNode } from './wire.ts';

const twins = new Map<string, WeakRef<object>>();
/** Signatures kept; the oldest go first. */
const KEPT = 500;

/** What stands for a capture with this signature: `made`, or an earlier one that is still in use. */
export function twinOf<C extends object>(signature: string, made: C): C {
  const before = twins.get(signature)?.deref() as C | undefined;
  if (before !== undefined) return before;
  twins.delete(signature);
  if (twins.size >= KEPT) twins.delete(twins.keys().next().value!);
  // Weakly: a signature must not keep shared memory alive that its function refers to.
  twins.set(signature, new WeakRef(made));
  return made;
}

const PLAIN_FUNCTION = new Set(['t', 'id', 'code', 'env', 'envLinks', 'name']);

/** Text that is equal for captures that behave alike; undefined when the capture holds anything that may change. */
export function signatureOf(graph: Graph, packed: Packed): string | undefined {
  if ('raw' in packed) return undefined;
  for (const { written, variables } of graph.captured)
    for (const name of written) if (variables.has(name)) return undefined;
  const parts: unknown[] = [];
  for (const [index, node] of packed.nodes.entries()) {
    const part = node.t === 'fn' ? functionPart(node, index === packed.root, packed.root) : otherPart(node);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return JSON.stringify([packed.root, parts]);
}

function otherPart(node: WireNode): unknown {
  return node.t === 'import' || node.t === 'global' || node.t === 'builtin' ? node : undefined;
}

function functionPart(node: FunctionNode, isRoot: boolean, root: number): unknown {
  const { code, env, envLinks = [] as Links, id, name } = node;
  if (code.kind !== 'function') return undefined;
  for (const key of Object.keys(node)) if (!PLAIN_FUNCTION.has(key)) return undefined;
  // A function that can name itself could come back from a worker as the earlier one. (The factory is a function too.)
  if (isRoot && /\bfunction\b/.test(code.text.slice('(function('.length))) return undefined;
  const linked = new Set<unknown>();
  for (let i = 0; i < envLinks.length; i += 2) {
    if (envLinks[i + 1] === root) return undefined;
    linked.add(envLinks[i]);
  }
  const values: unknown[] = [];
  for (const [slot, value] of env.entries()) {
    const part = linked.has(slot) ? 0 : valuePart(value);
    if (part === undefined) return undefined;
    values.push(part);
  }
  return [isRoot ? 0 : id, name, code.file, code.line, code.column, code.text, values, envLinks];
}

let lastMemory = 0;
const memories = new WeakMap<object, number>();

/** A primitive, or a typed array over shared memory (whose content is the same for all anyway). */
function valuePart(value: unknown): unknown {
  switch (typeof value) {
    case 'object':
      break;
    case 'symbol':
    case 'function':
      return undefined;
    case 'number':
      return ['number', Object.is(value, -0) ? '-0' : String(value)];
    default:
      return [typeof value, String(value)];
  }
  if (value === null) return 'null';
  if (!ArrayBuffer.isView(value) || !(value.buffer instanceof SharedArrayBuffer)) return undefined;
  let memory = memories.get(value.buffer);
  if (memory === undefined) memories.set(value.buffer, (memory = ++lastMemory));
  const length = value instanceof DataView ? value.byteLength : (value as Uint8Array).length;
  return [value.constructor.name, memory, value.byteOffset, length];
}
