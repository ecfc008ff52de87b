/** Puts what a worker thread loads at its start into one file: each module more would cost every start 0.4 ms. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What a worker loads later, and shares with the program's own copies of this package, stays in files of its own. */
const apart = ['closure/pack.js', 'closure/error.js', 'closure/special-nodes.js', 'executor/call-lane.js'];

const worker = 'threads/thread.worker.cjs';
const lane = 'threads/call-lane.cjs';

/** The files in `dist` that bundling writes and the compiler does not. */
export const bundled = [worker, lane];

/**
 * Bundles `threads/thread.worker.js` in `dist`, and beside it the lane for small calls, which a worker loads when it is up. Both
 * are CommonJS: a thread's first task does not wait for Node's loader of modules. Modules that are in a bundle exist twice in a thread
 * that imports the package itself: their state is in the registry of `src/base/registry.ts`, or does not matter.
 */
export function bundleWorkers(dist) {
  bundle(dist, 'executor/call-lane.js', lane);
  bundle(dist, 'threads/thread.worker.js', worker);
  const path = join(dist, worker);
  const text = readFileSync(path, 'utf8');
  const parts = text.split('import("../executor/call-lane.js")');
  if (parts.length !== 2)
    throw new RangeError(`${worker} imports the lane ${parts.length - 1} times, not once`);
  writeFileSync(path, parts.join('require("./call-lane.cjs")'));
}

function bundle(dist, from, to) {
  // Not imported: whoever loads this file may be about to install it.
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  buildSync({
    entryPoints: [join(dist, from)],
    outfile: join(dist, to),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    sourcemap: true,
    sourcesContent: false,
    external: apart.filter((path) => path !== from).map((path) => join(dist, path)),
    logLevel: 'warning',
  });
}
