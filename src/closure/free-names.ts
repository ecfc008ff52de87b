/** Scope analysis: which names a function takes from outside, and what else of its surroundings it uses. */
import type { AnyNode, Class, Function as FunctionLike, Pattern } from 'acorn';

/** What a function uses of the world around it. Offsets count from the start of the parsed text. */
export interface Surroundings {
  /** Free names with the offset of their first mention, in order of appearance. */
  readonly names: Map<string, number>;
  /** Every place where they are read. */
  readonly mentions: Map<string, Mention[]>;
  /** Those that are assigned to. */
  readonly written: Set<string>;
  /** A named function's mention of its own name, which is another's where a declaration was assigned. */
  ownName: { readonly name: string; readonly at: number; written: boolean } | undefined;
  /** First offset of `this` / `new.target` taken from outside (arrow functions). */
  outerThis: number | undefined;
  newTarget: number | undefined;
  /** First offset of `super` that belongs to the function itself, not to a class inside it. */
  outerSuper: number | undefined;
  directEval: number | undefined;
  /** First private name that no class inside declares. */
  privateName: { readonly name: string; readonly at: number } | undefined;
  readonly metas: [start: number, end: number][];
  /** Offsets of the word `import` in `import(…)`. */
  readonly imports: number[];
}

/** Where a free name is read, and in what form. */
export interface Mention {
  readonly at: number;
  /** `value`, `{ name }`, `name(…)`, and a statement that begins with `name(…)`. */
  readonly form: 'value' | 'shorthand' | 'call' | 'statement';
}

interface Scope {
  readonly up: Scope | undefined;
  readonly names: Set<string>;
}

/** Where `this`, `super` and `new.target` lead at a place in the text. */
interface Receiver {
  readonly arrow: boolean;
  readonly root: boolean;
}

const INSIDE: Receiver = { arrow: false, root: false };

/** Analyses the function or class `root`; `sloppy` lets functions in blocks hoist as they do outside strict mode. */
export function surroundings(root: AnyNode, sloppy: boolean): Surroundings {
  return new Walk(root, sloppy).found;
}

/** Those of a function that takes nothing from outside. */
export function noSurroundings(): Surroundings {
  return {
    names: new Map(),
    mentions: new Map(),
    written: new Set(),
    ownName: undefined,
    outerThis: undefined,
    newTarget: undefined,
    outerSuper: undefined,
    directEval: undefined,
    privateName: undefined,
    metas: [],
    imports: [],
  };
}

class Walk {
  readonly found = noSurroundings();
  readonly #root: AnyNode;
  readonly #sloppy: boolean;
  readonly #privates: Set<string>[] = [];
  /** Forms of mentions other than `value`, by place. */
  readonly #forms = new Map<number, Mention['form']>();
  /** Where statements begin that are expressions. */
  readonly #statements = new Set<number>();
  /** Holds the own name of a function that is the root. */
  #own: Scope | undefined;

  constructor(root: AnyNode, sloppy: boolean) {
    this.#root = root;
    this.#sloppy = sloppy;
    this.#visit(root, undefined, { arrow: root.type === 'ArrowFunctionExpression', root: true });
  }

  #name(name: string, at: number, scope: Scope | undefined, write: boolean): void {
    for (let s = scope; s !== undefined; s = s.up)
      if (s.names.has(name)) {
        if (s !== this.#own) return;
        this.found.ownName ??= { name, at, written: false };
        this.found.ownName.written ||= write;
        return;
      }
    if (!this.found.names.has(name)) this.found.names.set(name, at);
    if (write) {
      this.found.written.add(name);
      return;
    }
    const mention = { at, form: this.#forms.get(at) ?? 'value' };
    const mentions = this.found.mentions.get(name);
    if (mentions === undefined) this.found.mentions.set(name, [mention]);
    else mentions.push(mention);
  }

  #all(nodes: readonly (AnyNode | null | undefined)[], scope: Scope | undefined, receiver: Receiver): void {
    for (const node of nodes) this.#visit(node, scope, receiver);
  }

