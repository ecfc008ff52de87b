/**
 * Recognises, without a parser, short arrow functions that use nothing but their parameters.
 *
 * The parser takes some twenty milliseconds to load, which is most of what the first call of a program waits for.
 * `x => x * x` does not need it. Whatever is not plainly of this form is left to the parser.
 */
const HEAD = /^(?:async\s*)?(?:\(([\w$,\s]*)\)|([A-Za-z_$][\w$]*))\s*=>/;
const STRINGS = /'[^'\n]*'|"[^"\n]*"/g;
/** Numbers; property names after a dot; other words. */
const WORDS = /\d[\w.]*|(?<!\.)\??\.\s*[A-Za-z_$][\w$]*|[A-Za-z_$][\w$]*/g;
const HARMLESS = new Set([
  'true',
  'false',
  'null',
  'typeof',
  'void',
  'in',
  'instanceof',
  'return',
  'if',
  'else',
]);

/** Whether every name in the function's text is one of its parameters. False when in doubt. */
export function isClosedArrow(text: string): boolean {
  if (text.length > 200) return false;
  const head = HEAD.exec(text);
  if (head === null) return false;
  const parameters = new Set((head[1] ?? head[2] ?? '').split(',').map((name) => name.trim()));
  if (parameters.has('eval') || parameters.has('arguments')) return false;
  const body = text.slice(head[0].length);
  // Templates, escapes, private names, comments; a slash beside a quote may be a pattern that holds the quote.
  if (/[`\\#\u0080-\uffff]|\/[/*]/.test(body) || (body.includes('/') && /['"]/.test(body))) return false;
  for (const [word] of body.replace(STRINGS, "''").matchAll(WORDS)) {
    if (/^[\d.?]/.test(word)) continue;
    if (!parameters.has(word) && !HARMLESS.has(word)) return false;
  }
  return true;
}
