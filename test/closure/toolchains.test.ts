/** Functions travel whatever wrote the JavaScript that runs: each test is a program of `fixtures/` under one toolchain. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const timeout = 120_000;
const fixtures = fileURLToPath(new URL('../../../test/closure/fixtures/', import.meta.url));
const require = createRequire(import.meta.url);

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function node(args: readonly string[], options: { input?: string; until?: RegExp } = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: fixtures,
      timeout: 60_000,
      killSignal: 'SIGKILL',
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (options.until?.test(out)) child.stdin.end();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    if (options.input !== undefined) child.stdin.write(options.input);
    if (options.until === undefined) child.stdin.end();
  });
}

async function results(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await node(args);
  assert.equal(code, 0, err);
  return JSON.parse(out.slice(out.indexOf('{'))) as Record<string, unknown>;
}

/** What program.ts prints. */
function expected(where: string, names = ['helper', 'Dog'], service = 'svc'): Record<string, unknown> {
  return {
    helper: 13,
    shared: [2, 3, 3],
    imports: [4, 2, 4, 'a/b'],
    classes: ['dog wuff', 4, 2],
    instance: [true, 2],
    back: true,
    counter: 6,
    generator: [0, 1, 2],
    names,
    async: 4,
    error: [true, 'as meant'],
    late: true,
    refusal: `cannot send \`${service}.db\` (captured by \`(anonymous)\` at ${where}): a net.Socket cannot cross threads; open it in \`init\``,
  };
}

const strips = (process.features as { typescript?: unknown }).typescript;

test(
  'TypeScript with natively stripped types',
  { timeout, skip: strips ? false : `Node ${process.version} does not strip types` },
  async () => {
    assert.deepEqual(await results(['program.ts']), expected('program.ts:64:19'));
  },
);

test('TypeScript through tsx', { timeout }, async () => {
  assert.deepEqual(await results([require.resolve('tsx/cli'), 'program.ts']), expected('program.ts:64:19'));
});

test('TypeScript through node --import tsx', { timeout }, async () => {
  assert.deepEqual(await results(['--import', 'tsx', 'program.ts']), expected('program.ts:64:19'));
});

const bundles: [name: string, options: BuildOptions, names?: string[]][] = [
  ['an esbuild bundle', {}],
  ['a minified esbuild bundle', { minify: true }],
  ['a minified esbuild bundle with keepNames', { minify: true, keepNames: true }, ['helper', 'Dog']],
  [
    'an esbuild bundle with keepNames and a source map',
    { keepNames: true, sourcemap: 'inline' },
    ['helper', 'Dog'],
  ],
  ['an esbuild bundle for ES2022', { target: 'es2022' }],
];

for (const [name, options, names] of bundles)
  test(name, { timeout }, async () => {
    const bundle = path.join(fixtures, `bundle-${process.pid}.mjs`);
    try {
      await build({
        entryPoints: [path.join(fixtures, 'program.ts')],
        bundle: true,
        format: 'esm',
        platform: 'node',
        external: ['./harness.mjs'],
        logLevel: 'silent',
        outfile: bundle,
        ...options,
      });
      const found = await results([bundle]);
      const wanted = expected('', names ?? (found.names as string[]));
      assert.deepEqual({ ...found, refusal: undefined }, { ...wanted, refusal: undefined });
      assert.match(
        found.refusal as string,
        /^cannot send `[\w$]+\.db` \(captured by `\(anonymous\)` at (?:bundle-\d+\.mjs|program\.ts):\d+:\d+\): a net\.Socket/,
      );
    } finally {
      await rm(bundle, { force: true });
    }
  });

test('vitest', { timeout }, async () => {
  const vitest = path.join(path.dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
  const { code, out, err } = await node([vitest, 'run', '--root', '.', '--config', 'vitest.config.mjs']);
  assert.equal(code, 0, out + err);
  assert.match(out, /Tests {2}1 passed/);
});

test('CommonJS outside strict mode', { timeout }, async () => {
  assert.deepEqual(await results(['program.cjs']), {
    shared: [2, 3, 3],
    required: ['a/b', 2, 1],
    file: 'program.cjs',
    sloppy: 'object',
    old: [true, 8],
    local: [true, true],
    back: true,
    instance: [true, 2],
    late: 3,
  });
});

test(
  'CommonJS: the first task of a fresh worker uses what was required from Tutti',
  { timeout },
  async () => {
    assert.deepEqual(await results(['context.cjs']), { results: new Array(12).fill(1) });
  },
);

for (const flags of [[], ['--inspect=0'], ['--enable-source-maps'], ['--experimental-vm-modules']])
  test(`inside a worker ${flags.join(' ')}`, { timeout }, async () => {
    assert.deepEqual(await results([...flags, 'inside-worker.mjs']), {
      closure: 6,
      shared: [1, 1],
      back: true,
    });
  });

test('the REPL', { timeout }, async () => {
  const input = [
    'let factor = 3',
    'function helper(x) { return x * factor }',
    'class P { hi() { return helper(2) } }',
    'const show = (x) => console.log("RESULT" + JSON.stringify(x))',
    `import(${JSON.stringify(new URL('harness.mjs', `file://${fixtures}`).href)}).then(async ({ call }) => {` +
      ' show(await call((x) => [helper(x), new P().hi()], 1)); factor = 5; show(await call((x) => helper(x), 1));' +
      ' show(await call(async () => typeof (await import("node:os")).cpus)); show(await call(() => typeof require("os").cpus));' +
      ' console.log("RESULT" + "END") }, (e) => console.log("RESULT" + "END", e))',
    '',
  ].join('\n');
  const { out } = await node(['-i'], { input, until: /RESULTEND/ });
  assert.deepEqual(
    [...out.matchAll(/RESULT(.*)/g)].map(([, text]) => text),
    ['[3,6]', '5', '"function"', '"function"', 'END'],
  );
});

test('node -e', { timeout }, async () => {
  const code = `(async () => { const { call } = await import('./harness.mjs'); const f = 3; console.log(JSON.stringify({ r: [await call(() => f), await call(async () => typeof (await import('node:os')).cpus), await call(() => typeof require('node:os').cpus)] })) })()`;
  assert.deepEqual(await results(['-e', code]), { r: [3, 'function', 'function'] });
});
