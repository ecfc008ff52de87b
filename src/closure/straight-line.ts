/**
 * Recognises functions that only compute: no loops, no objects, nothing but numbers, typed arrays from outside and calls of
 * `Math` and of helpers from outside.
 *
 * Given numbers, and if what they take from outside is as harmless, they always end, soon, and with a number (or a boolean,
 * or nothing), whoever calls them and where. Text that is not plainly of this form is not recognised; valid JavaScript is
 * taken for granted.
 *
 * function   = parameters "=>" (expression | block) | "function" [name] "(" parameters ")" block
 * statement  = ("const" | "let") name "=" expression ";" | (name | element) "=" expression ";" | "return" [expression] ";"
 *            | "if" "(" expression ")" statement ["else" statement] | helper "(" expressions ")" ";" | block | ";"
 * operand    = number | name | element | "Math." constant | ("Math." function | helper) "(" expressions ")"
 *            | "(" expression ")"
 * element    = array "[" expression "]"
 */

/** What a recognised function needs of its surroundings: their values must be looked at before it is trusted. */
export interface StraightLine {
  /** Names that are neither parameters nor variables of its own. */
  readonly names: readonly string[];
  /** Functions of `Math` that it calls. */
  readonly calls: readonly string[];
  /** Names from outside whose elements it reads or writes, and those that it calls. */
  readonly arrays: readonly string[];
  readonly helpers: readonly string[];
}

/** Longer functions are not looked at. */
export const LONGEST = 1000;

const CONSTANTS = new Set(['E', 'LN10', 'LN2', 'LOG10E', 'LOG2E', 'PI', 'SQRT1_2', 'SQRT2']);
/** All of them take and give numbers; `random` is none of them, as it has a state. */
const FUNCTIONS = new Set(
  (
    'abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1 floor fround hypot imul log log10 ' +
    'log1p log2 max min pow round sign sin sinh sqrt tan tanh trunc'
  ).split(' '),
);
const WORDS = new Set(['true', 'false', 'null']);
/** What cannot be a name; where a parenthesis follows, a keyword looks like the name of a helper. */
const RESERVED = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum eval export extends finally for ' +
    'function if import in instanceof let new return super switch this throw try typeof var void while with yield'
  ).split(' '),
);
const PREFIX = new Set(['+', '-', '!', '~']);
const INFIX = new Set('+ - * / % ** < > <= >= == != === !== && || ?? & | ^ << >> >>>'.split(' '));
const ASSIGNABLE = new Set('+ - * / % ** & | ^ << >> >>> && || ??'.split(' '));

