/**
 * Modules that receivers load because a captured function imports them, with all that those import.
 *
 * A class that such a module exports travels by reference even where no captured function names it: the receiver then
 * has one such class, not two. Other modules are not touched, since loading them may start what only the caller starts.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { staticImports } from './script.ts';

const known = new Set<string>();
const unread: string[] = [];

/** Notes that receivers import this module. */
export function markImported(specifier: string, base: string): void {
  if (!/^\.{0,2}\//.test(specifier) && !specifier.startsWith('file:')) return;
  const { href } = new URL(specifier, base);
  if (known.has(href)) return;
  known.add(href);
  unread.push(href);
}

const own = new URL('../', import.meta.url).href;

/** True for Tutti's own modules, which every receiver has. */
export function isOwnModule(url: string): boolean {
  return url.startsWith(own);
}

/** True when receivers have, or will have, loaded the module. Packages always count. */
export function isImported(url: string): boolean {
  if (isOwnModule(url)) return true;
  if (known.has(url) || url.includes('/node_modules/')) return true;
  for (let next = unread.pop(); next !== undefined; next = unread.pop()) readImports(next);
  return known.has(url);
}

function readImports(url: string): void {
  try {
    for (const specifier of staticImports(readFileSync(fileURLToPath(url), 'utf8')))
      markImported(specifier, url);
  } catch (error) {
    // A module that only a loader can read: what it imports stays unknown, and its classes travel by value.
    if (!(error instanceof Error)) throw error;
  }
}