  #visit(node: AnyNode | null | undefined, scope: Scope | undefined, receiver: Receiver): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case 'Identifier':
        return this.#name(node.name, node.start, scope, false);
      case 'ThisExpression':
        if (receiver.arrow) this.found.outerThis ??= node.start;
        return;
      case 'Super':
        if (receiver.root) this.found.outerSuper ??= node.start;
        return;
      case 'MetaProperty':
        if (node.meta.name === 'import') this.found.metas.push([node.start, node.end]);
        else if (receiver.arrow) this.found.newTarget ??= node.start;
        return;
      case 'PrivateIdentifier':
        if (!this.#privates.some((names) => names.has(node.name)))
          this.found.privateName ??= { name: node.name, at: node.start };
        return;
      case 'ImportExpression':
        this.found.imports.push(node.start);
        break;
      case 'ExpressionStatement':
        this.#statements.add(node.start);
        break;
      case 'TaggedTemplateExpression':
        this.#called(node.tag);
        break;
      case 'CallExpression':
        this.#called(node.callee);
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval')
          this.found.directEval ??= node.start;
        break;
      case 'AssignmentExpression':
        this.#target(node.left, scope, receiver);
        return this.#visit(node.right, scope, receiver);
      case 'UpdateExpression':
        return this.#target(node.argument as Pattern, scope, receiver);
      case 'MemberExpression':
        this.#visit(node.object, scope, receiver);
        if (node.computed || node.property.type === 'PrivateIdentifier')
          this.#visit(node.property, scope, receiver);
        return;
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        return this.#member(node, scope, receiver);
      case 'LabeledStatement':
        return this.#visit(node.body, scope, receiver);
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#function(node, scope, receiver);
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#class(node, scope, receiver);
      case 'StaticBlock': {
        const inner = child(scope);
        for (const statement of node.body) this.#vars(statement, inner.names, true);
        declareBlock(node.body, inner.names);
        return this.#all(node.body, inner, INSIDE);
      }
      case 'BlockStatement': {
        const inner = child(scope);
        declareBlock(node.body, inner.names);
        return this.#all(node.body, inner, receiver);
      }
      case 'SwitchStatement': {
        this.#visit(node.discriminant, scope, receiver);
        const inner = child(scope);
        for (const one of node.cases) declareBlock(one.consequent, inner.names);
        return this.#all(node.cases, inner, receiver);
      }
      case 'ForStatement': {
        const inner = child(scope);
        if (node.init?.type === 'VariableDeclaration') declareBlock([node.init], inner.names);
        return this.#all([node.init, node.test, node.update, node.body], inner, receiver);
      }
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = child(scope);
        if (node.left.type === 'VariableDeclaration') {
          declareBlock([node.left], inner.names);
          this.#visit(node.left, inner, receiver);
        } else this.#target(node.left, inner, receiver);
        return this.#all([node.right, node.body], inner, receiver);
      }
      case 'CatchClause': {
        const inner = child(scope);
        bindings(node.param, inner.names);
        this.#pattern(node.param, inner, receiver);
        return this.#visit(node.body, inner, receiver);
      }
      case 'VariableDeclarator':
        this.#pattern(node.id, scope, receiver);
        return this.#visit(node.init, scope, receiver);
    }
    this.#children(node, scope, receiver);
  }

  #children(node: AnyNode, scope: Scope | undefined, receiver: Receiver): void {
    for (const key in node) {
      const value = (node as unknown as Record<string, unknown>)[key];
      if (Array.isArray(value)) for (const item of value) this.#maybe(item, scope, receiver);
      else this.#maybe(value, scope, receiver);
    }
  }

  #maybe(value: unknown, scope: Scope | undefined, receiver: Receiver): void {
    if (typeof (value as AnyNode | null | undefined)?.type === 'string')
      this.#visit(value as AnyNode, scope, receiver);
  }

  #called({ type, start }: AnyNode): void {
    if (type === 'Identifier') this.#forms.set(start, this.#statements.has(start) ? 'statement' : 'call');
  }

  #member(
    node: Extract<AnyNode, { type: 'Property' | 'MethodDefinition' | 'PropertyDefinition' }>,
    scope: Scope | undefined,
    receiver: Receiver,
  ): void {
    if (node.computed) this.#visit(node.key, scope, receiver);
    if (node.type === 'Property' && node.shorthand) this.#forms.set(node.value.start, 'shorthand');
    // Field initialisers run as methods of the instance: `this` and `super` are the class's own.
    this.#visit(node.value, scope, node.type === 'PropertyDefinition' ? INSIDE : receiver);
  }

  #function(
    node: FunctionLike | Extract<AnyNode, { type: 'ArrowFunctionExpression' }>,
    scope: Scope | undefined,
    outer: Receiver,
  ): void {
    const arrow = node.type === 'ArrowFunctionExpression';
    const receiver: Receiver = arrow ? outer : { arrow: false, root: (node as AnyNode) === this.#root };
    const outside = child(scope);
    if (receiver.root && !arrow) this.#own = outside;
    if (node.type === 'FunctionExpression' && node.id) outside.names.add(node.id.name);
    // Parameters have a scope of their own: their defaults do not see the body's variables.
    const params = child(outside);
    if (!arrow) params.names.add('arguments');
    for (const param of node.params) bindings(param, params.names);
    for (const param of node.params) this.#pattern(param, params, receiver);
    if (node.body.type !== 'BlockStatement') return this.#visit(node.body, params, receiver);
    const body = child(params);
    for (const statement of node.body.body) this.#vars(statement, body.names, true);
    declareBlock(node.body.body, body.names);
    this.#all(node.body.body, body, receiver);
  }

  #class(node: Class, scope: Scope | undefined, receiver: Receiver): void {
    const inner = child(scope);
    if (node.id) inner.names.add(node.id.name);
    this.#visit(node.superClass, inner, receiver);
    const names = new Set<string>();
    for (const member of node.body.body)
      if (member.type !== 'StaticBlock' && member.key.type === 'PrivateIdentifier')
        names.add(member.key.name);
    this.#privates.push(names);
    for (const member of node.body.body) this.#visit(member, inner, receiver);
    this.#privates.pop();
  }

  /** An assignment's left side: names in it are written. */
  #target(node: Pattern | AnyNode, scope: Scope | undefined, receiver: Receiver): void {
    switch (node.type) {
      case 'Identifier':
        return this.#name(node.name, node.start, scope, true);
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'Property' && property.computed) this.#visit(property.key, scope, receiver);
          this.#target(property.type === 'Property' ? property.value : property.argument, scope, receiver);
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element !== null) this.#target(element, scope, receiver);
        return;
      case 'AssignmentPattern':
        this.#target(node.left, scope, receiver);
        return this.#visit(node.right, scope, receiver);
      case 'RestElement':
        return this.#target(node.argument, scope, receiver);
      default:
        this.#visit(node, scope, receiver);
    }
  }

  /** A declaration's left side: only keys and defaults in it refer to anything. */
  #pattern(node: Pattern | null | undefined, scope: Scope, receiver: Receiver): void;
  #pattern(node: Pattern | null | undefined, scope: Scope | undefined, receiver: Receiver): void;
  #pattern(node: Pattern | null | undefined, scope: Scope | undefined, receiver: Receiver): void {
    switch (node?.type) {
      case 'AssignmentPattern':
        this.#pattern(node.left, scope, receiver);
        return this.#visit(node.right, scope, receiver);
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'Property' && property.computed) this.#visit(property.key, scope, receiver);
          this.#pattern(property.type === 'Property' ? property.value : property.argument, scope, receiver);
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) this.#pattern(element, scope, receiver);
        return;
      case 'RestElement':
        this.#pattern(node.argument, scope, receiver);
    }
  }

  /** Adds what `var` (and, outside strict mode, a function in a block) declares in the whole function. */
  #vars(node: AnyNode, names: Set<string>, top: boolean): void {
    switch (node.type) {
      case 'VariableDeclaration':
        if (node.kind === 'var') for (const declarator of node.declarations) bindings(declarator.id, names);
        return;
      case 'FunctionDeclaration':
        if ((top || this.#sloppy) && node.id) names.add(node.id.name);
        return;
      case 'ClassDeclaration':
        return;
    }
    if (!STATEMENTS_WITH_STATEMENTS.has(node.type)) return;
    for (const key in node) {
      const value = (node as unknown as Record<string, unknown>)[key];
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value])
        if (typeof (item as AnyNode | null | undefined)?.type === 'string')
          this.#vars(item as AnyNode, names, false);
    }
  }
}

