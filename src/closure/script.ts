/** Scripts that functions come from: where they stand, and what they import. */
import type * as Lexer from 'es-module-lexer';
import type * as Acorn from 'acorn';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { UnsupportedError } from '../base/errors.ts';
import { rawScript, type RawScript } from './inspector.ts';

/** An import statement's binding. */
export interface ImportBinding {
  readonly specifier: string;
  /** `*` for the namespace. */
  readonly name: string;
  /** The attributes of `import … with { … }`. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A script with what capture needs of it. */
export interface Script extends RawScript {
  /** `url` as a URL: file paths of CommonJS scripts become file URLs, evaluated code gets the working directory. */
  readonly base: string;
  /** Import bindings by local name. */
  readonly imports: ReadonlyMap<string, ImportBinding>;
  /** Exported names with the local names behind them. */
  readonly exports: ReadonlyMap<string, string>;
  /** True when the script starts with `use strict` or is a module. */
  readonly strict: boolean;
}

const scripts = new Map<string, Script>();

/** Comments, then the directive. Each character fits one way only: lines of slashes must not be tried in parts. */
const STRICT = /^(?:\s|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/|(?:\/\/|#!)[^\n]*\n)*(['"])use strict\1/;

/** The script of an id, read once. */
export function scriptOf(scriptId: string): Script {
  let script = scripts.get(scriptId);
  if (script === undefined) {
    const raw = rawScript(scriptId);
    const isUserModule = raw.isModule && !raw.url.startsWith('node:');
    script = {
      ...raw,
      base: baseOf(raw.url),
      imports: isUserModule ? importsOf(raw.source) : new Map(),
      exports: isUserModule ? exportsOf(raw.source) : new Map(),
      strict: raw.isModule || STRICT.test(raw.source),
    };
    scripts.set(scriptId, script);
  }
  return script;
}

function baseOf(url: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(url) && !/^[a-z]:[\\/]/i.test(url))
    return url.startsWith('evalmachine') ? here() : url;
  return url.startsWith('/') || /^[a-z]:[\\/]/i.test(url) ? pathToFileURL(url).href : here();
}

function here(): string {
  return pathToFileURL(`${process.cwd()}/[eval]`).href;
}

let lexer: typeof Lexer | undefined;
let acorn: typeof Acorn | undefined;

function lex(source: string): ReturnType<typeof Lexer.parse> {
  if (lexer === undefined) {
    lexer = createRequire(import.meta.url)('es-module-lexer') as typeof Lexer;
    lexer.initSync();
  }
  return lexer.parse(source);
}

function exportsOf(source: string): Map<string, string> {
  const found = new Map<string, string>();
  if (!source.includes('export')) return found;
  for (const { n, ln } of lex(source)[1]) if (ln !== undefined) found.set(n, ln);
  return found;
}

/** Specifiers of a module's import statements and re-exports. */
export function staticImports(source: string): string[] {
  return lex(source)[0].flatMap((one) => (one.d === -1 && one.n !== undefined ? [one.n] : []));
}

/** What a module exports of its own (local names by exported ones), and the modules it re-exports from. */
export function reexports(source: string): { exports: Map<string, string>; from: string[] } {
  const [imports] = lex(source);
  const from = imports.flatMap(({ ss, n, d }) =>
    d === -1 && n !== undefined && source.startsWith('export', ss) ? [n] : [],
  );
  return { exports: exportsOf(source), from };
}

function importsOf(source: string): Map<string, ImportBinding> {
  const found = new Map<string, ImportBinding>();
  if (!source.includes('import')) return found;
  acorn ??= createRequire(import.meta.url)('acorn') as typeof Acorn;
  const [statements] = lex(source);
  for (const statement of statements) {
    if (
      typeof statement.ss !== 'number' ||
      typeof statement.se !== 'number' ||
      typeof statement.d !== 'number'
    )
      throw new UnsupportedError(
        'this es-module-lexer tells no statement bounds (ss, se, d): imports would go unseen; install es-module-lexer 2.3',
      );
    if (statement.d !== -1) continue;
    const [declaration] = acorn.parse(source.slice(statement.ss, statement.se), {
      ecmaVersion: 'latest',
      sourceType: 'module',
    }).body;
    if (declaration?.type !== 'ImportDeclaration') continue;
    const specifier = String(declaration.source.value);
    const attributes = Object.fromEntries(
      declaration.attributes.map(({ key, value }) => [
        key.type === 'Identifier' ? key.name : String(key.value),
        String(value.value),
      ]),
    );
    for (const one of declaration.specifiers) {
      const name =
        one.type === 'ImportNamespaceSpecifier'
          ? '*'
          : one.type === 'ImportDefaultSpecifier'
            ? 'default'
            : one.imported.type === 'Identifier'
              ? one.imported.name
              : String(one.imported.value);
      found.set(one.local.name, {
        specifier,
        name,
        ...(declaration.attributes.length > 0 && { attributes }),
      });
    }
  }
  return found;
}
