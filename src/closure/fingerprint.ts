/** Fingerprints of classes: equal prints mean equal text, statics and captured values, as far as they travel. */
import { nextNumber } from './identity.ts';
import type { FunctionCode, WireNode } from './wire.ts';

/** Classes that reach more data than this many bytes are large: receivers keep few of them. */
const LARGE = 65_536;

/** What is told of a class. */
export interface Fingerprint {
  readonly print: string;
  /** It reaches much data. */
  readonly large: boolean;
}

/** The print of node `root` with all nodes that it leads to. */
export function fingerprint(nodes: readonly WireNode[], root: number): Fingerprint {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha1');
  const order = new Map<number, number>();
  const open = [root];
  let byteLength = 0;
  const visit = (index: number): number => {
    let place = order.get(index);
    if (place === undefined) {
      place = order.size;
      order.set(index, place);
      open.push(index);
    }
    return place;
  };
  order.set(root, 0);
  for (let index = open.shift(); index !== undefined; index = open.shift()) {
    const node = nodes[index]!;
    const places = linkedNodes(node).map(visit);
    const { bytes, shared } = bytesOf(contentOf(node));
    byteLength += bytes.byteLength + shared;
    hash.update(bytes).update(places.join());
  }
  return { print: hash.digest('base64'), large: byteLength > LARGE };
}

/** A node without the indices of other nodes, which differ from message to message. */
function contentOf(node: WireNode): object {
  const content: Record<string, unknown> = { ...node };
  for (const name of ['links', 'envLinks', 'itemLinks'])
    content[name] = (content[name] as unknown[] | undefined)?.filter((_, i) => i % 2 === 0);
  for (const name of ['proto', 'heritage', 'prototype', 'scope', 'outer', 'print', 'large'])
    delete content[name];
  for (const name of ['privates', 'args']) if (node.t === 'fn' || node.t === 'bound') delete content[name];
  if (node.t === 'fn') content.code = codeContent(node.code);
  if (node.t === 'fn' && node.keys !== undefined)
    content.keys = node.keys.map((key) => (typeof key === 'number' ? '' : key));
  if ('special' in node)
    content.special = node.special?.map(({ key, flags }) => [typeof key === 'number' ? '' : key, flags]);
  if (node.t === 'bound' || node.t === 'custom' || node.t === 'prototypeOf') return [node.t];
  if (node.t === 'named') return [node.t, node.name];
  return content;
}

/**
 * What a code says, which must be the same for a copy that is sent on: its own text has the factory's names in it, and
 * semicolons where static members were. Places do not count: an id stands for one.
 */
function codeContent({ text, variables, values, kind, module }: FunctionCode): unknown[] {
  return [text.replaceAll(values.slice(1), '$').replace(/[\s;]+/g, ' '), variables, kind, module];
}

const numbers = new WeakMap<object, number>();

function numberOf(object: object): number {
  let number = numbers.get(object);
  if (number === undefined) numbers.set(object, (number = nextNumber()));
  return number;
}

/** What the type declarations leave out of `v8.Serializer`. */
interface SerializerHooks {
  _getSharedArrayBufferId(memory: object): number;
  _writeHostObject(object: object): void;
}

/** Serialises whatever a node may hold; shared memory (its size is told) and platform objects count by identity. */
function bytesOf(content: object): { bytes: Buffer; shared: number } {
  let shared = 0;
  const serializer = new (process.getBuiltinModule('node:v8').DefaultSerializer)();
  const hooks = serializer as unknown as SerializerHooks;
  const { _writeHostObject: writeView } = hooks;
  hooks._getSharedArrayBufferId = (memory) => {
    shared += (memory as SharedArrayBuffer).byteLength;
    return numberOf(memory);
  };
  hooks._writeHostObject = (object) => {
    if (ArrayBuffer.isView(object)) writeView.call(serializer, object);
    else serializer.writeUint32(numberOf(object));
  };
  serializer.writeHeader();
  serializer.writeValue(content);
  return { bytes: serializer.releaseBuffer(), shared };
}

/** Indices of the nodes that a node refers to. */
export function linkedNodes(node: WireNode): number[] {
  const found: number[] = [];
  const links = (list: readonly (string | number)[] | undefined): void => {
    for (let i = 1; list !== undefined && i < list.length; i += 2) found.push(list[i] as number);
  };
  switch (node.t) {
    case 'bound':
      return [node.fn, node.self, ...node.args];
    case 'prototypeOf':
      return [node.fn];
    case 'custom':
      return [node.by, node.data];
    case 'named':
      return [node.base];
    case 'fn':
      links(node.envLinks);
      for (const one of [node.scope, node.heritage, node.prototype]) if (one !== undefined) found.push(one);
      found.push(...(node.privates ?? []), ...(node.keys ?? []).filter((key) => typeof key === 'number'));
      break;
    case 'scope':
      links(node.envLinks);
      return node.outer === undefined ? found : [...found, node.outer];
    case 'map':
    case 'set':
      links(node.itemLinks);
      break;
    case 'object':
    case 'shape':
    case 'exotic':
    case 'buffer':
    case 'error':
      break;
    default:
      return found;
  }
  links(node.links);
  if (node.proto !== undefined && node.proto >= 0) found.push(node.proto);
  for (const one of node.special ?? [])
    for (const at of [typeof one.key === 'number' ? one.key : undefined, one.value, one.get, one.set])
      if (at !== undefined) found.push(at);
  return found;
}
