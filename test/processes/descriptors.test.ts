/** Pools that nobody closed leave no file descriptor. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { nativeProblem } from '#src/memory/native.js';
import { root } from '../root.ts';
import { onLinux, timeout } from './modes.ts';

const options = { timeout, skip: nativeProblem('this test')?.message ?? onLinux.skip };

/** Runs `body` in a program of its own, where nobody else opens and closes descriptors; what it is left with. */
function descriptorsLeft(body: string): { before: number; after: number } {
  const code = `
    import { readdirSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { processes } from 'tutti';
    const count = () => readdirSync('/proc/self/fd').length;
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const pool = processes({ workers: 1 });
    await pool.submit(() => 1);
    await pool.close();
    await sleep(20);
    const before = count();
    ${body}
    for (let k = 0; k < 100 && count() > before; k++) {
      gc();
      await sleep(20);
    }
    console.log(JSON.stringify({ before, after: count() }));
    process.exit();`;
  const args = ['--expose-gc', '--input-type=module', '-e', code];
  const out = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 20_000 });
  return JSON.parse(out) as { before: number; after: number };
}

test('pools that are dropped leave no file descriptor', options, () => {
  const { before, after } = descriptorsLeft(`
    (() => { for (let k = 0; k < 5; k++) processes({ workers: 1 }); })();
    if (count() < before + 15) throw new RangeError('they have none');`);
  assert.ok(after <= before, `${after} after ${before}`);
});

test('threads that end with open pools leave no file descriptor', options, () => {
  const { before, after } = descriptorsLeft(`
    for (const last of ['', 'process.exit();']) {
      const worker = new Worker(\`
        import('tutti').then(async ({ processes }) => {
          globalThis.pools = [processes({ workers: 1 }), processes({ workers: 1 })];
          await pools[0].submit(() => 1);
          \${last}
        });\`, { eval: true });
      await new Promise((resolve) => worker.once('exit', resolve));
    }`);
  assert.ok(after <= before, `${after} after ${before}`);
});
