/** Checks that the compiler and the linter do not make: the size of files and patterns that the style forbids. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineAt, mask } from './mask.mjs';
import { filesBelow, root, shown } from './paths.mjs';

/** Past the first a file is asked whether it is two things, past the second it is. */
const ASK_LINES = 400;
const MAX_LINES = 800;

/** `where` says which files a pattern is forbidden in, by their path from the root. */
const FORBIDDEN = [
  {
    pattern: /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}/g,
    where: /^(?:src|scripts|bench|examples)\//,
    // A comment that says why nothing is to be done is enough.
    allowed: (found) => /\/[/*]/.test(found),
    why: 'an empty catch hides errors: handle it, or say in a comment why there is nothing to do',
  },
  {
    pattern: /\bthrow\s+new\s+Error\s*\(/g,
    where: /^src\//,
    why: 'throw a TypeError, a RangeError or a subclass of TuttiError, so that programs can tell errors apart',
  },
  {
    pattern: /\bprocess\s*\.\s*env\b/g,
    where: /^src\/(?!base\/)/,
    why: 'only src/base reads the environment',
  },
  {
    pattern: /^[ \t]*\/[/*]\s*@ts-(?:ignore|nocheck)\b/gm,
    raw: true,
    where: /^(?:src|test|bench|examples)\//,
    why: 'use @ts-expect-error with a reason',
  },
  {
    pattern: /\b(?:test|it|describe|suite)\s*\.\s*only\s*\(|\bonly\s*:\s*true\b/g,
    where: /^test\/.*\.test\.ts$/,
    why: 'a forgotten "only" turns every other test off',
  },
];

/**
 * What is wrong with one file.
 * @param {string} path from the root, with forward slashes
 * @param {string} text
 * @returns {{ problems: string[], warnings: string[] }}
 */
export function checkFile(path, text) {
  const problems = [];
  const warnings = [];
  const lines = text.split('\n').length - 1;
  const generated = /@generated/.test(text.slice(0, 500));
  if (!generated && lines > MAX_LINES)
    problems.push(`${path}: ${lines} lines; split it (limit ${MAX_LINES})`);
  else if (!generated && lines > ASK_LINES) warnings.push(`${path}: ${lines} lines; is it two things?`);

  const code = mask(text);
  for (const { pattern, where, why, raw, allowed } of FORBIDDEN) {
    if (!where.test(path)) continue;
    for (const match of (raw ? text : code).matchAll(pattern)) {
      if (allowed?.(text.slice(match.index, match.index + match[0].length))) continue;
      problems.push(`${path}:${lineAt(text, match.index)}: ${match[0].replace(/\s+/g, ' ')}: ${why}`);
    }
  }
  return { problems, warnings };
}

/** Checks every file that people write. */
export function checkGates() {
  const problems = [];
  const warnings = [];
  for (const folder of ['src', 'test', 'bench', 'examples', 'scripts']) {
    for (const path of filesBelow(join(root, folder), (name) => /\.m?[jt]s$/.test(name))) {
      const found = checkFile(shown(path), readFileSync(path, 'utf8'));
      problems.push(...found.problems);
      warnings.push(...found.warnings);
    }
  }
  return { problems, warnings };
}
