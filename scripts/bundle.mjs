/** Puts what a worker thread loads at its start into one file: each module more would cost every start 0.4 ms. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What a worker loads later, and shares with the program's own copies of this package, stays in files of its own. */
const apart = ['closure/pack.js', 'closure/error.js', 'closure/special-nodes.js', 'executor/call-lane.js'];

const lane = 'threads/call-lane.js';

/** The files in `dist` that bundling writes and the compiler does not. */
export const bundled = [lane];

/**
 * Replaces `threads/thread.worker.js` in `dist`, fresh from the compiler, by a bundle, and bundles beside it the lane for small
 * calls, which it loads when it is up. Modules that are in a bundle exist twice in a thread that imports the package
 * itself: their state is in the registry of `src/base/registry.ts`, or does not matter.
 */
export function bundleWorkers(dist) {
  bundle(dist, 'executor/call-lane.js', lane);
  const worker = 'threads/thread.worker.js';
  bundle(dist, worker, worker);
  const path = join(dist, worker);
  const text = readFileSync(path, 'utf8');
  const parts = text.split('"../executor/call-lane.js"');
  if (parts.length !== 2)
    throw new RangeError(`${worker} imports the lane ${parts.length - 1} times, not once`);
  writeFileSync(path, parts.join('"./call-lane.js"'));
}

function bundle(dist, from, to) {
  // Not imported: whoever loads this file may be about to install it.
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  buildSync({
    entryPoints: [join(dist, from)],
    outfile: join(dist, to),
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    external: apart.filter((path) => path !== from).map((path) => join(dist, path)),
    logLevel: 'warning',
  });
}
