/** Fingerprints of classes: equal prints mean equal text, statics and captured values, as far as they travel. */
import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import type { WireNode } from './wire.ts';

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
    const { print: _, ...content } = nodes[index] as WireNode & { print?: string };
    const places = linkedNodes(nodes[index]!).map(visit);
    hash.update(serialize(withoutShared(content))).update(places.join());
  }
  return hash.digest('base64');
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
