/** Programs in other languages, compiled once. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MissingError } from './missing.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * The program that `command` makes of the first of `sources` (files in `bench/<folder>`); made again when one of them is newer.
 *
 * @throws MissingError when it cannot be made; `needs` says what for
 */
export function compiled(
  folder: string,
  sources: readonly [main: string, ...others: string[]],
  needs: string,
  command: (program: string, main: string) => readonly [compiler: string, ...args: string[]],
): string {
  const into = join(root, '.build', 'bench', folder);
  mkdirSync(into, { recursive: true });
  const program = join(into, basename(sources[0], extname(sources[0])));
  const paths = sources.map((name) => join(root, 'bench', folder, name)) as [string, ...string[]];
  const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > Math.max(...paths.map((path) => statSync(path).mtimeMs))) return program;
  const [compiler, ...args] = command(program, paths[0]);
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const why = error === undefined ? stderr.trim().split('\n')[0] : error.message;
    throw new MissingError(`needs ${needs} (${why})`);
  }
  return program;
}
