/** The walk from a value to wire nodes: one node per rich object, plain sub-graphs left as they are. */
import './own-errors.ts';
import type { Transferable } from 'node:worker_threads';
import { CaptureError } from '../base/errors.ts';
import { collectMoved, isMovedHandle, lookPlain } from './plain.ts';
import { functionNode } from './function-node.ts';
import { objectNode } from './object-node.ts';
import { holdWith, notePrint, symbolId } from './identity.ts';
import { intrinsicPath } from './intrinsics.ts';
import { shareScopes, type CapturedFunction } from './shared-scopes.ts';
import { markStateful } from './stateful.ts';
import type { Trail } from './trail.ts';
import { pathOf } from './trail.ts';
import { setOwn } from './rebuild.ts';
import { fingerprint } from './fingerprint.ts';
import type { FunctionNode, Links, Packed, WireNode } from './wire.ts';

/** How a walk behaves. */
export interface GraphOptions {
  /** Functions that came from elsewhere go back as references to their originals. */
  readonly reply?: boolean | undefined;
  /** What cannot travel is left out and listed in `dropped` instead of refused. */
  readonly lenient?: boolean | undefined;
  /** Collects what was marked by `move()`. */
  readonly transfer?: Transferable[] | undefined;
  /** Functions are captured from what `task({ … }, fn)` states for them, never through the inspector. */
  readonly stated?: Readonly<Record<string, unknown>> | undefined;
  /** The function that `stated` belongs to. */
  readonly root?: unknown;
  /** Keeps the functions of the message alive; the packed value itself by default. */
  readonly holder?: object | undefined;
}

interface Visit {
  readonly index: number;
  readonly value: object | symbol;
  readonly trail: Trail | undefined;
}

/** One message in the making. */
export class Graph {
  readonly options: GraphOptions;
  readonly nodes: WireNode[] = [];
  /** False once the message holds something that may change later. */
  reusable = true;
  imports = false;
  /** Lenient walks: what was left out, with the reason. */
  readonly dropped: string[] = [];
  /** Functions captured with their variables, in order. */
  readonly captured: CapturedFunction[] = [];
  /** Functions sent by value. */
  readonly sent: object[] = [];
  readonly #prints: FunctionNode[] = [];
  readonly #memo = new Map<object | symbol, number>();
  readonly #open: Visit[] = [];
  readonly #plain = new Set<object>();
  readonly #rich = new Set<unknown>();

  constructor(options: GraphOptions = {}) {
    this.options = options;
  }

  /** Packs `value` with everything it reaches. */
  pack(value: unknown, trail: Trail | undefined): Packed {
    if (!isRich(value) || (typeof value === 'object' && this.isPlain(value))) return { raw: value };
    const root = this.link(value, trail);
    this.#drain(root);
    const packed = { nodes: this.nodes, root, imports: this.imports };
    this.hold(packed);
    return packed;
  }

  /**
   * Keeps what is sent alive for as long as the message is: a reply may name it. Not the value itself, which whoever sends it
   * holds while a task is under way, and whose surroundings may be large.
   */
  hold(packed: Packed): void {
    const { holder, reply } = this.options;
    if (reply !== true) holdWith(holder ?? packed, this.sent);
  }

  /** Makes every node that was asked for. */
  #drain(root: number): void {
    for (let visit = this.#open.pop(); visit !== undefined; visit = this.#open.pop())
      this.#put(visit.index, this.#visit(visit));
    // Prints first: they do not depend on what else in the message shares the class's variables.
    for (const node of this.#prints) {
      const { print, large } = fingerprint(this.nodes, this.nodes.indexOf(node));
      node.print = print;
      if (large) node.large = true;
      notePrint(node.id, print);
    }
    shareScopes(this, this.captured);
    markStateful(this.nodes, root, this.#prints, this.captured);
  }

  #visit({ value, index, trail }: Visit): WireNode {
    try {
      if (typeof value === 'symbol') return symbolNode(value);
      return typeof value === 'function'
        ? functionNode(this, value, trail, index)
        : objectNode(this, value, trail);
    } catch (error) {
      if (this.options.lenient !== true || !(error instanceof CaptureError)) throw error;
      this.dropped.push(`${pathOf(trail)}: ${error.message.replace(/^cannot send [^:]*: /, '')}`);
      return typeof value === 'function' ? this.named(value) : { t: 'raw', v: undefined };
    }
  }

