/** Own properties, prototype and locks of an object, as they travel. */
import { introspect, withInspector } from './inspector.ts';
import { intrinsicPath, isNative } from './intrinsics.ts';
import { builtinExport } from './module-exports.ts';
import { foreignId, importOf } from './identity.ts';
import { builtinRefusal } from './refusals.ts';
import { scriptOf } from './script.ts';
import { setOwn } from './rebuild.ts';
import { refusal, type Trail } from './trail.ts';
import type { Graph } from './graph.ts';
import type { Shape, SpecialProperty } from './wire.ts';

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } = Object;

/** Fills `shape` with own properties. `keep` leaves out those that the object's kind makes itself. */
export function addProperties(
  graph: Graph,
  value: object,
  shape: Shape,
  trail: Trail | undefined,
  keep?: (key: string | symbol, descriptor: PropertyDescriptor) => boolean,
): void {
  const bag = (shape.own ?? {}) as Record<string, unknown>;
  const links = (shape.links ??= []);
  const special: SpecialProperty[] = [];
  let any = false;
  const names = getOwnPropertyNames(value);
  for (let i = 0; i < names.length; i++) {
    const key = names[i]!;
    const descriptor = getOwnPropertyDescriptor(value, key);
    if (descriptor === undefined || (keep !== undefined && !keep(key, descriptor))) continue;
    any = true;
    if (descriptor.writable && descriptor.enumerable && descriptor.configurable) {
      const item: unknown = descriptor.value;
      if (graph.isFlat(item)) setOwn(bag, key, item);
      else graph.slot(bag, key, item, links, () => ({ up: trail, kind: 'key', label: key }));
      continue;
    }
    // A placeholder keeps the property's place in the order.
    setOwn(bag, key, undefined);
    special.push(specialProperty(graph, key, key, descriptor, trail));
  }
  for (const key of getOwnPropertySymbols(value)) {
    const descriptor = getOwnPropertyDescriptor(value, key);
    if (descriptor === undefined || (keep !== undefined && !keep(key, descriptor))) continue;
    const index = graph.link(key, { up: trail, kind: 'key', label: key });
    special.push(specialProperty(graph, index, key, descriptor, trail));
  }
  if (any) shape.own = bag as NonNullable<Shape['own']>;
  if (links.length === 0) delete shape.links;
  if (special.length > 0) shape.special = special;
}

function specialProperty(
  graph: Graph,
  key: string | number,
  label: string | symbol,
  descriptor: PropertyDescriptor,
  trail: Trail | undefined,
): SpecialProperty {
  const step: Trail = { up: trail, kind: 'key', label };
  const flags =
    (descriptor.writable ? 1 : 0) | (descriptor.enumerable ? 2 : 0) | (descriptor.configurable ? 4 : 0);
  if (descriptor.get === undefined && descriptor.set === undefined)
    return { key, flags, value: graph.linkAny(descriptor.value, step) };
  return {
    key,
    flags,
    ...(descriptor.get && { get: graph.link(descriptor.get, step) }),
    ...(descriptor.set && { set: graph.link(descriptor.set, step) }),
  };
}

/** Notes that an object is frozen, sealed or not extensible. */
export function addLocks(value: object, shape: Shape): void {
  if (Object.isExtensible(value)) return;
  shape.locked = Object.isFrozen(value) ? 3 : Object.isSealed(value) ? 2 : 1;
}

/** Links the prototype, unless it is the default of the object's kind. */
export function addPrototype(
  graph: Graph,
  value: object,
  shape: Shape,
  standard: object | null,
  trail: Trail | undefined,
): void {
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === standard) return;
  if (prototype === null) {
    shape.proto = -1;
    return;
  }
  const wanted = verdicts.has(prototype)
    ? prototype
    : standard === Error.prototype
      ? errorPrototype(prototype)
      : ownRealm(prototype);
  if (wanted === standard) return;
  checkClass(value, wanted, standard, trail);
  shape.proto = graph.link(wanted, { up: trail, kind: 'text', label: '' });
}