/** `++` and `--` are tokens so that they are not taken for two signs; so are the marks of comments. */
const TOKEN =
  /(?<word>[A-Za-z_$][\w$]*)|(?<number>0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|\/\/|\/\*|=>|[=!]==?|<<|>>>|>>|<=|>=|&&|\|\||\?\?|\*\*|\+\+|--|[-+*/%<>&|^~!?:(),;{}=.[\]]/y;

interface Token {
  readonly text: string;
  readonly kind: 'word' | 'number' | 'mark';
  /** A line ends before it. */
  readonly fresh: boolean;
}

const END: Token = { text: '', kind: 'mark', fresh: true };

/** Thrown where the text is not of the form; never leaves this file. */
const unlike: unique symbol = Symbol('unlike');

/** What the function with this text needs; undefined when it may do more than compute. */
export function straightLine(text: string): StraightLine | undefined {
  if (text.length > LONGEST) return undefined;
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  try {
    return new Reader(tokens).read();
  } catch (error) {
    if (error === unlike) return undefined;
    throw error;
  }
}

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let fresh = false;
  for (let at = 0; at < text.length;) {
    const space = /[\s\u2028\u2029]/.test(text[at] as string);
    if (space) {
      if (/[\n\r\u2028\u2029]/.test(text[at] as string)) fresh = true;
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) return undefined;
    const { word, number } = found.groups as { word?: string; number?: string };
    const kind = word !== undefined ? 'word' : number !== undefined ? 'number' : 'mark';
    tokens.push({ text: found[0], kind, fresh });
    fresh = false;
    at = TOKEN.lastIndex;
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Names in sight; true for those that may be assigned. */
  #known = new Map<string, boolean>();
  readonly #names = new Set<string>();
  readonly #calls = new Set<string>();
  readonly #arrays = new Set<string>();
  readonly #helpers = new Set<string>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  read(): StraightLine {
    if (this.#is('function')) {
      this.#at++;
      // The own name is not in sight: a mention of it is one of a name outside, which no number has.
      if (this.#token.kind === 'word') this.#at++;
      this.#parameters();
      this.#block();
    } else {
      if (this.#is('(')) this.#parameters();
      else this.#known.set(this.#word(), true);
      this.#expect('=>');
      if (this.#is('{')) this.#block();
      else this.#expression();
    }
    if (this.#token !== END) throw unlike;
    return {
      names: [...this.#names],
      calls: [...this.#calls],
      arrays: [...this.#arrays],
      helpers: [...this.#helpers],
    };
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #is(text: string): boolean {
    return this.#token.text === text;
  }

  #expect(text: string): void {
    if (!this.#is(text)) throw unlike;
    this.#at++;
  }

  #word(): string {
    const { kind, text } = this.#token;
    if (kind !== 'word') throw unlike;
    this.#at++;
    return text;
  }

  #parameters(): void {
    this.#expect('(');
    while (!this.#is(')')) {
      this.#known.set(this.#word(), true);
      if (!this.#is(')')) this.#expect(',');
    }
    this.#at++;
  }

  #block(): void {
    this.#expect('{');
    const outside = this.#known;
    this.#known = new Map(outside);
    while (!this.#is('}')) this.#statement();
    this.#known = outside;
    this.#at++;
  }

  #statement(): void {
    const { text, kind } = this.#token;
    if (text === '{') return this.#block();
    if (text === ';') {
      this.#at++;
      return;
    }
    if (kind !== 'word') throw unlike;
    this.#at++;
    switch (text) {
      case 'const':
      case 'let':
        return this.#declarations(text === 'let');
      case 'return':
        if (!this.#is(';') && !this.#is('}') && !this.#token.fresh) this.#expression();
        return this.#terminate();
      case 'if':
        this.#expect('(');
        this.#expression();
        this.#expect(')');
        this.#statement();
        if (this.#is('else')) {
          this.#at++;
          this.#statement();
        }
        return;
      default:
        if (this.#is('(') && !this.#known.has(text)) {
          this.#outside(text);
          return this.#terminate();
        }
        if (this.#is('[') && !this.#known.has(text)) this.#outside(text);
        else if (this.#known.get(text) !== true) throw unlike;
        if (ASSIGNABLE.has(this.#token.text)) this.#at++;
        this.#expect('=');
        this.#expression();
        return this.#terminate();
    }
  }

  #declarations(assignable: boolean): void {
    for (;;) {
      const name = this.#word();
      this.#expect('=');
      this.#alternative();
      this.#known.set(name, assignable);
      if (!this.#is(',')) return this.#terminate();
      this.#at++;
    }
  }

  /** A statement without semicolon ends at the brace, or at a line that begins with a word: nothing else is certain. */
  #terminate(): void {
    const { text, kind, fresh } = this.#token;
    if (text === ';') this.#at++;
    else if (text !== '}' && !(fresh && kind === 'word')) throw unlike;
  }

  #expression(): void {
    this.#alternative();
    while (this.#is(',')) {
      this.#at++;
      this.#alternative();
    }
  }

  #alternative(): void {
    this.#operand();
    while (INFIX.has(this.#token.text)) {
      this.#at++;
      this.#operand();
    }
    if (!this.#is('?')) return;
    this.#at++;
    this.#alternative();
    this.#expect(':');
    this.#alternative();
  }

  #operand(): void {
    while (PREFIX.has(this.#token.text)) this.#at++;
    const { text, kind } = this.#token;
    if (kind === 'number') {
      this.#at++;
      return;
    }
    if (text === '(') {
      this.#at++;
      this.#expression();
      return this.#expect(')');
    }
    if (kind !== 'word') throw unlike;
    this.#at++;
    if (this.#known.has(text) || WORDS.has(text)) return;
    this.#outside(text);
  }

  /** A name from outside, with what is done with it. */
  #outside(name: string): void {
    if (RESERVED.has(name)) throw unlike;
    if (this.#is('[')) {
      this.#arrays.add(name);
      this.#at++;
      this.#expression();
      this.#expect(']');
    } else if (this.#is('(')) {
      this.#helpers.add(name);
      this.#arguments();
    } else {
      this.#names.add(name);
      if (name === 'Math') this.#math();
    }
  }

  #arguments(): void {
    this.#expect('(');
    if (!this.#is(')')) this.#expression();
    this.#expect(')');
  }

  #math(): void {
    this.#expect('.');
    const name = this.#word();
    if (CONSTANTS.has(name)) return;
    if (!FUNCTIONS.has(name)) throw unlike;
    this.#calls.add(name);
    this.#arguments();
  }
}
