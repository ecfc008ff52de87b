/**
 * The wire form: what `pack` makes, what postMessage carries and what `unpack` reads.
 *
 * A message is either one plain value or a list of nodes that refer to each other by index. Plain sub-graphs sit inside
 * the nodes as they are, so that the one structured clone of the whole message keeps their aliases and cycles.
 */

/** A packed value; structured-cloneable. */
export type Packed =
  | { readonly raw: unknown }
  | {
      readonly nodes: readonly WireNode[];
      readonly root: number;
      /** True when a node must be imported, which may make `unpack` asynchronous. */
      readonly imports: boolean;
    };

/** `key, node, key, node, …`: the slots of a container that hold nodes instead of plain values. */
export type Links = (string | number)[];

/** A property that plain assignment cannot make: accessor, symbol key, non-default flags. */
export interface SpecialProperty {
  /** Name of the property, or the index of the node of its symbol. */
  readonly key: string | number;
  /** 1 writable, 2 enumerable, 4 configurable. */
  readonly flags: number;
  readonly value?: number;
  readonly get?: number;
  readonly set?: number;
}

/** What an object has beyond its kind's own content. */
export interface Shape {
  /** Node of the prototype where it is not the kind's default; -1 for a null prototype. */
  proto?: number;
  /** Plain own properties, in order; those that are links hold `undefined`. */
  own?: Record<string, unknown> | unknown[];
  links?: Links;
  special?: SpecialProperty[];
  /** 1 not extensible, 2 sealed, 3 frozen. */
  locked?: 1 | 2 | 3;
}

/** A name that a module exports: `*` is the namespace, `default` the default export. */
export interface ImportReference {
  readonly specifier: string;
  /** URL of the importing script. */
  readonly base: string;
  readonly name: string;
  /** What stands in `with { … }`: without it a JSON module is not loaded. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** The text and place of a function, made once per source position. */
export interface FunctionCode {
  /** Text of the factory up to the end of the function; the receiver adds the setters. */
  readonly text: string;
  /** The factory's last parameters: the function's variables. */
  readonly variables: readonly string[];
  /** A name that is free in the function, for the setters. */
  readonly values: string;
  /** Name of the list that setters of private static fields are in. */
  readonly late: string | undefined;
  /** File name for stacks and base of relative imports. */
  readonly file: string;
  /** Where the first character of the function stands, from 0, in the coordinates of `file`. */
  readonly line: number;
  readonly column: number;
  /** `import.meta` or `import()` occur: the factory is given its base. */
  readonly module: boolean;
  /** 'class' needs its heritage, 'keyed' also its variables, before it is evaluated. */
  readonly kind: 'function' | 'class' | 'keyed';
}

/** A function or class sent by value. */
export interface FunctionNode extends Shape {
  readonly t: 'fn';
  /** Process-wide identity: what comes back under this id is the original. */
  readonly id: string;
  code: FunctionCode;
  /** Values of the factory's variables, in its order. */
  env: unknown[];
  envLinks?: Links;
  name: string | undefined;
  /** Scope whose variables this function shares with others. */
  scope?: number;
  /** Node of the class that a class extends. */
  heritage?: number;
  /** Names of the class's computed members: texts, or indices of the nodes of symbols. */
  keys?: (string | number)[];
  /** Values of private static fields. */
  privates?: number[];
  /** Properties of `fn.prototype`, for constructor functions: a node that is only a shape. */
  prototype?: number;
  /** Fingerprint of a class with everything it reaches: equal id and print mean that the receiver's copy is good. */
  print?: string;
  /** The class reaches much data: a receiver does not keep it for long. */
  large?: true;
  /** Functions of the message use the same data as the class: the receiver's copy is not good for it. */
  stateful?: true;
}

export type WireNode =
  | { readonly t: 'raw'; readonly v: unknown }
  | ({ readonly t: 'object' } & Shape)
  | ({ readonly t: 'shape' } & Shape)
  | ({ readonly t: 'exotic'; readonly v: unknown } & Shape)
  | ({ readonly t: 'buffer'; readonly v: Uint8Array } & Shape)
  | ({ readonly t: 'map' | 'set'; readonly items: unknown[]; itemLinks?: Links } & Shape)
  | ({ readonly t: 'error'; readonly stack: string | undefined } & Shape)
  | { readonly t: 'named'; readonly name: string; readonly base: number }
  | { readonly t: 'global'; readonly path: readonly string[] }
  | { readonly t: 'builtin'; readonly module: string; readonly path: readonly string[] }
  | { readonly t: 'commonjs'; readonly file: string; readonly path: readonly string[] }
  | { readonly t: 'require'; readonly base: string }
  /** `rooted`: paths that start with `/` are searched for above the file, as vite writes them. */
  | { readonly t: 'importer'; readonly base: string; readonly rooted: boolean }
  /** A coverage tool's counters, which count nothing here. */
  | { readonly t: 'counters' }
  | { readonly t: 'meta'; readonly base: string }
  | ({ readonly t: 'import' } & ImportReference)
  | { readonly t: 'symbol'; readonly id: string; readonly description: string | undefined }
  | { readonly t: 'symbolFor'; readonly key: string }
  | { readonly t: 'construct'; readonly make: Construct; readonly args: readonly unknown[] }
  | { readonly t: 'bound'; readonly fn: number; readonly self: number; readonly args: readonly number[] }
  | { readonly t: 'prototypeOf'; readonly fn: number }
  | { readonly t: 'custom'; readonly by: number; readonly data: number }
  | { readonly t: 'reference'; readonly id: string; readonly name: string }
  | {
      /** Variables that several functions share: those are made by code evaluated inside. */
      readonly t: 'scope';
      readonly names: readonly string[];
      readonly strict: boolean;
      env: unknown[];
      envLinks?: Links;
      readonly outer?: number;
    }
  | { readonly t: 'stub' }
  | FunctionNode;

/** Nodes that `special-nodes.ts` makes. */
export type SpecialNode = Extract<
  WireNode,
  {
    readonly t:
      | 'global'
      | 'builtin'
      | 'commonjs'
      | 'require'
      | 'importer'
      | 'counters'
      | 'meta'
      | 'import'
      | 'symbol'
      | 'symbolFor'
      | 'construct'
      | 'custom';
  }
>;

/** Objects that are made anew from their text. */
export type Construct =
  | 'URL'
  | 'URLSearchParams'
  | 'File'
  | 'TextEncoder'
  | 'TextDecoder'
  | 'DOMException'
  | 'BoxedSymbol'
  | 'Temporal'
  | 'MappedBuffer'
  | 'MappedView';
