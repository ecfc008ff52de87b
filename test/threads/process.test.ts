import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { threads } from 'tutti';
import { upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { fromRoot, root } from '../root.ts';

const timeout = 30_000;
after(assertNoLeaks);

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Runs a program in a process of its own, in the repository so that `tutti` is this package. */
async function run(code: string, flags: readonly string[] = []): Promise<Ended> {
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', code], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out += text));
  const ended = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code: ended, out: out.trim() };
}

test('a process with an idle default executor ends by itself', { timeout }, async () => {
  const { code, out } = await run(`
    import { map, submitSync } from 'tutti';
    const factor = 2;
    console.log(submitSync((x) => x + 1, 1), ...(await map([1, 2, 3], (x) => x * factor)));`);
  assert.deepEqual({ code, out }, { code: 0, out: '2 2 4 6' });
});

test('a process with an idle pool that nobody closed ends by itself', { timeout }, async () => {
  const { code, out } = await run(`
    import { threads } from 'tutti';
    const pool = threads({ workers: 2, maxWorkerMemory: 2 ** 30, idleTimeoutMs: 600_000 });
    const ids = await pool.broadcast(() => 0);
    console.log(ids.length);`);
  assert.deepEqual({ code, out }, { code: 0, out: '2' });
});

test('a process stays while tasks, retries, streams or broadcasts are under way', { timeout }, async () => {
  const later = 'async (x) => { await new Promise((r) => setTimeout(r, 100)); return x; }';
  const { code, out } = await run(`
    import { submit, stream, threads } from 'tutti';
    const told = (x) => console.log(x);
    submit(${later}, 'task').then(told);
    const pool = threads({ workers: 1 });
    const tries = new Int32Array(new SharedArrayBuffer(4));
    pool.with({ retries: { limit: 1, backoffMs: 50 } }).submit(() => {
      if (Atomics.add(tries, 0, 1) === 0) throw new RangeError('once');
      return 'retry';
    }).then(told);
    pool.submit(() => 0).then(() => pool.broadcast(${later}, 'broadcast')).then(told);
    (async () => { for await (const x of stream(['stream'], ${later})) told(x); })();`);
  assert.equal(code, 0, out);
  assert.deepEqual(out.split('\n').sort(), ["[ 'broadcast' ]", 'retry', 'stream', 'task']);
});

test('process.exit() in the middle of tasks ends the process', { timeout }, async () => {
  const { code } = await run(`
    import { submit } from 'tutti';
    submit(() => { for (;;); });
    setTimeout(() => process.exit(3), 300);`);
  assert.equal(code, 3);
});

test('an unhandled rejection of a task ends the process, as for any promise', { timeout }, async () => {
  const { code, out } = await run(`
    import { submit } from 'tutti';
    submit(function guilty() { throw new RangeError('nobody looks'); });`);
  assert.equal(code, 1);
  assert.match(out, /nobody looks/);
  assert.match(out, /guilty \(task #\d+/);
});

test('pools work under --inspect, with conditions, imports and source maps', { timeout }, async () => {
  const marker = "data:text/javascript,globalThis.preloaded='yes'";
  const { code, out } = await run(
    `import { submit } from 'tutti';
    const word = 'captured';
    console.log(await submit(() => word + ' ' + globalThis.preloaded));`,
    ['--inspect=0', '--enable-source-maps', '--conditions=special', '--import', marker],
  );
  assert.equal(code, 0, out);
  assert.equal(out.split('\n').at(-1), 'captured yes', out);
});

test('pools work in a program that was started with --require and in CommonJS', { timeout }, async () => {
  const child = spawn(
    process.execPath,
    [
      '-e',
      `import('tutti').then(async ({ map }) => {
        const { basename } = require('node:path');
        console.log(...(await map(['/a/b', '/c/d'], (path) => basename(path))));
      });`,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual({ code, out: out.trim() }, { code: 0, out: 'b d' });
});

test(
  'a pool inside a task gets its share of the cores, and one inside that runs inline',
  { timeout },
  async () => {
    const pool = threads({ workers: 2 });
    const tutti = pathToFileURL(fromRoot('dist/index.js')).href;
    const levels = await pool.submit(async (url: string) => {
      const { threads: open } = (await import(url)) as typeof import('tutti');
      const inner = open();
      const results = await inner.map([1, 2, 3], (x) => x * 10);
      const third = await inner.submit(async (again: string) => {
        const { threads: openAgain, context } = (await import(again)) as typeof import('tutti');
        const innermost = openAgain();
        const outcome = {
          sum: await innermost.reduce([1, 2, 3], (a, b) => a + b),
          worker: await innermost.submit(() => context().workerId),
          workers: innermost.workers,
        };
        await innermost.close();
        return outcome;
      }, url);
      const { workers } = inner;
      await inner.close();
      return { results, workers, third };
    }, tutti);
    assert.deepEqual(levels.results, [10, 20, 30]);
    assert.ok(levels.workers >= 1);
    assert.equal(levels.third.sum, 6);
    assert.equal(levels.third.worker, 0, 'the third level runs in the thread that calls');
    await pool.close();
  },
);

test('a worker that dies takes the pools opened inside it along', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  const tutti = pathToFileURL(fromRoot('dist/index.js')).href;
  const task = pool.submit(async (url: string) => {
    const { threads: open } = (await import(url)) as typeof import('tutti');
    const inner = open({ workers: 1 });
    await inner.submit(() => 1);
    void inner.submit(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.exit(1);
  }, tutti);
  await assert.rejects(task, { code: 'ERR_TUTTI_WORKER_CRASHED' });
  assert.deepEqual(await pool.map(upTo(5), (x) => x), upTo(5));
  await pool.close();
});

test('a pool works inside a worker thread of one’s own', { timeout }, async () => {
  const { out, code } = await run(`
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(
      "import('tutti').then(async ({ threads }) => { const pool = threads({ workers: 2 }); const k = 3;" +
        "console.log(...(await pool.map([1, 2], (x) => x * k)), pool.submitSync((x) => -x, 1)); await pool.close(); })",
      { eval: true },
    );
    worker.on('exit', (code) => console.log('exit', code));`);
  assert.deepEqual({ code, out }, { code: 0, out: '3 6 -1\nexit 0' });
});