/** The prototype of this realm that stands for one of another vm context. */
function ownRealm(prototype: object): object {
  const maker: unknown = getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof maker !== 'function' || intrinsicPath(prototype) !== undefined || !isNative(maker))
    return prototype;
  const same = (globalThis as unknown as Record<string, { prototype?: unknown } | undefined>)[maker.name]
    ?.prototype;
  return typeof same === 'object' && same !== null && intrinsicPath(same) !== undefined ? same : prototype;
}

/** Node puts nameless prototypes between its errors and the language's classes; they hold nothing but a `toString`. */
function errorPrototype(prototype: object): object {
  let at = ownRealm(prototype);
  while (intrinsicPath(at) === undefined) {
    // Read, not looked up: Node makes it an accessor.
    const maker = (at as { constructor?: unknown }).constructor;
    const next = getPrototypeOf(at) as object | null;
    if (next === null || typeof maker !== 'function' || maker.prototype === at || !isNative(maker)) break;
    at = next;
  }
  return at;
}

type Verdict = { readonly reason?: string | undefined; readonly hasPrivates: boolean };
const verdicts = new WeakMap<object, Verdict>();

/** Refuses instances of classes that hold what no copy can have: handles of the platform, private state. */
function checkClass(
  value: object,
  prototype: object,
  standard: object | null,
  trail: Trail | undefined,
): void {
  let verdict = verdicts.get(prototype);
  if (verdict === undefined) {
    verdict = judge(prototype, standard);
    verdicts.set(prototype, verdict);
  }
  if (verdict.reason !== undefined) throw refusal(trail, verdict.reason);
  if (!verdict.hasPrivates) return;
  const { privates } = withInspector(() => introspect(value));
  if (privates.size === 0) return;
  const name = (prototype as { constructor?: { name?: string } }).constructor?.name ?? 'object';
  throw refusal(
    trail,
    `an instance of ${name} has private state (${[...privates.keys()].join(', ')}) that cannot be copied; give the class ` +
      'a `[serialize]()` method and a `static [deserialize](data)` (symbols exported by tutti)',
  );
}

function judge(first: object, standard: object | null): Verdict {
  let hasPrivates = false;
  for (
    let at: object | null = first;
    at !== null && at !== standard;
    at = getPrototypeOf(at) as object | null
  ) {
    if (at === Object.prototype) break;
    const maker: unknown = getOwnPropertyDescriptor(at, 'constructor')?.value;
    const builtin = builtinExport(at);
    const path = builtin ? undefined : intrinsicPath(at);
    if (builtin !== undefined || path !== undefined) {
      const name = builtin?.path[0] ?? path?.[0] ?? 'object';
      if (standard === Error.prototype && name.endsWith('Error')) continue;
      const full = path?.filter((step) => step !== 'prototype').join('.') || name;
      const reason = builtinRefusal(
        builtin === undefined ? full : name,
        builtin?.module.replace('node:', ''),
        builtin === undefined && /^(?:Intl|WebAssembly)\./.test(full),
      );
      return { reason, hasPrivates };
    }
    if (typeof maker !== 'function') continue;
    const text = Function.prototype.toString.call(maker);
    if (/#[\w$\\\u0080-\uffff]/.test(text)) hasPrivates = true;
    if (foreignId(maker) !== undefined || importOf(maker) !== undefined) continue;
    if (standard === Error.prototype) continue;
    const internal = isNative(maker) || isNodeInternal(maker);
    if (internal && !/^(?:Object|Array|Error|Map|Set|Date|RegExp)$/.test(maker.name))
      return { reason: builtinRefusal(maker.name, undefined), hasPrivates };
  }
  return { hasPrivates };
}

function isNodeInternal(fn: object): boolean {
  return withInspector(() => {
    const { location } = introspect(fn);
    return location !== undefined && scriptOf(location.scriptId).url.startsWith('node:');
  });
}
