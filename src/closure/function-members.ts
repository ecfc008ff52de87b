/** What functions and classes carry besides their text: statics, own properties, prototypes. */
import { look, type FunctionRecord } from './function-record.ts';
import type { Introspection } from './inspector.ts';
import { intrinsicPath } from './intrinsics.ts';
import { addLocks, addProperties } from './shape.ts';
import { refusal, type Trail } from './trail.ts';
import type { AnyFunction } from './function-type.ts';
import type { Graph } from './graph.ts';
import type { FunctionNode, Shape } from './wire.ts';

/** Adds what a class extends, its computed names, private statics and what was put on its prototype. */
export function addClass(
  graph: Graph,
  fn: AnyFunction,
  record: FunctionRecord,
  node: FunctionNode,
  seen: Introspection | undefined,
  step: (name: string, offset: number) => Trail,
): void {
  const { source } = record;
  graph.reusable = false;
  if (source.extends) node.heritage = graph.link(Object.getPrototypeOf(fn) as object, step('extends', 0));
  if (source.privateStatics.length > 0) {
    const { privates } = seen ?? look(fn, record);
    node.privates = source.privateStatics.map((name) =>
      graph.linkAny(privates.get(`#${name}`), step(`#${name}`, 0)),
    );
  }
  if (source.computed.length > 0) node.keys = computedKeys(graph, fn, source.computed, step('[computed]', 0));
  const shape: Shape = {};
  const prototype = fn.prototype as object;
  addProperties(
    graph,
    prototype,
    shape,
    step('prototype', 0),
    (key, descriptor) => key !== 'constructor' && !isWritten(source.text, descriptor),
  );
  if (shape.own !== undefined || shape.special !== undefined)
    node.prototype = graph.add({ t: 'shape', ...shape });
  graph.printClass(node);
}

/** Reads the names of computed members off the class: the variables they were made of may be gone. */
function computedKeys(
  graph: Graph,
  fn: AnyFunction,
  members: readonly string[],
  trail: Trail,
): (string | number)[] {
  const used = new Set<string | symbol>();
  const holders = [fn.prototype as object, fn];
  return members.map((text) => {
    for (const holder of holders)
      for (const key of Reflect.ownKeys(holder)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key)!;
        const makers: unknown[] = [value, get, set];
        const makes = (one: unknown): boolean =>
          typeof one === 'function' && text.endsWith(Function.prototype.toString.call(one));
        if (used.has(key) || !makers.some(makes)) continue;
        if (get === undefined || set === undefined) used.add(key);
        return typeof key === 'symbol' ? graph.link(key, trail) : key;
      }
    throw refusal(
      trail,
      `the name of the class member \`${text.slice(0, 40)}…\` is not to be found on the class any more`,
    );
  });
}

/** Members that the class's text makes again. */
function isWritten(text: string, descriptor: PropertyDescriptor): boolean {
  if (descriptor.enumerable) return false;
  const makers: unknown[] = [descriptor.value, descriptor.get, descriptor.set].filter(
    (one) => one !== undefined,
  );
  return (
    makers.length > 0 &&
    makers.every((one) => typeof one === 'function' && text.includes(Function.prototype.toString.call(one)))
  );
}

/** `function Old() {}` with methods on its prototype. */
export function addConstructor(
  graph: Graph,
  fn: AnyFunction,
  node: FunctionNode,
  trail: Trail | undefined,
): void {
  const prototype: unknown = fn.prototype;
  if (typeof prototype !== 'object' || prototype === null) return;
  const keys = Reflect.ownKeys(prototype);
  const isPlainMaker = Object.hasOwn(prototype, 'constructor');
  const parent = Object.getPrototypeOf(prototype) as object | null;
  const inherits = isPlainMaker && parent !== Object.prototype;
  if (keys.length <= (isPlainMaker ? 1 : 0) && !inherits) return;
  graph.reusable = false;
  const shape: Shape = {};
  const step: Trail = { up: trail, kind: 'text', label: '.prototype' };
  if (inherits) shape.proto = parent === null ? -1 : graph.link(parent, step);
  addProperties(graph, prototype, shape, step, (key) => key !== 'constructor');
  node.prototype = graph.add({ t: 'shape', ...shape });
  graph.printClass(node);
}

const MADE_BY_ENGINE = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);

/** Adds own properties: statics, and whatever was hung on the function. */
export function addOwn(
  graph: Graph,
  fn: AnyFunction,
  text: string,
  node: FunctionNode,
  trail: Trail | undefined,
): void {
  addProperties(graph, fn, node, trail, (key, descriptor) => {
    if (MADE_BY_ENGINE.has(key) && (key !== 'name' || typeof descriptor.value === 'string')) return false;
    return !isWritten(text, descriptor);
  });
  if (node.own !== undefined || node.special !== undefined) graph.reusable = false;
  addLocks(fn, node);
  const proto = Object.getPrototypeOf(fn) as object | null;
  // The usual prototype first: the table of intrinsics takes a while to make.
  if (proto === Function.prototype || proto === null) return;
  if (node.heritage === undefined && intrinsicPath(proto) === undefined)
    node.proto = graph.link(proto, { up: trail, kind: 'text', label: '' });
}
