/** A function's own text, read once: which form it has, what it uses, and the factory that makes it again. */
import type * as Acorn from 'acorn';
import type { AnyNode, Class } from 'acorn';
import { createRequire } from 'node:module';
import { isClosedArrow } from './closed-arrow.ts';
import type { Surroundings } from './free-names.ts';
import { noSurroundings, surroundings } from './free-names.ts';

/** A parsed function. Offsets in it count from the start of the function's text. */
export interface Source {
  readonly text: string;
  readonly kind: 'function' | 'class' | 'keyed';
  readonly sloppy: boolean;
  /** Free names with the offset of their first mention. */
  readonly names: ReadonlyMap<string, number>;
  readonly written: ReadonlySet<string>;
  /** A mention of the function's own name. */
  readonly ownName: Surroundings['ownName'];
  readonly uses: Omit<Surroundings, 'names' | 'mentions' | 'written' | 'ownName'>;
  /** `class … extends X` where X is not `null`. */
  readonly extends: boolean;
  /** Texts of members with computed names that are found on the class again by them. */
  readonly computed: readonly string[];
  /** Names of private static fields, in order. */
  readonly privateStatics: readonly string[];
  /**
   * Makes the factory's text for the given variables. The own name of a `freed` function is a variable like others. A `live`
   * variable is given the namespace of a module: its value is the member of the given name, as it is when it is read.
   */
  factory(
    variables: readonly string[],
    strict: boolean,
    freed?: boolean,
    live?: ReadonlyMap<string, string>,
  ): Factory;
}

/** The larger part of a factory's text, see `FunctionCode`; the function's text starts at `offset`. */
export interface Factory {
  readonly text: string;
  readonly offset: number;
  readonly values: string;
  readonly late: string | undefined;
}

/** A replacement in the function's text. */
type Cut = [start: number, end: number, text: (names: FactoryNames) => string];

interface FactoryNames {
  readonly meta: string;
  readonly load: string;
  readonly base: string;
  readonly late: string;
  readonly key: string;
  readonly keys: string;
  readonly values: string;
}

const FORMS = [
  ['(', ')'],
  ['({', '})'],
  ['(class{', '})'],
  // Only for arrows with `new.target`, which are then refused by name.
  ['(function(){return ', '})'],
] as const;

let acorn: typeof Acorn | undefined;

/** Parses a function's text (`Function.prototype.toString`). Undefined when no form of function fits. */
export function readSource(text: string, sloppy: boolean): Source | undefined {
  if (!sloppy && isClosedArrow(text)) return closedSource(text);
  acorn ??= createRequire(import.meta.url)('acorn') as typeof Acorn;
  for (const [form, [before, after]] of FORMS.entries()) {
    const program = parse(before + text + after);
    if (program === undefined) continue;
    const statement = program.body[0];
    if (statement?.type !== 'ExpressionStatement') continue;
    const cuts: Cut[] = [];
    const root = form === 3 ? returned(statement.expression) : rootOf(statement.expression, form === 2, cuts);
    if (root === undefined) continue;
    return describe(text, root, cuts, form, sloppy);
  }
  return undefined;
}

/** The source of an arrow function that uses nothing but its parameters. */
function closedSource(text: string): Source {
  const { names, mentions: _, written, ownName, ...uses } = noSurroundings();
  return {
    text,
    kind: 'function',
    sloppy: false,
    names,
    written,
    ownName,
    uses,
    extends: false,
    computed: [],
    privateStatics: [],
    factory: (variables, strict) => factory(text, 0, [], 1, strict, variables, false),
  };
}