const STATEMENTS_WITH_STATEMENTS = new Set([
  'BlockStatement',
  'IfStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'TryStatement',
  'CatchClause',
  'SwitchStatement',
  'SwitchCase',
  'LabeledStatement',
  'WithStatement',
]);

function child(up: Scope | undefined): Scope {
  return { up, names: new Set() };
}

/** Adds what `let`, `const`, `class`, `using` and functions declare in one block. */
function declareBlock(body: readonly AnyNode[], names: Set<string>): void {
  for (const statement of body) {
    if (statement.type === 'VariableDeclaration' && statement.kind !== 'var')
      for (const declarator of statement.declarations) bindings(declarator.id, names);
    else if (
      (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') &&
      statement.id
    )
      names.add(statement.id.name);
    else if (statement.type === 'LabeledStatement') declareBlock([statement.body], names);
  }
}

/** Adds the names that a pattern binds. */
function bindings(node: Pattern | null | undefined, names: Set<string>): void {
  switch (node?.type) {
    case 'Identifier':
      names.add(node.name);
      return;
    case 'ObjectPattern':
      for (const property of node.properties)
        bindings(property.type === 'Property' ? property.value : property.argument, names);
      return;
    case 'ArrayPattern':
      for (const element of node.elements) bindings(element, names);
      return;
    case 'AssignmentPattern':
      return bindings(node.left, names);
    case 'RestElement':
      return bindings(node.argument, names);
  }
}
