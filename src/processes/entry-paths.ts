/** What cannot cross processes, told by the names that users know: a variable, an argument, an item, a result. */
import { CaptureError } from '../base/errors.ts';
import {
  pathToNode,
  positionOf,
  type AnyFunction,
  type Captured,
  type NodePath,
  type Packed,
} from '../closure/index.ts';
import { encode, type Shared } from '../codec/index.ts';
import { partItems, partOf, type FromWorker, type ToWorker } from '../executor/wire.ts';
import { LEAST_BYTES } from '../memory/transit.ts';
import { shareMapped } from './luggage.ts';

const itemsPath = `[${partItems}]`;

const admitted = new WeakSet<Captured>();
/** Captured functions with arrays that are worth shared memory. */
const large = new WeakSet<Packed>();

/** Whether a captured function that was admitted reaches arrays that go through shared memory. */
export function hasLargeArrays(packed: Packed): boolean {
  return large.has(packed);
}

/**
 * Checks that a captured function can go to another process: threads can be given more (shared memory, ports).
 *
 * @throws CaptureError that names the variable
 */
export function admit(captured: Captured, fn: AnyFunction): void {
  if (admitted.has(captured)) return;
  const { packed } = captured;
  try {
    const share = (buffer: ArrayBufferLike): Shared | undefined => {
      if (buffer.byteLength >= LEAST_BYTES) large.add(packed);
      return shareMapped(buffer);
    };
    encode(packed, { root: '', subject: variablesOf(captured), share });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const by = fn.name === '' ? '(anonymous)' : fn.name;
    const at = positionOf(fn);
    const where = `captured by \`${by}\`${at === undefined ? '' : ` at ${at}`}`;
    throw renamed(error, placeIn(packed, error.path, 'value'), where, by, at);
  }
  admitted.add(captured);
}

/** The variables of all functions of a message, by name. */
function variablesOf({ packed }: Captured): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  if ('raw' in packed) return { value: packed.raw };
  for (const node of packed.nodes) {
    if (node.t === 'fn') node.code.variables.forEach((name, k) => (variables[name] ??= node.env[k]));
  }
  // What objects and classes hold comes last: a variable says more.
  return { ...variables, value: packed.nodes };
}

/** The error of a message to a worker, told in the caller's words. */
export function inCallersWords(error: unknown, entries: readonly ToWorker[]): unknown {
  return inWords(error, (index, rest) => {
    const entry = entries[index];
    if (entry?.[0] === 'args') return rest.replace(/^\[2\]/, 'args');
    if (entry?.[0] !== 'run') return undefined;
    const { from, base, op, coding, items } = partOf(entry);
    const root = op === 'call' ? 'args' : 'items';
    const inItems = rest.startsWith(itemsPath) ? rest.slice(itemsPath.length) : rest;
    if (coding === 'packed') {
      const { path, ownClass } = placeIn(items as Packed, inItems, root);
      // Items count from the first of the call, not of the part.
      const shown = path.replace(/^items\[(\d+)\]/, (_, k: string) => `items[${base + from + Number(k)}]`);
      return { path: shown, ownClass };
    }
    return inItems.replace(/^\[(\d+)\]/, (_, k: string) =>
      op === 'call' ? 'args' : `items[${base + from + Number(k)}]`,
    );
  });
}

/** The error of a message from a worker, told in the words of the task. */
export function inTasksWords(error: unknown, entries: readonly FromWorker[]): unknown {
  return inWords(error, (index, rest) => {
    const entry = entries[index];
    if (entry?.[0] === 'results') return rest.replace(/^\[3\]\[\d+\]/, 'result');
    if (entry?.[0] === 'value') return rest.replace(/^\[2\]/, 'result');
    return entry?.[0] === 'report' ? 'report' : 'result';
  });
}

function inWords(
  error: unknown,
  nameOf: (index: number, rest: string) => NodePath | string | undefined,
): unknown {
  if (!(error instanceof CaptureError)) return error;
  const [, index, rest] = /^message\[(\d+)\](.*)$/s.exec(error.path) ?? [];
  if (index === undefined) return error;
  const place = nameOf(Number(index), rest ?? '');
  if (place === undefined) return error;
  return renamed(error, typeof place === 'string' ? { path: place, ownClass: undefined } : place);
}

/** Where a path that the codec tells of a packed value leads, in the words of who packed it: paths through nodes say nothing to users. */
function placeIn(packed: Packed, path: string, root: string): NodePath {
  const index = /^\.?(?:value|nodes)\[(\d+)\]/.exec(path)?.[1];
  if (index !== undefined) {
    const found = pathToNode(packed, Number(index), root);
    if (found !== undefined) return found;
  }
  const named = index === undefined ? path.replace(/^[.]/, '') : '';
  return { path: named === '' ? root : named, ownClass: undefined };
}

/** The error with another path; `where` says who captured what stands there. */
function renamed(
  error: CaptureError,
  { path, ownClass }: NodePath,
  where?: string,
  by?: string,
  at?: string,
): CaptureError {
  const shown = `\`${path}\`${where === undefined ? '' : ` (${where})`}`;
  const message =
    ownClass === undefined || !error.message.includes('(a SharedArrayBuffer)')
      ? error.message.replace(`\`${error.path}\``, () => shown).replace(/^cannot encode/, 'cannot send')
      : `cannot send ${shown}: only the threads of one process see this ${ownClass}; make it with { across: 'processes' }`;
  return new CaptureError(message, { path, capturedBy: by, at, cause: error.cause });
}
