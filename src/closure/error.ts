/** Errors on their way: packing one never fails. */
import { Graph } from './graph.ts';
import type { Packed } from './wire.ts';
import { unpack } from './unpack.ts';

/** The wire form of anything that was thrown. What cannot travel is left out and listed in the property `notSent`. */
export function packError(error: unknown): Packed {
  try {
    const graph = new Graph({ lenient: true, reply: true });
    const packed = graph.pack(error, { up: undefined, kind: 'name', label: 'error' });
    if (graph.dropped.length === 0 || 'raw' in packed) return packed;
    const root = packed.nodes[packed.root]!;
    if (root.t === 'raw') return packStandIn(error, graph.dropped);
    if (root.t !== 'error') return packed;
    const own = { ...(root.own as Record<string, unknown> | undefined), notSent: graph.dropped };
    const nodes = [...packed.nodes];
    nodes[packed.root] = { ...root, own };
    return { ...packed, nodes };
  } catch (failure) {
    return {
      raw: new Error(`${describe(error)} (the error itself could not be sent: ${describe(failure)})`),
    };
  }
}

/** What arrives in place of a thrown value that is refused itself: its message, stack and properties, without its class. */
function packStandIn(error: unknown, reasons: readonly string[]): Packed {
  if (!(error instanceof Error)) throw new TypeError(reasons.join('; '));
  const { name, message, stack, cause } = error;
  const graph = new Graph({ lenient: true, reply: true });
  const plain =
    error instanceof DOMException
      ? new DOMException(message, { name, cause } as never)
      : Object.assign(new Error(message), error, cause !== undefined && { cause }, { notSent: reasons });
  if (!(plain instanceof DOMException) && name !== 'Error')
    Object.defineProperty(plain, 'name', { value: name });
  Object.defineProperty(plain, 'stack', { value: stack, writable: true, configurable: true });
  return graph.pack(plain, { up: undefined, kind: 'name', label: 'error' });
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch (failure) {
    return failure === undefined ? 'undefined' : 'an error that cannot be shown';
  }
}

/**
 * What {@link packError} was given; a promise of it where its class must be imported first. Like packing, it never fails:
 * an error that cannot be rebuilt arrives as a plain one with its stack, and why as its `cause`.
 */
export function unpackError(packed: Packed): unknown {
  const root = 'raw' in packed ? undefined : packed.nodes[packed.root];
  const stack = root?.t === 'error' ? root.stack : undefined;
  try {
    const error = unpack(packed);
    return error instanceof Promise ? error.catch((failure: unknown) => plainError(stack, failure)) : error;
  } catch (failure) {
    return plainError(stack, failure);
  }
}

function plainError(stack: string | undefined, cause: unknown): Error {
  const message = stack === undefined ? 'a task failed' : stack.slice(0, stack.search(/\n\s+at |$/));
  const error = new Error(`${message} (its class could not be rebuilt here)`, { cause });
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack });
  return error;
}
