/**
 * The wire form back into values: what every worker starts with.
 *
 * Functions over plain data need this file alone. For the rest there is `special-nodes.ts`: a worker loads it with the
 * first message that has such a node, so that all others start sooner.
 */
import { classCopy, isOwn, keepClassCopy, recall, recallClass, remember } from './identity.ts';
import { factoryOf, scopeOf, type SharedScope } from './factory.ts';
import type * as SpecialNodes from './special-nodes.ts';
import type {
  FunctionNode,
  ImportReference,
  Links,
  Packed,
  Shape,
  SpecialNode,
  SpecialProperty,
  WireNode,
} from './wire.ts';

/** What `special-nodes.ts` exports. */
export type Specials = typeof SpecialNodes;

let specials: Specials | undefined;

/**
 * Like `unpack`, for a receiver that can wait: a promise also where special nodes turn up for the first time.
 */
export function rebuild(packed: Packed): unknown {
  if ('raw' in packed) return packed.raw;
  if (specials === undefined && packed.nodes.some(isSpecial)) {
    return import('./special-nodes.ts').then((loaded) => {
      specials = loaded;
      return rebuild(packed);
    });
  }
  if (specials !== undefined && !specials.isComplete() && packed.nodes.some(isRequired)) {
    const { completeTutti } = specials;
    return completeTutti().then(() => rebuildWith(packed, specials));
  }
  return rebuildWith(packed, specials);
}

/** The value of a wire form; `specials` may be missing when no node of it is special. */
export function rebuildWith(packed: Packed, specials: Specials | undefined): unknown {
  if ('raw' in packed) return packed.raw;
  const value = (): unknown => new Rebuild(packed.nodes, specials).value(packed.root);
  if (packed.imports && specials !== undefined) {
    const { importedNow, load } = specials;
    const missing = packed.nodes.filter((node) => node.t === 'import' && importedNow(node) === undefined);
    if (missing.length > 0)
      return Promise.all(missing.map((node) => load(node as ImportReference))).then(value);
  }
  return value();
}

/** Whether a node needs what `special-nodes.ts` does. */
function isSpecial(node: WireNode): boolean {
  return node.t === 'fn' ? node.code.module : !ORDINARY.has(node.t);
}

function isRequired({ t }: WireNode): boolean {
  return t === 'commonjs' || t === 'require';
}

/** Kinds of nodes that this file makes. */
const ORDINARY: ReadonlySet<WireNode['t']> = new Set([
  'raw',
  'object',
  'shape',
  'exotic',
  'buffer',
  'map',
  'set',
  'error',
  'named',
  'bound',
  'prototypeOf',
  'reference',
  'scope',
  'stub',
]);

/** Kinds of nodes that are made without a look at others; what they hold is filled in later. */
const SIMPLE: ReadonlySet<WireNode['t']> = new Set([
  'raw',
  'exotic',
  'object',
  'buffer',
  'map',
  'set',
  'global',
  'builtin',
  'import',
  'symbol',
  'symbolFor',
]);

/** Kinds of nodes that give the same in every message. */
const STATELESS: ReadonlySet<WireNode['t']> = new Set([
  'global',
  'builtin',
  'commonjs',
  'require',
  'importer',
  'meta',
  'import',
  'symbol',
  'symbolFor',
]);

/** Functions made inside one another at most. */
const DEEPEST = 200;

class Rebuild {
  readonly #nodes: readonly WireNode[];
  readonly #specials: Specials | undefined;
  readonly #values: unknown[];
  readonly #have: boolean[];
  readonly #fill: (() => void)[] = [];
  /** Functions that are being made. */
  readonly #making = new Set<number>();
  /** Locks come last, when every property is in place. */
  readonly #lock: (() => void)[] = [];

  constructor(nodes: readonly WireNode[], specials: Specials | undefined) {
    this.#nodes = nodes;
    this.#specials = specials;
    this.#values = new Array(nodes.length);
    this.#have = new Array<boolean>(nodes.length).fill(false);
  }

