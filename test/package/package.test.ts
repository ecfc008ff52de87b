import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fromRoot } from '../root.ts';

const options = { timeout: 240_000 };
const fixture = (name: string): string => fromRoot('test/package/fixtures', name);

/** Environment of a user's shell: what npm and node:test set for this process is not for the ones it starts. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_TEST_CONTEXT$|INIT_CWD$|NODE_OPTIONS$)/i.test(name),
  ),
);

let folder = '';
let tarball = '';
let contents: readonly string[] = [];

function run(command: string, args: readonly string[], cwd = folder): SpawnSyncReturns<string> {
  return spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 200_000,
    shell: process.platform === 'win32',
  });
}

/** Runs a command that must succeed and returns what it printed. */
function succeed(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr, error } = run(command, args, cwd);
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${error?.message ?? ''}${stdout}${stderr}`);
  return stdout;
}

const node = (...args: string[]): string => succeed(process.execPath, args);
const tool = (script: string, ...args: string[]): string => node(fromRoot('node_modules', script), ...args);

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-package-'));
  // The sources have just been built; packing must not depend on scripts.
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const parsed = JSON.parse(succeed('npm', args, fromRoot())) as unknown;
  const packed = (Array.isArray(parsed) ? parsed : Object.values(parsed as object)) as {
    filename: string;
    files: { path: string }[];
  }[];
  const [{ filename, files }] = packed as [(typeof packed)[0]];
  tarball = join(folder, filename);
  contents = files.map((file) => file.path);

  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball]);
});

after(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

test(
  'the tarball holds the compiled sources with declarations and maps, and nothing of the workshop',
  options,
  () => {
    for (const wanted of [
      'package.json',
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/tutti.js',
      'dist/tutti.js.map',
      'dist/tutti.closure.js',
      'dist/tutti.process.js',
    ]) {
      assert.ok(contents.includes(wanted), `${wanted} is missing`);
    }
    const odd = contents.filter(
      (path) =>
        !/^(?:dist|src)\/|^examples\/[\w-]+\.(?:ts|md)$|^bench\/RESULTS\.md$|^(?:package\.json|LICENSE|[A-Z]+\.md)$/.test(
          path,
        ),
    );
    assert.deepEqual(odd, []);
    const sources = ['tutti', 'tutti.closure', 'tutti.process'].flatMap((name) => {
      const map = readFileSync(fromRoot(`dist/${name}.js.map`), 'utf8');
      return (JSON.parse(map) as { sources: string[] }).sources;
    });
    for (const path of contents.filter((name) => /^src\/.*\.ts$/.test(name))) {
      const compiled = path.replace(/^src\/(.*)\.ts$/, 'dist/$1.js');
      assert.ok(contents.includes(compiled), `${compiled} is missing`);
      const isMapped =
        sources.includes(`../${path}`) || contents.includes(`${compiled}.map`) || hasNoCode(path);
      assert.ok(isMapped, `no source map leads to ${path}`);
      assert.ok(
        contents.includes(compiled.replace(/js$/, 'd.ts')),
        `the declarations of ${path} are missing`,
      );
    }
  },
);

/** A file that only exports what others have. */
function hasNoCode(path: string): boolean {
  const text = readFileSync(fromRoot(path), 'utf8').replaceAll(/\/\*[^]*?\*\/|^\/\/.*$/gm, '');
  return text.replaceAll(/^(?:import|export) [^;]*? from '[^']*';$/gm, '').trim() === '';
}

test('what the README links to is in the tarball', options, () => {
  const links = [...readFileSync(fromRoot('README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)];
  assert.ok(links.length > 3);
  for (const [, link] of links) assert.ok(contents.includes(link as string), `${link} is not packed`);
});

test('publint has nothing to say about the tarball', options, () => {
  tool('publint/src/cli.js', 'run', tarball, '--strict');
});

test('arethetypeswrong resolves the types of every entry', options, () => {
  tool(
    '@arethetypeswrong/cli/dist/index.js',
    tarball,
    '--profile',
    'esm-only',
    '--format',
    'ascii',
    '--no-emoji',
  );
});

test('installing brings the hard dependencies and no others', options, () => {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
  const installed = Object.keys(lock.packages).map((path) => path.replace('node_modules/', ''));
  assert.deepEqual(installed.sort(), ['', 'acorn', 'es-module-lexer', 'pure-rand', 'tutti']);
});

for (const name of ['consumer.mjs', 'consumer.cjs']) {
  test(`the installed package runs from ${name}`, options, () => {
    copyFileSync(fixture(name), join(folder, name));
    assert.match(node(name), /consumer done/);
  });
}

test('tutti/rxjs names the command that installs rxjs, and works where it is', options, () => {
  const program = `
    import { threads } from 'tutti';
    import { parallelFilter, parallelMap } from 'tutti/rxjs';
    const pool = threads({ workers: 1 });
    try {
      const double = parallelMap(pool, (x) => x * 2);
      const even = parallelFilter(pool, (x) => x % 2 === 0, { ordered: false });
      const { lastValueFrom, of, toArray } = await import('rxjs');
      console.log(await lastValueFrom(of(1, 2, 3).pipe(even, double, toArray())));
    } catch (error) {
      console.log(error.code, error.message);
    }
    await pool.close();`;
  const output = () => node('--input-type=module', '--eval', program);
  assert.match(output(), /^ERR_TUTTI_MISSING_PACKAGE .*run: npm install rxjs/);
  const installed = join(folder, 'node_modules', 'rxjs');
  symlinkSync(fromRoot('node_modules/rxjs'), installed, 'junction');
  assert.match(output(), /^\[ 4 \]/);
  rmSync(installed);
});

test('the command line starts', options, () => {
  assert.match(succeed('npm', ['exec', '--no', '--', 'tutti', '--help']), /demo/);
});

test('a strict TypeScript project infers, compiles and runs', options, () => {
  // The compiler is the repository's: a user has one already.
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(
    fromRoot('node_modules/@types/node'),
    join(folder, 'node_modules', '@types', 'node'),
    'junction',
  );
  copyFileSync(fixture('consumer.ts'), join(folder, 'consumer.ts'));
  for (const surface of ['package-surface.ts', 'structures-surface.ts'])
    copyFileSync(fromRoot('test/types', surface), join(folder, surface));
  copyFileSync(fromRoot('test/types/expect.ts'), join(folder, 'expect.ts'));
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      skipLibCheck: false,
      rewriteRelativeImportExtensions: true,
      outDir: 'out',
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    tool('typescript/bin/tsc', '-p', folder);
    assert.match(node('out/consumer.js'), /consumer done/);
  }
});
