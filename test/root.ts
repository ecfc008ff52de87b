/** Where tests find the repository's own files: sources, fixtures and scripts. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(from: string): string {
  let folder = from;
  while (!existsSync(join(folder, 'tsconfig.test.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new RangeError(`cannot find the repository root above ${from}`);
    folder = parent;
  }
  return folder;
}

/** The repository root, absolute and without a trailing slash; the same from `test/` and from `.build/test/`. */
export const root: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/**
 * The absolute path of a file below the repository root.
 *
 * Fixtures stay as they were written (they are not compiled), so a test names them by their source
 * path: `fromRoot('test/closure/fixtures/plain.mjs')`.
 */
export function fromRoot(...parts: string[]): string {
  return join(root, ...parts);
}
