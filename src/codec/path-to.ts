/** Where in a value something is: searched only once something is wrong with it. */

/** The path of `target` below `root`, such as `value.list[3].socket`; `root` itself when it is not found. */
export function pathTo(root: unknown, target: unknown, name: string): string {
  if (root === target) return name;
  const seen = new Set<unknown>([root]);
  const open: [value: unknown, path: string][] = [[root, name]];
  for (let at = 0; at < open.length; at++) {
    const [value, path] = open[at]!;
    for (const [child, label] of children(value)) {
      if (child === target) return path + label;
      if (typeof child !== 'object' || child === null || seen.has(child)) continue;
      seen.add(child);
      open.push([child, path + label]);
    }
  }
  return name;
}

function* children(value: unknown): Iterable<[child: unknown, label: string]> {
  if (typeof value !== 'object' || value === null) return;
  if (ArrayBuffer.isView(value)) {
    yield [value.buffer, ''];
    return;
  }
  if (value instanceof Map) {
    let index = 0;
    for (const [key, item] of value) {
      yield [key, `.keys()[${index++}]`];
      yield [
        item,
        `.get(${typeof key === 'string' ? JSON.stringify(key) : String(typeof key === 'object' ? '…' : key)})`,
      ];
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const item of value) yield [item, `.values()[${index++}]`];
  } else if (value instanceof Error) yield [value.cause, '.cause'];
  for (const key of Object.keys(value)) {
    // Data only: a getter may do anything.
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (descriptor === undefined || !('value' in descriptor)) continue;
    const index = Array.isArray(value) && /^\d+$/.test(key);
    const plain = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key);
    yield [descriptor.value, index ? `[${key}]` : plain ? `.${key}` : `[${JSON.stringify(key)}]`];
  }
}
