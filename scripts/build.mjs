/** `npm run build`: compiles `src` into `dist`, and with `--tests` also tests, benchmarks and examples into `.build`. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleAll, bundled } from './bundle.mjs';
import { isFresh, markFresh } from './freshness.mjs';
import { ensureInstalled } from './install.mjs';
import { filesBelow, root, shown } from './paths.mjs';

const isSource = (name) => name.endsWith('.ts') && !name.endsWith('.d.ts');
const raw = (path) => /[\\/](fixtures|node_modules)[\\/]/.test(path);

/**
 * Compiles what `config` names unless it is up to date, and removes outputs whose source is gone. `finish.run` does what is left
 * to do, and writes `finish.files`, paths below `outDir`.
 * @returns {boolean} whether anything was done
 * @throws {BuildError} when the compiler found errors (it has printed them)
 */
function compile(step, config, folders, outDir, inputsBesides = [], finish = { files: [], run() {} }) {
  const sources = folders
    .flatMap((folder) => filesBelow(join(root, folder), isSource))
    .filter((path) => !raw(path));
  if (sources.length === 0) return false;
  const base = outDir === 'dist' ? join(root, 'src') : root;
  const compiled = new Set(
    [...sources.map((path) => shown(path, base).replace(/\.ts$/, '.js')), ...finish.files].map((path) =>
      join(root, outDir, path),
    ),
  );
  const inputs = [
    ...sources,
    join(root, 'tsconfig.json'),
    join(root, config),
    join(root, 'package.json'),
    ...inputsBesides,
  ];
  const outputs = () => outputFolders.flatMap((folder) => filesBelow(folder));
  const outputFolders =
    outDir === 'dist' ? [join(root, outDir)] : folders.map((folder) => join(root, outDir, folder));
  if ([...compiled].every((path) => existsSync(path)) && isFresh(step, inputs, outputs())) return false;

  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new BuildError(`the compiler found errors in ${folders.join(', ')}`);
  for (const path of outputs()) {
    const script = path.replace(/(\.d\.ts|\.js)(\.map)?$/, '.js');
    if (script.endsWith('.js') && !compiled.has(script)) rmSync(path);
  }
  finish.run();
  markFresh(step, inputs, outputs());
  return true;
}

/** Compilation failed; the compiler's own output says where. */
export class BuildError extends Error {
  name = 'BuildError';
}

/** Brings `dist` up to date. */
export function buildSources() {
  const script = join(root, 'scripts', 'bundle.mjs');
  const finish = {
    files: bundled,
    run: () => bundleAll(join(root, 'dist'), join(root, '.build', 'modules')),
  };
  return compile('dist', 'tsconfig.json', ['src'], 'dist', [script], finish);
}

/** Brings `.build` up to date; needs `dist`. */
export function buildTests() {
  // Tests are checked against the declarations in dist.
  const declarations = filesBelow(join(root, 'dist'), (name) => name.endsWith('.d.ts'));
  return compile('tests', 'tsconfig.test.json', ['test', 'bench', 'examples'], '.build', declarations);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    ensureInstalled();
    buildSources();
    if (process.argv.includes('--tests')) buildTests();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