  /** Stands in for an error class that cannot travel: its name, and the class of the language that it extends. */
  named(fn: object): WireNode {
    let base = (fn as { prototype?: unknown }).prototype as object | null | undefined;
    while (base && intrinsicPath(base) === undefined) base = Object.getPrototypeOf(base) as object | null;
    const [name, ...rest] = (base && intrinsicPath(base)) ?? [];
    if (name === undefined || !name.endsWith('Error') || rest[0] !== 'prototype')
      return { t: 'raw', v: undefined };
    return { t: 'named', name: (fn as { name: string }).name, base: this.add({ t: 'global', path: [name] }) };
  }

  /** The node of a rich value; made later, unless the value has one. */
  link(value: object | symbol, trail: Trail | undefined): number {
    let index = this.#memo.get(value);
    if (index === undefined) {
      index = this.add({ t: 'stub' });
      this.#memo.set(value, index);
      this.#open.push({ index, value, trail });
    }
    return index;
  }

  /** The node of any value. */
  linkAny(value: unknown, trail: Trail | undefined): number {
    if (isRich(value) && !(typeof value === 'object' && this.isPlain(value))) return this.link(value, trail);
    return this.add({ t: 'raw', v: value });
  }

  /** Adds a node that no value stands for. */
  add(node: WireNode): number {
    this.#put(this.nodes.length, node);
    return this.nodes.length - 1;
  }

  #put(index: number, node: WireNode): void {
    if (node.t === 'import') this.imports = true;
    this.nodes[index] = node;
  }

  /** A primitive that the structured clone carries. */
  isFlat(value: unknown): boolean {
    return !isRich(value);
  }

  /** Puts a value into a slot: plain ones as they are, others as a link. */
  slot(
    bag: Record<string | number, unknown>,
    key: string | number,
    value: unknown,
    links: Links,
    trail: () => Trail,
  ): void {
    if (!isRich(value) || (typeof value === 'object' && this.isPlain(value))) setOwn(bag, key, value);
    else {
      setOwn(bag, key, undefined);
      links.push(key, this.link(value, trail()));
    }
  }

  /** Gives a class its fingerprint once everything it reaches is known. */
  printClass(node: FunctionNode): void {
    this.#prints.push(node);
  }

  /** True when the structured clone carries the object with all it reaches. Each object is judged once per message. */
  isPlain(value: object): boolean {
    if (this.#plain.has(value)) return true;
    if (this.#rich.has(value)) return false;
    const found = new Map<object, unknown[]>();
    const rich: unknown[] = [];
    const open: unknown[] = [value];
    while (open.length > 0) {
      const next = open.pop() as object;
      if (found.has(next) || this.#plain.has(next) || this.#rich.has(next)) continue;
      const children: unknown[] = [];
      let look = lookPlain(next, children);
      // Where nothing can be moved, such as variables of a function, the refusal says what to do.
      if (look === 'leaf' && this.options.transfer === undefined && isMovedHandle(next)) look = 'rich';
      if (look === 'rich') {
        this.#rich.add(next);
        rich.push(next);
        continue;
      }
      if (look === 'leaf' && this.options.transfer !== undefined) collectMoved(next, this.options.transfer);
      found.set(next, children);
      for (const child of children) open.push(child);
    }
    this.#spreadRich(found);
    for (const object of found.keys()) if (!this.#rich.has(object)) this.#plain.add(object);
    return this.#plain.has(value);
  }

  /** Whoever holds a rich object is rich. */
  #spreadRich(found: ReadonlyMap<object, unknown[]>): void {
    if (this.#rich.size === 0) return;
    const holders = new Map<unknown, object[]>();
    const open: unknown[] = [];
    for (const [object, children] of found)
      for (const child of children) {
        const list = holders.get(child);
        if (list === undefined) {
          holders.set(child, [object]);
          if (this.#rich.has(child)) open.push(child);
        } else list.push(object);
      }
    while (open.length > 0)
      for (const holder of holders.get(open.pop()) ?? [])
        if (!this.#rich.has(holder)) {
          this.#rich.add(holder);
          open.push(holder);
        }
  }
}

function isRich(value: unknown): value is object | symbol {
  return (
    (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol'
  );
}

function symbolNode(symbol: symbol): WireNode {
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return { t: 'symbolFor', key };
  for (const name of Object.getOwnPropertyNames(Symbol))
    if ((Symbol as unknown as Record<string, unknown>)[name] === symbol)
      return { t: 'global', path: ['Symbol', name] };
  return { t: 'symbol', id: symbolId(symbol), description: symbol.description };
}
