/** The places in the repository that scripts read and write. */
import { readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository root, absolute. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Every file below `folder`, absolute and sorted; nothing when the folder is missing.
 * @param {string} folder
 * @param {(name: string) => boolean} [wanted] receives the file's name
 * @returns {string[]}
 */
export function filesBelow(folder, wanted = () => true) {
  /** @type {string[]} */
  const found = [];
  const visit = (/** @type {string} */ at) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.name === 'node_modules' || entry.name === '.venv') continue;
      if (entry.isDirectory()) visit(join(at, entry.name));
      else if (wanted(entry.name)) found.push(join(at, entry.name));
    }
  };
  try {
    visit(folder);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return found.sort();
}

/** `path` as messages name it: relative to the root, with forward slashes. */
export function shown(path, from = root) {
  return relative(from, path).split(sep).join('/');
}
