/** Imported variables that their module may assign again: they are read from the module each time. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reexports } from './script.ts';

interface ModuleText {
  readonly source: string;
  /** Local names by exported ones. */
  readonly exports: ReadonlyMap<string, string>;
  /** Modules that it re-exports from. */
  readonly from: readonly string[];
}

const texts = new Map<string, ModuleText | undefined>();

/**
 * True when the module may assign the export again: it is declared by `let` or `var`. Told by the file's text, so only for
 * relative specifiers and file URLs; what a package exports is taken to stay what it is.
 */
export function mayChange(specifier: string, base: string, name: string, depth = 5): boolean {
  if (!/^\.{0,2}\//.test(specifier) && !specifier.startsWith('file:')) return false;
  if (depth === 0 || !URL.canParse(specifier, base)) return false;
  const url = new URL(specifier, base).href;
  const module = textOf(url);
  if (module === undefined) return false;
  const local = module.exports.get(name);
  if (local !== undefined) return isVariable(module.source, local);
  return module.from.some((next) => mayChange(next, url, name, depth - 1));
}

function textOf(url: string): ModuleText | undefined {
  if (!texts.has(url)) texts.set(url, read(url));
  return texts.get(url);
}

function read(url: string): ModuleText | undefined {
  try {
    const source = readFileSync(fileURLToPath(url), 'utf8');
    return { source, ...reexports(source) };
  } catch (error) {
    // A module that only a loader can read: its exports are taken to stay what they are.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** True when in doubt: reading a constant from its module is no more than slower. */
function isVariable(source: string, name: string): boolean {
  const word = name.replaceAll('$', '\\$');
  if (new RegExp(`\\b(?:function\\s*\\*?|class|const|enum)\\s+${word}(?![\\w$])`).test(source)) return false;
  return new RegExp(`\\b(?:let|var)\\b[^;]*?(?<![\\w$.])${word}(?![\\w$])`).test(source);
}
