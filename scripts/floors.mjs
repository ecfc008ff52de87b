/**
 * `npm run floors [folder]`: checks that the folders of `src` import strictly lower floors only, that files
 * import each other without a cycle, and prints the table of floors. `floors.json` says who lives where.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { importsOf } from './mask.mjs';
import { filesBelow, root, shown } from './paths.mjs';

/** Entries directly in `src` (the root entry) stand above this floor: they import it and the ones below. */
const BELOW_ENTRIES = 5;
const ENTRIES = '(entries)';

/** @type {string[][]} */
export const floors = JSON.parse(readFileSync(new URL('./floors.json', import.meta.url), 'utf8'));

/**
 * Reads every file below `source` and compares its imports with the floors.
 * @param {string} source the folder that holds the floors' folders
 * @returns {{ problems: string[], folders: Map<string, { floor: number, files: number, lines: number, imports: Set<string> }> }}
 */
export function checkFloors(source) {
  const floorOf = new Map([[ENTRIES, BELOW_ENTRIES + 0.5]]);
  floors.forEach((names, floor) => names.forEach((name) => floorOf.set(name, floor)));
  const folderOf = (path) => {
    const parts = shown(path, source).split('/');
    return parts.length === 1 ? ENTRIES : parts[0];
  };

  const problems = [];
  const folders = new Map();
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  for (const path of filesBelow(source, (name) => /\.[cm]?[jt]s$/.test(name))) {
    const text = readFileSync(path, 'utf8');
    const name = folderOf(path);
    const floor = floorOf.get(name);
    const at = shown(path, dirname(source));
    if (floor === undefined) {
      if (!folders.has(name)) {
        problems.push(`${at}: the folder ${name} has no floor; give it one in scripts/floors.json`);
      }
    }
    const folder = folders.get(name) ?? { floor: floor ?? -1, files: 0, lines: 0, imports: new Set() };
    folders.set(name, folder);
    folder.files++;
    folder.lines += text.split('\n').length - 1;

    const targets = new Set();
    graph.set(path, targets);
    for (const { specifier, line, eager } of importsOf(text)) {
      if (!specifier.startsWith('.')) {
        if (specifier === 'tutti' || specifier.startsWith('#') || specifier.startsWith('tutti/')) {
          problems.push(
            `${at}:${line}: imports ${specifier}; inside src imports are relative, so that the floors see them`,
          );
        }
        continue;
      }
      const target = sourceOf(resolve(dirname(path), specifier));
      if (eager) targets.add(target);
      const other = folderOf(target);
      if (other === '..') {
        if (target === join(dirname(source), 'package.json')) continue;
        problems.push(`${at}:${line}: imports ${specifier}, which is outside src`);
      } else if (other === name) {
        if (target === join(dirname(path), 'index.ts') && name !== ENTRIES) {
          problems.push(`${at}:${line}: imports its own folder's index.ts; import the file that defines it`);
        }
      } else {
        folder.imports.add(other);
        const otherFloor = floorOf.get(other);
        if (floor === undefined || otherFloor === undefined) continue; // said above, once per unknown folder
        if (otherFloor >= floor) {
          const direction = otherFloor > floor ? 'upward' : 'sideways';
          problems.push(
            `${at}:${line}: ${direction} import: ${name} (floor ${floor}) imports ${other} (floor ${otherFloor}); ` +
              'a folder imports strictly lower floors only',
          );
        }
      }
    }
  }
  for (const cycle of cyclesIn(graph)) {
    problems.push(
      `import cycle: ${[...cycle, cycle[0]].map((path) => shown(path, dirname(source))).join(' → ')}`,
    );
  }
  return { problems, folders };
}

/** A worker's URL names the compiled file; the graph speaks of sources. */
function sourceOf(target) {
  const source = target.replace(/\.([cm]?)js$/, '.$1ts');
  return existsSync(source) ? source : target;
}

/** One cycle for each place where a depth-first walk comes back to a file that it is still in. */
function cyclesIn(graph) {
  const cycles = [];
  const done = new Set();
  const walk = [];
  const visit = (path) => {
    const seen = walk.indexOf(path);
    if (seen !== -1) return void cycles.push(walk.slice(seen));
    if (done.has(path)) return;
    walk.push(path);
    for (const target of graph.get(path) ?? []) visit(target);
    walk.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return cycles;
}

/** The floors as a table, lowest first. */
export function floorsTable(folders) {
  const rows = [...folders].sort(([a, x], [b, y]) => x.floor - y.floor || a.localeCompare(b));
  const cells = rows.map(([name, { floor, files, lines, imports }]) => [
    name === ENTRIES ? `>${BELOW_ENTRIES}` : floor < 0 ? '?' : String(floor),
    name,
    String(files),
    String(lines),
    [...imports].sort().join(' ') || '–',
  ]);
  const header = ['floor', 'folder', 'files', 'lines', 'imports'];
  const numeric = [true, false, true, true, false];
  const widths = header.map((title, k) => Math.max(title.length, ...cells.map((row) => row[k].length)));
  return [header, ...cells]
    .map((row) =>
      row
        .map((cell, k) => (numeric[k] ? cell.padStart(widths[k]) : cell.padEnd(widths[k])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { problems, folders } = checkFloors(resolve(process.argv[2] ?? join(root, 'src')));
  console.log(floorsTable(folders));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
