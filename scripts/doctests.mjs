/**
 * Turns the examples of docstrings and of the README into tests.
 *
 * Every ```ts block below an `@example`, and every ```ts block of README.md that contains `// =>`, becomes a
 * module of its own under `.build/doctests`. In it
 *
 *     expression;              // => value              the expression's value is deeply, strictly equal
 *     const name = …;          // => value              so is the declared variable
 *     statement;               // throws RangeError: …  it throws, or rejects; the message begins like this
 *
 * A line keeps its number: what the compiler and a stack trace say about line 12 is about line 12 of the source.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isFresh, markFresh } from './freshness.mjs';
import { lineAt, mask } from './mask.mjs';
import { filesBelow, root, shown } from './paths.mjs';

const HARNESS = ['doctest-harness.mjs', 'doctest-harness.d.mts'];
const FENCE = /^([ \t]*)```ts[ \t]*\n([\s\S]*?)^[ \t]*```[ \t]*$/gm;
const MARK = /\/\/ ?(=>|throws\b|rejects\b(?: with\b)?) *(.*)$/;
const DECLARED =
  /^\s*(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\s*\*?|class|const|let|interface|type)\s+([\w$]+)/;
const MEMBER = /^\s*(?:(?:static|override|async|get|readonly)\s+|\*)*(?:\[([\w.]+)\]|([\w$]+))\s*[(<:?]/;

/**
 * The examples in the docstrings of a source file.
 * @param {string} text
 * @returns {{ name: string, line: number, code: string }[]} `line` is that of the code's first line
 */