function parse(text: string): Acorn.Program | undefined {
  try {
    return acorn!.parse(text, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      allowImportExportEverywhere: true,
      allowSuperOutsideMethod: true,
      checkPrivateFields: false,
    });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The function inside its wrapping; a computed key of a method is cut out, since it belongs to the surroundings. */
function rootOf(expression: AnyNode, member: boolean, cuts: Cut[]): AnyNode | undefined {
  switch (expression.type) {
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return expression;
    case 'ClassExpression':
      return member ? methodOf(expression.body.body, cuts) : expression;
    case 'ObjectExpression':
      return methodOf(expression.properties, cuts);
    default:
      return undefined;
  }
}

function returned(expression: AnyNode): AnyNode | undefined {
  const statement = expression.type === 'FunctionExpression' ? expression.body.body[0] : undefined;
  const value = statement?.type === 'ReturnStatement' ? statement.argument : undefined;
  return value?.type === 'ArrowFunctionExpression' ? value : undefined;
}

function methodOf(members: readonly AnyNode[], cuts: Cut[]): AnyNode | undefined {
  const [member] = members;
  if (members.length !== 1 || (member?.type !== 'Property' && member?.type !== 'MethodDefinition'))
    return undefined;
  if (member.value.type !== 'FunctionExpression') return undefined;
  if (member.computed) cuts.push([member.key.start, member.key.end, () => '"k"']);
  return member.value;
}

function describe(text: string, root: AnyNode, cuts: Cut[], form: number, sloppy: boolean): Source {
  const privateStatics: string[] = [];
  const computed: string[] = [];
  let keyed = false;
  let heritage = false;
  if (root.type === 'ClassExpression') {
    heritage = cutHeritage(root, cuts);
    keyed = cutStatics(root, cuts, privateStatics);
    cutKeys(root, cuts, computed, (start, end) =>
      text.slice(start - FORMS[form]![0].length, end - FORMS[form]![0].length),
    );
  }
  const around = surroundings(root, sloppy);
  const shift = FORMS[form]![0].length;
  for (const [start, end] of around.metas) cuts.push([start, end, (names) => names.meta]);
  for (const start of around.imports) cuts.push([start, start + 6, (names) => names.load]);
  cuts.sort((a, b) => a[0] - b[0]);
  const names = new Map<string, number>();
  for (const [name, at] of around.names) names.set(name, at - shift);
  const move = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - shift);
  return {
    text,
    kind: root.type === 'ClassExpression' ? (keyed ? 'keyed' : 'class') : 'function',
    sloppy,
    names,
    written: around.written,
    ownName: around.ownName && { ...around.ownName, at: around.ownName.at - shift },
    uses: {
      outerThis: move(around.outerThis),
      newTarget: move(around.newTarget),
      outerSuper: move(around.outerSuper),
      directEval: move(around.directEval),
      privateName: around.privateName && { name: around.privateName.name, at: around.privateName.at - shift },
      metas: around.metas,
      imports: around.imports,
    },
    extends: heritage,
    computed,
    privateStatics,
    factory: (variables, strict, freed, live) => {
      let all = freed === true ? withoutName(root, cuts) : cuts;
      if (live !== undefined && live.size > 0)
        all = [...all, ...liveCuts(around, live)].sort((a, b) => a[0] - b[0]);
      return factory(text, form, all, shift, strict, variables, privateStatics.length > 0);
    },
  };
}

/**
 * Replaces reads of imported variables by reads of their module's namespace, which the variable holds instead: `n` by `n.n`.
 * A call must not get the namespace as its `this`; where it begins a statement, the line before may lack its semicolon.
 */
function liveCuts({ mentions }: Surroundings, live: ReadonlyMap<string, string>): Cut[] {
  const cuts: Cut[] = [];
  for (const [name, exported] of live) {
    const member = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(exported)
      ? `${name}.${exported}`
      : `${name}[${JSON.stringify(exported)}]`;
    const texts = {
      value: member,
      shorthand: `${name}:${member}`,
      call: `(0,${member})`,
      statement: `void 0,(0,${member})`,
    };
    for (const { at, form } of mentions.get(name) ?? []) cuts.push([at, at + name.length, () => texts[form]]);
  }
  return cuts;
}