  value(index: number): unknown {
    const value = this.#get(index);
    this.#drain();
    for (const lock of this.#lock) lock();
    return value;
  }

  #drain(): void {
    for (let next = this.#fill.shift(); next !== undefined; next = this.#fill.shift()) next();
  }

  #get(index: number): unknown {
    if (this.#have[index]) return this.#values[index];
    const node = this.#nodes[index]!;
    const value = node.t === 'fn' ? this.#function(node, index) : this.#make(node);
    this.#have[index] = true;
    this.#values[index] = value;
    if ('own' in node || 'special' in node || 'proto' in node || 'links' in node || 'locked' in node) {
      if (node.t !== 'fn' && node.t !== 'shape')
        this.#fill.push(() => this.#shape(value as object, node as Shape, node.t !== 'object'));
    }
    return value;
  }

  #make(node: WireNode): unknown {
    switch (node.t) {
      case 'raw':
      case 'exotic':
        return node.v;
      case 'object':
        return node.own ?? {};
      case 'buffer':
        return Buffer.from(node.v.buffer, node.v.byteOffset, node.v.byteLength);
      case 'map': {
        const map = new Map();
        this.#fill.push(() => {
          this.#links(node.items as never, node.itemLinks);
          for (let i = 0; i < node.items.length; i += 2) map.set(node.items[i], node.items[i + 1]);
        });
        return map;
      }
      case 'set': {
        const set = new Set();
        this.#fill.push(() => {
          this.#links(node.items as never, node.itemLinks);
          for (const item of node.items) set.add(item);
        });
        return set;
      }
      case 'error':
        return errorShell(node.stack);
      case 'named':
        return namedError(node.name, this.#get(node.base) as ErrorConstructor);
      case 'bound': {
        const target = this.#get(node.fn) as (...args: unknown[]) => unknown;
        return target.bind(this.#get(node.self), ...node.args.map((arg) => this.#get(arg)));
      }
      case 'prototypeOf':
        return (this.#get(node.fn) as { prototype: object }).prototype;
      case 'scope': {
        const scope = scopeOf(
          node.names,
          node.strict,
          node.outer === undefined ? undefined : (this.#get(node.outer) as SharedScope),
        );
        this.#fill.push(() => {
          this.#links(node.env as never, node.envLinks);
          scope.set(node.env);
        });
        return scope;
      }
      case 'reference':
        return this.#original(node.id, node.name);
      case 'fn':
      case 'shape':
      case 'stub':
        return undefined;
      default:
        return this.#special(node);
    }
  }

  #special(node: SpecialNode): unknown {
    return this.#specials?.special(
      node,
      (index) => this.#get(index),
      () => this.#drain(),
    );
  }

  #original(id: string, name: string): unknown {
    const found = recall(id);
    if (found !== undefined) return found;
    throw new ReferenceError(
      `\`${name}\` came back from a worker, but nothing here holds it any longer; keep a reference to it while tasks run`,
    );
  }

  #function(node: FunctionNode, index: number): unknown {
    // A class that shares variables or data with functions of its message is made with them.
    const isAlone = node.scope === undefined && node.stateful === undefined;
    const copy = node.print === undefined || !isAlone ? undefined : classCopy(node.id, node.print);
    if (copy !== undefined) return copy;
    const original = isOwn(node.id) ? this.#originalOf(node, index, isAlone) : undefined;
    if (original !== undefined) return original;
    const scope = node.scope === undefined ? undefined : (this.#get(node.scope) as SharedScope);
    const waiting = this.#bind(node, index);
    const { make, set, late } = factoryOf(
      node.code,
      node.env,
      waiting.map(([slot]) => slot),
      scope,
      this.#specials,
    );
    const base = node.heritage === undefined ? undefined : this.#get(node.heritage);
    const keys = node.keys?.map((key) => (typeof key === 'number' ? this.#get(key) : key));
    const fn = make(base, keys) as object;
    this.#making.delete(index);
    this.#have[index] = true;
    this.#values[index] = fn;
    if (node.name !== undefined && Object.getOwnPropertyDescriptor(fn, 'name')?.value !== node.name)
      Object.defineProperty(fn, 'name', { value: node.name, configurable: true });
    remember(fn, node.id);
    if (node.print !== undefined) keepClassCopy(node.id, node.print, fn, node.large === true);
    this.#fill.push(() => {
      set?.(waiting.map(([, target]) => this.#get(target)));
      this.#shape(fn, node, true);
      if (node.prototype !== undefined)
        this.#shape((fn as { prototype: object }).prototype, this.#nodes[node.prototype] as Shape, true);
      node.privates?.forEach((at, i) => late?.[i]?.(this.#get(at)));
    });
    return fn;
  }

  /**
   * What a function that was made here and comes back by value is: the original where that is the same. Who sends a copy
   * may have changed variables, so a function that has any is made anew.
   */
  #originalOf(node: FunctionNode, index: number, isAlone: boolean): object | undefined {
    if (node.print === undefined) return this.#isStateless(index, new Set()) ? recall(node.id) : undefined;
    return isAlone ? recallClass(node.id, node.print) : undefined;
  }

  /** True for what is the same in every message: globals, modules, and functions that take nothing else from outside. */
  #isStateless(index: number, seen: Set<number>): boolean {
    if (seen.has(index)) return true;
    seen.add(index);
    const node = this.#nodes[index]!;
    if (node.t !== 'fn') return STATELESS.has(node.t);
    const { env, envLinks = [], print, scope, own, special, locked, proto } = node;
    if ([print, scope, own, special, locked, proto].some((one) => one !== undefined)) return false;
    if (envLinks.length !== 2 * env.length) return false;
    return envLinks.every((at, i) => i % 2 === 0 || this.#isStateless(at as number, seen));
  }

  /**
   * Puts into a function's environment what can be made before the function, and returns the rest as pairs of slot and
   * node: functions that lead back here, and what user code makes, which may need this function.
   */
  #bind(node: FunctionNode, index: number): [slot: number, target: number][] {
    const waiting: [number, number][] = [];
    const links = node.envLinks ?? [];
    this.#making.add(index);
    for (let i = 0; i < links.length; i += 2) {
      const slot = links[i] as number;
      const target = links[i + 1] as number;
      const { t } = this.#nodes[target]!;
      const first = this.#have[target] || (t === 'fn' ? this.#canMake(target) : SIMPLE.has(t));
      if (first) node.env[slot] = this.#get(target);
      else waiting.push([slot, target]);
    }
    return waiting;
  }

  /** Not under way already, nor below a class that may be, nor at the end of a chain that is too long for the stack. */
  #canMake(index: number): boolean {
    const { heritage } = this.#nodes[index] as FunctionNode;
    if (heritage !== undefined && !this.#have[heritage]) return false;
    return !this.#making.has(index) && this.#making.size < DEEPEST;
  }

  #links(bag: Record<string | number, unknown>, links: Links | undefined): void {
    for (let i = 0; links !== undefined && i < links.length; i += 2)
      setOwn(bag, links[i]!, this.#get(links[i + 1] as number));
  }

  /** Gives `target` its properties; `own` is a separate bag unless the target is the bag itself. */
  #shape(target: object, shape: Shape, separate: boolean): void {
    if (shape.proto !== undefined) {
      const prototype = shape.proto < 0 ? null : (this.#get(shape.proto) as object | undefined);
      // Undefined stands for what a lenient sender had to leave out.
      if (prototype !== undefined) Object.setPrototypeOf(target, prototype);
    }
    if (shape.own !== undefined) {
      this.#links(shape.own as never, shape.links);
      if (separate)
        for (const [key, value] of Object.entries(shape.own))
          Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
    }
    for (const property of shape.special ?? []) this.#define(target, property);
    if (shape.locked !== undefined) {
      const lock = [Object.preventExtensions, Object.seal, Object.freeze][shape.locked - 1]!;
      this.#lock.push(() => lock(target));
    }
  }

  #define(target: object, property: SpecialProperty): void {
    const key = typeof property.key === 'number' ? (this.#get(property.key) as symbol) : property.key;
    const { flags } = property;
    const common = { enumerable: (flags & 2) !== 0, configurable: (flags & 4) !== 0 };
    if (property.value !== undefined)
      Object.defineProperty(target, key, {
        ...common,
        writable: (flags & 1) !== 0,
        value: this.#get(property.value),
      });
    else
      Object.defineProperty(target, key, {
        ...common,
        ...(property.get !== undefined && { get: this.#get(property.get) as () => unknown }),
        ...(property.set !== undefined && { set: this.#get(property.set) as (value: unknown) => void }),
      });
  }
}

/** Sets an own property, also one named `__proto__`. */
export function setOwn(bag: Record<string | number, unknown>, key: string | number, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(bag, key, { value, writable: true, enumerable: true, configurable: true });
  else bag[key] = value;
}

/** An error without properties, but with the stack it had. */
function errorShell(stack: string | undefined): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = new Error();
  Error.stackTraceLimit = limit;
  if (stack === undefined) delete error.stack;
  else
    Object.defineProperty(error, 'stack', {
      value: stack,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  return error;
}

const namedErrors = new Map<string, ErrorConstructor>();

/** A stand-in for an error class that is known only by name. */
function namedError(name: string, base: ErrorConstructor): ErrorConstructor {
  const key = `${name} ${base.name}`;
  let found = namedErrors.get(key);
  if (found === undefined) {
    found = { [name]: class extends base {} }[name] as ErrorConstructor;
    namedErrors.set(key, found);
  }
  return found;
}