export function examplesOfSource(text) {
  const found = [];
  for (const comment of text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)) {
    if (!/^\s*\*?\s*(?:\/\*\*)?\s*@example\b/m.test(comment[0])) continue;
    const after = text.slice(comment.index + comment[0].length);
    const declared = DECLARED.exec(after)?.[1];
    const member = MEMBER.exec(after);
    const name = declared ?? member?.[1] ?? member?.[2] ?? 'this file';
    const lines = comment[0].replace(/\s*\*\/$/, '').split('\n');
    const plain = lines.map((line) => line.replace(/^\s*(?:\/\*\*|\*)? ?/, '').replaceAll('*\\/', '*/'));
    // Blank what belongs to other tags, so that line numbers stay.
    let inExample = false;
    let inFence = false;
    const kept = plain.map((line) => {
      if (/^\s*```/.test(line)) inFence = !inFence;
      else if (!inFence && /^@\w/.test(line)) inExample = line.startsWith('@example');
      return inExample ? line : '';
    });
    const first = lineAt(text, comment.index);
    for (const block of fencesOf(kept.join('\n')))
      found.push({ name, line: first + block.line - 1, code: block.code });
  }
  return found;
}

/** The tested examples of a Markdown text. */
export function examplesOfMarkdown(text) {
  return fencesOf(text)
    .filter(({ code }) => /\/\/ ?=>/.test(code))
    .map(({ line, code }) => ({ name: 'example', line, code }));
}

function fencesOf(text) {
  return [...text.matchAll(FENCE)].map((match) => ({
    line: lineAt(text, match.index) + 1,
    code: match[2].replace(new RegExp(`^${match[1]}`, 'gm'), ''),
  }));
}

/**
 * The statement of `code` that ends at offset `end` (behind its semicolon).
 * @returns {number} where it starts
 */
function statementStart(masked, end) {
  let depth = 0;
  for (let k = end - 2; k >= 0; k--) {
    const char = masked[k];
    if (')]}'.includes(char)) {
      // A closing brace before a new line that starts like a statement ends the statement before.
      if (depth === 0 && char === '}' && /^\}[ \t]*\n\s*[\w$'"[({]/.test(masked.slice(k, end))) return k + 1;
      depth++;
    } else if ('([{'.includes(char)) {
      if (depth === 0) return k + 1;
      depth--;
    } else if (char === ';' && depth === 0) return k + 1;
  }
  return 0;
}

/**
 * Writes an example as a test module of the same number of lines.
 * @param {{ name: string, line: number, code: string }} example
 * @param {string} file the source's path from the root
 * @returns {{ text: string, problems: string[] }}
 */
export function testOfExample({ name, line, code }, file) {
  const problems = [];
  const original = code;
  const masked = mask(code);
  /** @type {{ from: number, to: number, text: string }[]} */
  const edits = [];
  let offset = 0;
  for (const [k, textLine] of original.split('\n').entries()) {
    const start = offset;
    offset += textLine.length + 1;
    const mark = MARK.exec(textLine);
    // In a string or a template it is not a comment: the mask keeps code and blanks comments.
    if (mark === null || masked.slice(start + mark.index, start + textLine.length).trim() !== '') continue;
    const at = `${file}:${line + k}`;
    const before = masked.slice(0, start + mark.index).trimEnd();
    if (!before.endsWith(';')) {
      problems.push(`${at}: the statement before "// ${mark[1]}" does not end with a semicolon`);
      continue;
    }
    const end = before.length;
    const raw = statementStart(masked, end);
    const from = raw + /^\s*/.exec(masked.slice(raw))[0].length;
    const statement = original.slice(from, end - 1);
    const where = JSON.stringify(at);
    if (mark[1] !== '=>') {
      const [, type, message] = /^([\w$.]+)?:? *(.*)$/.exec(mark[2].trim()) ?? [];
      const body = `async () => { ${statement}; }`;
      edits.push({
        from,
        to: end,
        text: `await throws$(${body}, ${JSON.stringify(type ?? '')}, ${JSON.stringify(message ?? '')}, ${where});`,
      });
      continue;
    }
    const declaration = /^(?:const|let)\s+([\w$]+|\[|\{)/.exec(statement);
    const logged = /^console\.log\(([\s\S]*)\)$/.exec(statement);
    if (declaration === null) {
      edits.push({ from, to: end, text: `equal$((${logged?.[1] ?? statement}), (${mark[2]}), ${where});` });
    } else if (/^[\w$]/.test(declaration[1])) {
      edits.push({ from: end, to: end, text: ` equal$(${declaration[1]}, (${mark[2]}), ${where});` });
    } else {
      problems.push(`${at}: "// =>" cannot check a pattern; declare one variable`);
    }
  }

  // Everything behind the last import is the test's body.
  const imports = [...masked.matchAll(/^import\b[^;]*;/gm)];
  const bodyFrom = imports.length === 0 ? 0 : imports.at(-1).index + imports.at(-1)[0].length;
  edits.push({
    from: bodyFrom,
    to: bodyFrom,
    text: `test$(${JSON.stringify(`${file}:${line} ${name}`)}, { timeout: 60_000 }, async () => {`,
  });
  let text = original;
  for (const edit of edits.sort((a, b) => b.from - a.from || b.to - a.to)) {
    text = text.slice(0, edit.from) + edit.text + text.slice(edit.to);
  }
  const head = "import { equal$, test$, throws$ } from './doctest-harness.mjs';";
  const padding = '\n'.repeat(Math.max(0, line - 2));
  return {
    text: `${head}${line > 1 ? '\n' : ' '}${padding}${text.trimEnd()}\n});\nvoid [equal$, throws$];\n`,
    problems,
  };
}

/** All examples of the project, with what is wrong with their form. */
function collect() {
  const sources = filesBelow(join(root, 'src'), (name) => name.endsWith('.ts'));
  const readme = join(root, 'README.md');
  const problems = [];
  const modules = new Map();
  const named = new Set();
  const add = (path, examples) => {
    const file = shown(path);
    const base = file.replace(/\.\w+$/, '').replaceAll('/', '.');
    const imports = [];
    for (const example of examples) {
      named.add(example.name);
      const { text, problems: found } = testOfExample(example, file);
      problems.push(...found);
      modules.set(`${base}.L${example.line}.example.ts`, text);
      imports.push(`import './${base}.L${example.line}.example.ts';\n`);
    }
    // One process for all examples of a file: they are small, and starting Node is not.
    if (imports.length > 0) modules.set(`${base}.test.ts`, imports.join(''));
  };
  for (const path of sources) add(path, examplesOfSource(readFileSync(path, 'utf8')));
  if (existsSync(readme)) add(readme, examplesOfMarkdown(readFileSync(readme, 'utf8')));
  return { modules, named, problems, inputs: [...sources, ...(existsSync(readme) ? [readme] : [])] };
}

/** Public functions, of every entry of the package, without an example. Classes are documented by their members, types by where they are used. */
function undocumented(named) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const problems = [];
  for (const target of Object.values(exports)) {
    if (typeof target !== 'object') continue;
    const file = target.default.replace(/^\.\//, '');
    const entry = join(root, file);
    if (!existsSync(entry)) continue;
    // Only what a function is can be seen at run time, and only in a process of its own does loading it leave no trace.
    const script = `import * as api from ${JSON.stringify(pathToFileURL(entry).href)};
      const plain = ([, value]) => typeof value === 'function' && !/^class\\b/.test(Function.prototype.toString.call(value));
      console.log(JSON.stringify(Object.entries(api).filter(plain).map(([name]) => name)));
      process.exit(0);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    if (stdout === '') {
      problems.push(`${file} does not load: ${stderr.trim()}`);
      continue;
    }
    const source = file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts');
    for (const name of JSON.parse(stdout))
      if (!named.has(name))
        problems.push(`${source}: ${name}() is public and has no @example in its docstring`);
  }
  return problems;
}

/**
 * Writes and compiles the doctests unless they are up to date.
 * @returns {{ problems: string[] }}
 */
export function prepareDoctests() {
  const folder = join(root, '.build', 'doctests');
  const { modules, named, problems, inputs } = collect();
  problems.push(...undocumented(named));
  if (problems.length > 0) return { problems };

  const declarations = filesBelow(join(root, 'dist'), (name) => name.endsWith('.d.ts'));
  const scripts = ['doctests.mjs', 'mask.mjs', ...HARNESS].map((name) => join(root, 'scripts', name));
  const all = [...inputs, ...declarations, ...scripts, join(root, 'tsconfig.json')];
  if (isFresh('doctests', all, filesBelow(folder))) return { problems };

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of modules) writeFileSync(join(folder, name), text);
  for (const name of HARNESS) copyFileSync(join(root, 'scripts', name), join(folder, name));
  const settings = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      rootDir: '.',
      outDir: '.',
      declaration: false,
      declarationMap: false,
      noEmitOnError: true,
    },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings, null, 2));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) return { problems: stdout.trim().split('\n').map(inSource) };
  markFresh('doctests', all, filesBelow(folder));
  return { problems };
}

/** The compiler's message with the place in the source in front, where there is one. */
function inSource(message) {
  return message.replace(/^\S*doctests\/(\S+)\.L\d+\.example\.ts\((\d+),(\d+)\)/, (_, name, line, column) => {
    const path = name === 'README' ? 'README.md' : `${name.replaceAll('.', '/')}.ts`;
    return `${path}:${line}:${column} (example)`;
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { problems } = prepareDoctests();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