/** Blanks out a function's own name, in its place. */
function withoutName(root: AnyNode, cuts: readonly Cut[]): readonly Cut[] {
  if (root.type !== 'FunctionExpression' || !root.id) return cuts;
  const { start, end } = root.id;
  return [[start, end, () => ' '.repeat(end - start)], ...cuts];
}

/** Replaces what a class extends by a variable of the factory; the node then has nothing free in it. */
function cutHeritage(root: Class, cuts: Cut[]): boolean {
  const { superClass } = root;
  if (!superClass || (superClass.type === 'Literal' && superClass.value === null)) return false;
  // A heritage such as `a.b` or `mixin(Base)` may be parenthesised; only the expression itself is replaced.
  cuts.push([superClass.start, superClass.end, (names) => names.base]);
  root.superClass = null;
  return true;
}

/**
 * Takes static state out of a class: static fields and blocks ran once, on the sender's side, and their outcome travels as
 * properties. Private static fields stay, without their initialiser, and get a setter. True when computed keys are left.
 */
function cutStatics(root: Class, cuts: Cut[], privateStatics: string[]): boolean {
  const body = root.body.body;
  let keyed = false;
  root.body.body = body.filter((member) => {
    if (member.type === 'StaticBlock' || (member.type === 'PropertyDefinition' && member.static)) {
      const isPrivate = member.type === 'PropertyDefinition' && member.key.type === 'PrivateIdentifier';
      if (!isPrivate) {
        cuts.push([member.start, member.end, () => ';']);
        return false;
      }
      const { name } = member.key as { name: string };
      privateStatics.push(name);
      cuts.push([member.key.end, member.end, (names) => `;static{${names.late}.push($=>this.#${name}=$);}`]);
      member.value = null;
      return true;
    }
    if (member.type === 'PropertyDefinition' && member.computed) keyed = true;
    return true;
  });
  return keyed;
}

/** Replaces computed names of methods and accessors by what the sender found on the class. */
function cutKeys(
  root: Class,
  cuts: Cut[],
  computed: string[],
  textOf: (start: number, end: number) => string,
): void {
  for (const member of root.body.body) {
    if (member.type !== 'MethodDefinition' || !member.computed) continue;
    const index = computed.length;
    computed.push(textOf(member.start, member.end));
    cuts.push([member.key.start, member.key.end, (names) => `${names.keys}[${index}]`]);
    member.computed = false;
  }
}

function factory(
  text: string,
  form: number,
  cuts: readonly Cut[],
  shift: number,
  strict: boolean,
  variables: readonly string[],
  late: boolean,
): Factory {
  const names = freshNames(text, variables);
  let body = '';
  let at = 0;
  for (const [start, end, replace] of cuts) {
    if (start - shift < at) continue;
    body += text.slice(at, start - shift) + replace(names);
    at = end - shift;
  }
  body += text.slice(at);
  const mode = strict ? '"use strict";' : '';
  const open = form === 0 ? '(' : form === 1 ? `${names.key}({` : `${names.key}(class{`;
  const close = form === 0 ? ')' : '})';
  const parameters = [names.meta, names.load, names.key, ...variables].join();
  const head = `(function(${parameters}){${mode}${late ? `const ${names.late}=[];` : ''}return[(${names.base},${names.keys})=>${open}`;
  return {
    text: `${head}${body}\n${close}`,
    offset: head.length,
    values: names.values,
    late: late ? names.late : undefined,
  };
}

/** Names that occur nowhere in the function. `load` has the length of `import`, so that columns stay. */
function freshNames(text: string, variables: readonly string[]): FactoryNames {
  for (let n = 0; ; n++) {
    const tail = n.toString(36).padStart(4, '0');
    if (text.includes(`$${tail}`) || variables.some((name) => name.includes(`$${tail}`))) continue;
    const name = (letter: string): string => `${letter}$${tail}`;
    return {
      meta: name('m'),
      load: name('i'),
      base: name('b'),
      late: name('l'),
      key: name('k'),
      keys: name('c'),
      values: name('v'),
    };
  }
}
