/**
 * TypeScript text with everything that is not code blanked out.
 *
 * The gates look for patterns by regular expression, and a word in a comment or a string is not a use of
 * it. A full parser would be slower and one more thing to keep in step with the language.
 */

const REGEX_MAY_FOLLOW =
  /(?:^|[(,=:[!&|?{};*%<>~^\n]|(?<!\+)\+|(?<!-)-|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw|new))\s*$/;

/**
 * Replaces comments, the contents of strings, the text of templates and regular expressions by spaces.
 * Quotes and line ends stay, so every offset and every line number is that of the original.
 * @param {string} source
 * @returns {string}
 */
export function mask(source) {
  const out = source.split('');
  const blank = (/** @type {number} */ from, /** @type {number} */ to) => {
    for (let k = from; k < to; k++) if (out[k] !== '\n') out[k] = ' ';
  };
  /** Open braces of each `${` we are inside of. @type {number[]} */
  const templates = [];
  let at = 0;

  const skipTemplate = () => {
    // `at` is behind the backquote or the brace that closes a substitution
    const start = at;
    while (at < source.length) {
      if (source[at] === '\\') at += 2;
      else if (source[at] === '`') {
        blank(start, at++);
        return;
      } else if (source[at] === '$' && source[at + 1] === '{') {
        blank(start, at);
        at += 2;
        templates.push(0);
        return;
      } else at++;
    }
  };

  while (at < source.length) {
    const char = source[at];
    const next = source[at + 1];
    if (char === '/' && next === '/') {
      const end = source.indexOf('\n', at);
      const stop = end === -1 ? source.length : end;
      blank(at, stop);
      at = stop;
    } else if (char === '/' && next === '*') {
      const end = source.indexOf('*/', at + 2);
      const stop = end === -1 ? source.length : end + 2;
      blank(at, stop);
      at = stop;
    } else if (char === "'" || char === '"') {
      const start = ++at;
      while (at < source.length && source[at] !== char && source[at] !== '\n')
        at += source[at] === '\\' ? 2 : 1;
      blank(start, at++);
    } else if (char === '`') {
      at++;
      skipTemplate();
    } else if (char === '/' && REGEX_MAY_FOLLOW.test(out.slice(Math.max(0, at - 40), at).join(''))) {
      const start = ++at;
      let inClass = false;
      while (at < source.length && source[at] !== '\n' && (inClass || source[at] !== '/')) {
        if (source[at] === '\\') at++;
        else if (source[at] === '[') inClass = true;
        else if (source[at] === ']') inClass = false;
        at++;
      }
      blank(start, at++);
    } else {
      const depth = templates.length - 1;
      if (char === '{' && depth >= 0) templates[depth]++;
      else if (char === '}' && depth >= 0 && templates[depth]-- === 0) {
        templates.pop();
        at++;
        skipTemplate();
        continue;
      }
      at++;
    }
  }
  return out.join('');
}

/** The 1-based line of an offset. */
export function lineAt(source, offset) {
  let line = 1;
  for (let k = source.indexOf('\n'); k !== -1 && k < offset; k = source.indexOf('\n', k + 1)) line++;
  return line;
}

const IMPORT =
  /\b(?:import|export)\b[^;'"`]*?\bfrom\s*(?=['"])|\bimport\s*\(\s*(?=['"`])|\bimport\s*(?=['"])|\bnew\s+URL\s*\(\s*(?=['"`])/g;

/**
 * What a module refers to: imports, re-exports, `import()` (also in types) and `new URL('…', import.meta.url)`.
 *
 * `eager` tells what is evaluated before the module itself: not types, not `import()`, not another thread's program.
 * @param {string} source
 * @returns {{ specifier: string, line: number, eager: boolean }[]}
 */
export function importsOf(source) {
  const code = mask(source);
  const found = [];
  for (const match of code.matchAll(IMPORT)) {
    const open = match.index + match[0].length;
    const quote = code[open];
    const close = code.indexOf(quote, open + 1);
    const specifier = source.slice(open + 1, close);
    // A URL counts when it is a module beside this one.
    if (
      match[0].startsWith('new') &&
      !(/^\..*\.[cm]?[jt]s$/.test(specifier) && /^\s*,\s*import\.meta\.url/.test(code.slice(close + 1)))
    ) {
      continue;
    }
    const eager = !/^(?:(?:import|export)\s+type\b|import\s*\(|new\b)/.test(match[0]);
    found.push({ specifier, line: lineAt(source, open), eager });
  }
  return found;
}
