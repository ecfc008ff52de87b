/**
 * Makes few files of many, so that they load fast: Node takes 0.3 ms for each module.
 *
 * The compiled modules of the package come together in three, and in the place of each is left a stub that
 * exports what it did. So whoever imports a module by its path, as workers do for what travels by reference, finds the one copy that
 * there is.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { filesBelow, root, shown } from './paths.mjs';

/** What users and workers import; modules that only run (workers' entries, the command line) are not among them. */
const roots = [
  'index.js',
  'sync/index.js',
  'structures/index.js',
  'observe/index.js',
  'parallel/rxjs.js',
  'executor/worker-main.js',
  'executor/call-lane.js',
];
const whole = 'tutti.js';
/** The part of the package that a worker loads with the first thing that is no plain data: a quarter of it. */
const travel = 'tutti.closure.js';
/** What a worker process has besides. */
const ofProcess = 'tutti.process.js';
const processEntry = 'processes/process.worker.js';
/** Each imports those before it. */
const shares = [travel, ofProcess, whole];
/** Marks what modules import later: that stays an import. */
const later = 'later:';

/** What a worker thread loads later, and shares with the program's own copy of this package, is no part of its bundle. */
const travelling = ['closure/pack.js', 'closure/error.js', 'closure/special-nodes.js'];
const apart = [...travelling, 'executor/call-lane.js'];
const thread = 'threads/thread.worker.cjs';
const lane = 'threads/call-lane.cjs';
/** A process of its own, which should be small. */
const tracker = 'memory/tracker.process.js';

/** The files in `dist` that bundling writes and the compiler does not. */
export const bundled = [...shares, thread, lane];

/** `dist` is fresh from the compiler. Its modules as they are there stay in `modules`, for tests that load copies of some. */
export function bundleAll(dist, modules) {
  for (const path of bundled) rmSync(join(dist, path), { force: true });
  rmSync(modules, { recursive: true, force: true });
  cpSync(dist, modules, { recursive: true });
  bundleThread(dist);
  bundle(dist, tracker, tracker, 'esm');
  bundlePackage(dist);
}

/**
 * Bundles `threads/thread.worker.js`, and beside it the lane for small calls, which a worker loads when it is up. Both
 * are CommonJS: a thread's first task does not wait for Node's loader of modules. Modules that are in a bundle exist twice in a thread
 * that imports the package itself: their state is in the registry of `src/base/registry.ts`, or does not matter.
 */
function bundleThread(dist) {
  bundle(dist, 'executor/call-lane.js', lane, 'cjs');
  bundle(dist, 'threads/thread.worker.js', thread, 'cjs');
  const path = join(dist, thread);
  const text = readFileSync(path, 'utf8');
  const parts = text.split('import("../executor/call-lane.js")');
  if (parts.length !== 2)
    throw new RangeError(`${thread} imports the lane ${parts.length - 1} times, not once`);
  writeFileSync(path, parts.join('require("./call-lane.cjs")'));
}

function bundle(dist, from, to, format) {
  esbuild({
    entryPoints: [join(dist, from)],
    outfile: join(dist, to),
    allowOverwrite: true,
    format,
    external: [...apart.filter((path) => path !== from), ...shares].map((path) => join(dist, path)),
    ...(format === 'cjs' && {
      define: { 'import.meta.url': 'moduleUrl' },
      banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    }),
  });
}

