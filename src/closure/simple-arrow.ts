/**
 * Tells without a parser that an arrow function uses nothing but its own names. Loading a parser takes most of the time
 * that the first capture of a process needs, and functions such as `(x) => x * x` do without.
 */

const HEADER =
  /^(async\s+)?(?:([A-Za-z_$][\w$]*)|\(\s*([A-Za-z_$][\w$]*(?:\s*,\s*[A-Za-z_$][\w$]*)*)?\s*\))\s*=>/;
const TOKEN = /\d[\w.]*|[A-Za-z_$][\w$]*|\.\.\.|\?\.|\S/g;
const STRING = /'[^'\n]*'|"[^"\n]*"/g;

/** Words that may stand in a body without a closer look: all others that are no names of its own need the parser. */
const WORDS = new Set(
  'break case const continue default delete do else false for if in instanceof let null of return switch throw true typeof void while'.split(
    ' ',
  ),
);
/** Names that a parameter cannot have, or that would hide what we rely on. */
const UNFIT = new Set([...WORDS, 'async', 'await', 'arguments', 'eval', 'yield']);

/**
 * True only for arrow functions whose every name is a parameter or declared at the top of the body. Where the text is not
 * plain enough to be sure, false.
 *
 * Tokens inside comments and regular expressions count as names, which can only make the answer false; strings are left
 * out when the text has no slash (no comment, no regular expression) that a quote could stand in.
 */
export function isSelfContainedArrow(text: string): boolean {
  const header = HEADER.exec(text);
  if (header === null || !/^[\t\n\r -~]*$/.test(text) || /[`\\#@]/.test(text)) return false;
  let body = text.slice(header[0].length);
  if (/['"]/.test(body)) {
    if (body.includes('/')) return false;
    body = body.replace(STRING, ' 0 ');
    if (/['"]/.test(body)) return false;
  }
  const bound = new Set(header[2] === undefined ? (header[3] ?? '').split(/\s*,\s*/) : [header[2]]);
  for (const name of bound) if (UNFIT.has(name)) return false;
  const tokens = body.match(TOKEN) ?? [];
  collectDeclared(tokens, bound);
  const awaits = header[1] !== undefined;
  return tokens.every((token, at) => {
    if (!/^[A-Za-z_$]/.test(token)) return true;
    const before = tokens[at - 1];
    if (before === '.' || before === '?.') return true;
    return bound.has(token) || WORDS.has(token) || (awaits && token === 'await');
  });
}

/** Names of `const` and `let` at the top of the body: those hold everywhere in it, others only in their block. */
function collectDeclared(tokens: readonly string[], bound: Set<string>): void {
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if ('({['.includes(token)) depth++;
    else if (')}]'.includes(token)) depth--;
    else if ((token === 'const' || token === 'let') && depth === 1 && tokens[0] === '{') {
      const name = tokens[at + 1] ?? '';
      if (/^[A-Za-z_$]/.test(name) && !UNFIT.has(name)) bound.add(name);
    }
  }
}
