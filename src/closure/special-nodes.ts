/** Nodes for which a message is not enough: what the receiver has of its own, imports, or makes in the user's way. */
import { openMemory, type MemoryHandle } from '../memory/handle.ts';
import { importedNow, importerFor, metaFor, requireFrom, rootedImporterFor } from './importer.ts';
import { intrinsicAt } from './intrinsic-path.ts';
import { symbolOf } from './identity.ts';
import { deserialize } from './protocol.ts';
import type { Construct, SpecialNode } from './wire.ts';

export { completeTutti, importedNow, importerFor, isComplete, load, metaFor } from './importer.ts';

/** The value of a special node. `get` gives the value of another node, `drain` completes all that `get` has begun. */
export function special(node: SpecialNode, get: (index: number) => unknown, drain: () => void): unknown {
  switch (node.t) {
    case 'global':
      return intrinsicAt(node.path);
    case 'builtin':
      return at(process.getBuiltinModule(node.module), node.path);
    case 'commonjs':
      return at(requireFrom(node.file)(node.file), node.path);
    case 'require':
      return requireFrom(node.base);
    case 'importer':
      return node.rooted ? rootedImporterFor(node.base) : importerFor(node.base);
    case 'counters':
      return () => COUNTERS;
    case 'meta':
      return metaFor(node.base);
    case 'import':
      return importedNow(node)?.value;
    case 'symbol':
      return symbolOf(node.id, node.description);
    case 'symbolFor':
      return Symbol.for(node.key);
    case 'construct':
      return construct(node.make, node.args, get);
    case 'custom': {
      const maker = get(node.by) as { [deserialize](data: unknown): unknown };
      const data = get(node.data);
      drain();
      return maker[deserialize](data);
    }
  }
}

function construct(make: Construct, args: readonly unknown[], get: (index: number) => unknown): unknown {
  switch (make) {
    case 'URL':
      return new URL(args[0] as string);
    case 'URLSearchParams':
      return new URLSearchParams(args[0] as string);
    case 'File': {
      const [content, name, options] = args as [Blob, string, { type: string; lastModified: number }];
      return new (process.getBuiltinModule('node:buffer').File)([content], name, options);
    }
    case 'TextEncoder':
      return new TextEncoder();
    case 'TextDecoder':
      return new TextDecoder(...(args as ConstructorParameters<typeof TextDecoder>));
    case 'Temporal': {
      type Temporal = Record<string, { from(text: string): unknown }>;
      return (globalThis as unknown as { Temporal: Temporal }).Temporal[args[0] as string]!.from(
        args[1] as string,
      );
    }
    case 'MappedBuffer':
      return openMemory(args[0] as MemoryHandle);
    case 'MappedView': {
      const [handle, name, byteOffset, length] = args as [MemoryHandle, string, number, number];
      const memory = openMemory(handle);
      if (name === 'Buffer') return Buffer.from(memory, byteOffset, length);
      type Views = Record<string, new (memory: ArrayBuffer, byteOffset: number, length: number) => unknown>;
      return new (globalThis as unknown as Views)[name]!(memory, byteOffset, length);
    }
    case 'BoxedSymbol':
      return Object(get(args[0] as number));
    case 'DOMException': {
      const [message, name, stack, cause] = args as [string, string, string, number];
      const error = new DOMException(message, { name, cause: get(cause) } as never);
      Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
      return error;
    }
  }
}

function at(object: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => (value as Record<string, unknown>)[key], object);
}

/** Takes any counting. */
const COUNTERS: unknown = new Proxy(
  {},
  { get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : COUNTERS), set: () => true },
);