/** Puts all modules into the files of {@link shares}, and stubs in their place. */
function bundlePackage(dist) {
  // Beside `dist`, so that paths in source maps stay true.
  const copy = join(root, '.bundle');
  rmSync(copy, { recursive: true, force: true });
  try {
    cpSync(dist, copy, { recursive: true });
    for (const path of filesBelow(copy, (name) => name.endsWith('.js'))) movable(path, copy);
    const done = new Set();
    const entry = join(copy, processEntry);
    const fromProcess = importsOf(entry).map((to) => shown(join(dirname(entry), to), copy));
    for (const [from, to] of [
      [travelling, travel],
      [[...fromProcess, 'executor/call-lane.js'], ofProcess],
      [roots, whole],
    ]) {
      for (const [path, names] of bundleGroup(dist, copy, from, to, done)) {
        writeStub(dist, path, names, fromTo(path, to));
        // What comes later in another file finds it in this one.
        writeStub(copy, path, names, `${later}./${to}`);
        done.add(path);
      }
    }
    bundle(dist, processEntry, processEntry, 'esm');
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Puts all that `from` import into the file `to`, but what is `done`; returns those modules, with their exports. */
function bundleGroup(dist, copy, from, to, done) {
  const first = join(copy, 'first.js');
  writeFileSync(first, from.map((path) => `import './${path}';\n`).join(''));
  const { metafile } = esbuild({
    entryPoints: [first],
    outdir: copy,
    write: false,
    metafile: true,
    format: 'esm',
    external: [`${later}*`],
  });
  const modules = Object.keys(metafile.inputs)
    .map((path) => shown(join(root, path), copy))
    .filter((path) => path !== 'first.js' && !done.has(path));
  const exported = modules.map((path) => [path, exportsOf(join(copy, path))]);
  const entry = join(copy, 'entry.js');
  const lines = exported.map(([path, names]) => {
    const list = names.map(({ n }) => `${n} as ${idOf(path, n)}`).join(', ');
    return `export { ${list} } from './${path}';\n`;
  });
  const text = readFileSync(first, 'utf8') + lines.join('');
  const path = join(dist, to);
  const write = (source) => {
    writeFileSync(entry, source);
    esbuild({ entryPoints: [entry], outfile: path, format: 'esm', external: [`${later}*`] });
    return readFileSync(path, 'utf8');
  };
  const output = write(text + nameAgain(exported, write(text)));
  writeFileSync(path, output.replaceAll(`"${later}`, '"'));
  return exported;
}

/** A module keeps its address and what it imports later when it moves into a bundle. */
function movable(path, copy) {
  const own = `./${shown(path, copy)}`;
  const text = readFileSync(path, 'utf8');
  const moved = text
    .replaceAll('import.meta.url', `new URL(${JSON.stringify(own)}, import.meta.url).href`)
    .replace(/\bimport\((['"])(\.{1,2}\/.*?)\1\)/g, (_, quote, to) => {
      const target = shown(join(dirname(path), to), copy);
      return `import(${quote}${later}./${target}${quote})`;
    });
  if (moved !== text) writeFileSync(path, moved);
}

/**
 * Functions and classes whose variables are called otherwise in a bundle, as two modules have some of that name, get their names
 * back: the statements that see to that.
 */
function nameAgain(exported, output) {
  const clause = /^export \{([^}]*)\};/m.exec(output)[1];
  const locals = new Map(
    clause.split(',').map((one) => {
      const [local, id = local] = one.trim().split(' as ');
      return [id, local];
    }),
  );
  const imports = [];
  const names = [];
  for (const [path, list] of exported) {
    for (const { n, ln } of list) {
      if (ln === undefined) continue;
      const id = idOf(path, n);
      const local = locals.get(id);
      if (local === ln && !output.includes(`var ${local} = class _${local} `)) continue;
      imports.push(`import { ${n} as ${id} } from './${path}';\n`);
      names.push(`[${id}, ${JSON.stringify(ln)}]`);
    }
  }
  return `${imports.join('')}for (const [value, name] of [${names.join(', ')}]) {
    if (typeof value === 'function') Object.defineProperty(value, 'name', { value: name, configurable: true });
  }\n`;
}

/** Names of a module's exports, and of the variables that they are in the module itself. */
function exportsOf(path) {
  return parsed(readFileSync(path, 'utf8'))[1];
}

/** What a module imports of the package, at once. */
function importsOf(path) {
  const text = readFileSync(path, 'utf8');
  return parsed(text)[0].flatMap(({ n, d }) => (d === -1 && n?.startsWith('.') ? [n] : []));
}

function parsed(text) {
  const { initSync, parse } = createRequire(import.meta.url)('es-module-lexer');
  initSync();
  return parse(text);
}

/** What an export of a module is called in a bundle. */
function idOf(path, name) {
  return `${path.replace(/\.js$/, '').replaceAll(/\W/g, '_')}__${name}`;
}

/** The specifier of a file at the top of `dist` in another one. */
function fromTo(path, to) {
  return relative(dirname(path), to)
    .replaceAll('\\', '/')
    .replace(/^(?!\.)/, './');
}

function writeStub(folder, path, names, from) {
  const list = names.map(({ n }) => `${idOf(path, n)} as ${n}`).join(', ');
  writeFileSync(join(folder, path), `export { ${list} } from '${from}';\n`);
  rmSync(join(folder, `${path}.map`), { force: true });
}

function esbuild(options) {
  // Not imported: whoever loads this file may be about to install it.
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  return buildSync({
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    absWorkingDir: root,
    // `sideEffects` in package.json is for users' bundlers.
    ignoreAnnotations: true,
    ...options,
  });
}
