/** Functions that may run in the caller's thread instead of a worker's, because nobody can tell the difference. */
import { capture, type Captured } from './capture.ts';
import { GLOBALS, verdictOn } from './computes.ts';
import { factoryOf } from './factory.ts';
import type { AnyFunction } from './function-type.ts';
import { pinOf } from './pins.ts';
import type { StraightLine } from './straight-line.ts';
import type { FunctionNode } from './wire.ts';

/** The copies used last: they hold numbers alone, so that keeping them keeps nothing else alive. */
const copies = new Map<Captured, AnyFunction>();
const COPIES = 32;

const { Math: math } = globalThis;
const pristine = new Map(
  Object.getOwnPropertyNames(math).map((name) => [name, math[name as keyof Math]] as const),
);

/**
 * A copy of a function that does nothing but compute with the numbers it is given: no effects, no loops, no surroundings
 * but numbers. It has its own copies of those, as in a worker, and for equal captures it is the same copy. Undefined for
 * other functions, and whenever that is not certain.
 *
 * @throws CaptureError when a variable cannot be read
 */
export function arithmeticCopy(fn: AnyFunction): AnyFunction | undefined {
  const verdict = verdictOn(Function.prototype.toString.call(pinOf(fn)?.fn ?? fn));
  if (verdict === undefined || verdict.arrays.length > 0 || verdict.helpers.length > 0) return undefined;
  if (!verdict.calls.every(isPristine)) return undefined;
  const captured = capture(fn);
  let copy = copies.get(captured);
  if (copy === undefined) {
    const node = numbersOnly(captured, verdict);
    if (node === undefined) return undefined;
    copy = factoryOf(node.code, node.env, []).make() as AnyFunction;
  } else copies.delete(captured);
  copies.set(captured, copy);
  if (copies.size > COPIES) copies.delete(copies.keys().next().value as Captured);
  return copy;
}

/** The program may have put another function in its place here, which workers would not have. */
function isPristine(name: string): boolean {
  return globalThis.Math === math && math[name as keyof Math] === pristine.get(name);
}

/** The captured function if the names that it takes from outside are numbers, or the globals that they seem to be. */
function numbersOnly({ packed }: Captured, { names }: StraightLine): FunctionNode | undefined {
  if ('raw' in packed || packed.imports) return undefined;
  const node = packed.nodes[packed.root];
  if (node?.t !== 'fn' || node.code.kind !== 'function') return undefined;
  if (node.scope !== undefined || (node.envLinks?.length ?? 0) > 0) return undefined;
  const { variables } = node.code;
  const known = names.every((name) => {
    const at = variables.indexOf(name);
    return at < 0 ? GLOBALS.has(name) : typeof node.env[at] === 'number';
  });
  return known ? node : undefined;
}
