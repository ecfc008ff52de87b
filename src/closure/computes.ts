/** Functions that only compute: what is known of them by their text, and of captured ones by their variables. */
import { types } from 'node:util';
import type { Captured } from './capture.ts';
import { textOf } from './function-record.ts';
import { LONGEST, straightLine, type StraightLine } from './straight-line.ts';
import type { FunctionNode, WireNode } from './wire.ts';

/** Globals that such a function may use. */
export const GLOBALS: ReadonlySet<string> = new Set(['Math', 'NaN', 'Infinity', 'undefined']);

/** Verdicts by text; the oldest go first. */
const verdicts = new Map<string, StraightLine | undefined>();
const VERDICTS = 500;

/** What {@link straightLine} says of a text, remembered. */
export function verdictOn(text: string): StraightLine | undefined {
  if (text.length > LONGEST) return undefined;
  if (verdicts.has(text)) return verdicts.get(text);
  const verdict = straightLine(text);
  if (verdicts.size >= VERDICTS) verdicts.delete(verdicts.keys().next().value as string);
  verdicts.set(text, verdict);
  return verdict;
}

const computing = new WeakMap<FunctionNode, boolean>();

/**
 * Whether a captured function only computes, with numbers and typed arrays: it cannot ask which item it has, and cannot
 * bring its worker down.
 */
export function onlyComputes({ packed }: Captured): boolean {
  return !('raw' in packed) && computes(packed.nodes, packed.root);
}

function computes(nodes: readonly WireNode[], index: number): boolean {
  const node = nodes[index];
  if (node?.t !== 'fn') return false;
  let known = computing.get(node);
  if (known === undefined) {
    // A function that calls itself finds this.
    computing.set(node, false);
    computing.set(node, (known = judge(nodes, node)));
  }
  return known;
}

function judge(nodes: readonly WireNode[], { code, env, envLinks = [], scope }: FunctionNode): boolean {
  const text = textOf(code);
  const verdict = text === undefined || scope !== undefined ? undefined : verdictOn(text);
  if (verdict === undefined) return false;
  const links = new Map<unknown, number>();
  for (let i = 0; i < envLinks.length; i += 2) links.set(envLinks[i], envLinks[i + 1] as number);
  const { names, arrays, helpers } = verdict;
  const slot = (name: string): number => code.variables.indexOf(name);
  return (
    names.every((name) => (slot(name) < 0 ? GLOBALS.has(name) : typeof env[slot(name)] === 'number')) &&
    arrays.every((name) => isNumbers(env[slot(name)])) &&
    helpers.every((name) => links.has(slot(name)) && computes(nodes, links.get(slot(name)) as number))
  );
}

function isNumbers(value: unknown): boolean {
  return types.isTypedArray(value) && !types.isBigInt64Array(value) && !types.isBigUint64Array(value);
}
