/** Fingerprints of classes: equal prints mean equal text, statics and captured values, as far as they travel. */
import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import type { Links, SpecialProperty, WireNode } from './wire.ts';

/** The print of node `root` with all nodes that it leads to. */
export function fingerprint(nodes: readonly WireNode[], root: number): string {
  const hash = createHash('sha1');
  const order = new Map<number, number>();
  const open = [root];
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
    hash.update(serialize(withoutShared(contentOf(node)))).update(places.join());
  }
  return hash.digest('base64');
}

/** A node without the indices of others: those depend on what else is in the message. */
function contentOf(node: WireNode): object {
  const content: Record<string, unknown> = { ...node, print: undefined };
  for (const key of ['fn', 'self', 'by', 'data', 'base', 'scope', 'heritage', 'prototype', 'proto', 'outer'])
    if (typeof content[key] === 'number' && content[key] >= 0) content[key] = 0;
  for (const key of ['links', 'envLinks', 'itemLinks'])
    if (content[key] !== undefined) content[key] = (content[key] as Links).map((one, i) => (i % 2 ? 0 : one));
  if (node.t === 'bound') content['args'] = node.args.length;
  if (node.t === 'fn') content['privates'] = node.privates?.length;
  if (content['special'] !== undefined)
    content['special'] = (content['special'] as SpecialProperty[]).map(({ key, flags }) => [
      typeof key === 'string' ? key : 0,
      flags,
    ]);
  return content;
}

/** `v8.serialize` refuses shared memory, whose content is not part of the class anyway. */
function withoutShared(content: object): object {
  if (content instanceof SharedArrayBuffer) return { length: content.byteLength };
  return content;
}

/** Indices of the nodes that a node refers to. */
function linkedNodes(node: WireNode): number[] {
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
    case 'scope':
      links(node.envLinks);
      return node.outer === undefined ? found : [...found, node.outer];
    case 'fn':
      links(node.envLinks);
      for (const one of [node.scope, node.heritage, node.prototype]) if (one !== undefined) found.push(one);
      found.push(...(node.privates ?? []));
      break;
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
