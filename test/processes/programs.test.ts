/** Worker processes start from whatever kind of program there is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build, type BuildOptions } from 'esbuild';
import { nativeProblem } from '#src/memory/native.js';
import { fromRoot, root } from '../root.ts';
import { timeout } from './modes.ts';

/** Why tests of shared memory cannot run here; false when they can. */
const missing: string | false = nativeProblem('this test')?.message ?? false;

const require = createRequire(import.meta.url);
let folder = '';

before(() => {
  mkdirSync(fromRoot('.build/programs'), { recursive: true });
  folder = mkdtempSync(fromRoot('.build/programs/'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function node(args: readonly string[], options: { cwd?: string; input?: string } = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: options.cwd ?? root,
      timeout: 25_000,
      killSignal: 'SIGKILL',
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.write(options.input ?? '');
    // The REPL ends with its input.
    if (options.input === undefined) child.stdin.end();
    else child.stdout.on('data', () => out.includes('RESULT') && child.stdin.end());
  });
}

/** Runs both modes with a captured variable, and says so. */
const body = `
  const factor = 3;
  const results = [];
  for (const sharedMemory of [true, false]) {
    const pool = processes({ workers: 1, sharedMemory });
    results.push(await pool.submit((x) => x * factor, 2), (await pool.submit(() => process.pid)) !== process.pid);
    await pool.close();
  }
  console.log('RESULT' + JSON.stringify(results));`;
const esm = `import { processes } from 'tutti';\n${body}`;
const cjs = `import('tutti').then(async ({ processes }) => {${body}});`;

function works({ code, out, err }: Ended): void {
  assert.equal(code, 0, out + err);
  assert.deepEqual(/RESULT(.*)/.exec(out)?.[1], '[6,true,6,true]', out + err);
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const strips = (process.features as { typescript?: unknown }).typescript;
const typed = esm
  .replace('(x) =>', '(x: number): number =>')
  .replace('results = []', 'results: unknown[] = []');

test(
  'TypeScript with natively stripped types',
  {
    timeout,
    skip: strips ? false : `Node ${process.version} does not strip types`,
  },
  async () => {
    works(await node([file('native.ts', typed)]));
  },
);

test('TypeScript through tsx', { timeout }, async () => {
  works(await node([require.resolve('tsx/cli'), file('tsx.mts', typed)]));
});

test('CommonJS, node -e, --input-type=module and --inspect', { timeout }, async () => {
  works(await node([file('main.cjs', cjs)]));
  works(await node(['-e', cjs]));
  works(await node(['--inspect=0', '--input-type=module', '-e', esm]));
});

test('the REPL', { timeout }, async () => {
  const { out } = await node(['-i'], { input: `${cjs.replaceAll('\n', ' ')}\n` });
  assert.match(out, /RESULT\[6,true,6,true\]/);
});

test('a bundle that leaves tutti out works, one that does not says what to do', { timeout }, async () => {
  const options: BuildOptions = {
    entryPoints: [file('bundle-me.mjs', esm)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  };
  const outside = join(folder, 'outside.mjs');
  await build({ ...options, external: ['tutti'], outfile: outside } as BuildOptions);
  works(await node([outside]));
  const inside = join(folder, 'inside.mjs');
  await build({ ...options, external: ['koffi'], outfile: inside } as BuildOptions);
  const { code, err } = await node([inside]);
  assert.notEqual(code, 0);
  assert.match(err, /there is no .*process\.worker\.js.*a bundler must leave tutti out/);
});

test('inside a worker thread, a worker process, and a level below that', { timeout }, async () => {
  const { code, out, err } = await node([
    '--input-type=module',
    '-e',
    `import { processes, threads } from 'tutti';
    const url = import.meta.resolve('tutti');
    const levels = async (address, depth) => {
      const { processes } = await import(address);
      const pool = processes({ workers: 1 });
      const pid = await pool.submit(() => process.pid);
      const below = depth > 1 ? [] : [await pool.submit(async (next, again) => {
        const { processes } = await import(next);
        const inner = processes();
        const found = await inner.submit(() => process.pid);
        await inner.close();
        return found === process.pid ? 'inline' : 'a process';
      }, address, 0)];
      await pool.close();
      return [pid === process.pid, ...below];
    };
    for (const outer of [threads({ workers: 1 }), processes({ workers: 1 })]) {
      console.log('RESULT' + JSON.stringify(await outer.submit(levels, url, 1)));
      await outer.close();
    }`,
  ]);
  assert.equal(code, 0, out + err);
  assert.deepEqual(
    [...out.matchAll(/RESULT(.*)/g)].map(([, text]) => text),
    ['[false,"inline"]', '[false,"inline"]'],
    out + err,
  );
});

test(
  'without koffi: one warning, everything by message, arrays for all processes as copies',
  { timeout },
  async () => {
    // A copy of the package beside its dependencies, without the optional one; outside of the repository's node_modules.
    const home = mkdtempSync('/tmp/tutti-test-');
    try {
      const modules = join(home, 'node_modules');
      mkdirSync(join(modules, 'tutti'), { recursive: true });
      cpSync(fromRoot('dist'), join(modules, 'tutti/dist'), { recursive: true });
      cpSync(fromRoot('package.json'), join(modules, 'tutti/package.json'));
      for (const name of ['acorn', 'es-module-lexer', 'pure-rand'])
        symlinkSync(fromRoot('node_modules', name), join(modules, name));
      writeFileSync(
        join(home, 'main.mjs'),
        `import { processes, shared } from 'tutti';
      const numbers = shared(Float64Array, 3, { across: 'processes' });
      numbers.fill(2);
      for (let k = 0; k < 2; k++) {
        const pool = processes({ workers: 1 });
        const sum = await pool.submit((all) => { const s = all.reduce((a, b) => a + b, 0); all[0] = 9; return s; }, numbers);
        console.log('RESULT' + JSON.stringify([sum, numbers[0], pool.submitSync((x) => x + 1, 1), (await pool.map([1, 2], (x) => -x)).join()]));
        await pool.close();
      }`,
      );
      const { code, out, err } = await node(['main.mjs'], { cwd: home });
      assert.equal(code, 0, out + err);
      assert.deepEqual(
        [...out.matchAll(/RESULT(.*)/g)].map(([, text]) => text),
        ['[6,2,2,"-1,-2"]', '[6,2,2,"-1,-2"]'],
      );
      assert.equal(err.match(/processes\(\) sends everything/g)?.length, 1, err);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
);

const native = JSON.stringify(new URL(`file://${fromRoot('dist/memory/native.js')}`).href);

/** What a system without shared memory says, and a program's warnings about it. */
const lacking = [
  {
    title: 'without /dev/shm arrays travel in messages',
    prepare: `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      fs.statfsSync = () => { throw Object.assign(new Error('ENOENT: statfs'), { code: 'ENOENT', errno: -2 }); };
      syncBuiltinESMExports();`,
    warnings: 0,
  },
  {
    title: 'where the system refuses memory without a name everything goes by message, with one warning',
    prepare: `
      import { native } from ${native};
      native('test').anonymous = () => { throw Object.assign(new Error('memfd_create: EPERM'), { code: 'EPERM' }); };`,
    warnings: 1,
  },
  {
    title: 'where the system refuses a pipe, too, and no descriptor is left',
    prepare: `
      import { native } from ${native};
      const system = native('test');
      const { anonymous, close } = system;
      let open = 0;
      system.anonymous = (byteLength) => { open++; return anonymous.call(system, byteLength); };
      system.close = (fd) => { open--; close(fd); };
      system.pipe = () => { throw Object.assign(new Error('pipe: EPERM'), { code: 'EPERM' }); };
      process.on('exit', () => { if (open !== 0) console.log('OPEN', open); });`,
    warnings: 1,
  },
];

for (const { title, prepare, warnings } of lacking)
  test(title, { timeout, skip: missing }, async () => {
    const code = `${prepare}
      const { processes } = await import('tutti');
      const array = new Float64Array(300_000).fill(1);
      for (let k = 0; k < 2; k++) {
        const pool = processes({ workers: 1 });
        const sum = await pool.submit((all) => all.reduce((a, b) => a + b, 0), array);
        console.log('RESULT' + (sum + await pool.submit(() => array.length)));
        await pool.close();
      }`;
    const { code: exit, out, err } = await node(['--input-type=module', '-e', code]);
    assert.equal(exit, 0, out + err);
    assert.equal(out, 'RESULT600000\nRESULT600000\n', err);
    assert.equal(err.match(/TuttiWarning/g)?.length ?? 0, warnings, err);
  });
