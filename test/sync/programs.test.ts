/** Programs of their own: what a main thread may do, and TUTTI_DEBUG=sync. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { missing } from '../memory/mapped.ts';
import { fromRoot } from '../root.ts';
import { assertNoLeaks } from '../leaks.ts';

after(assertNoLeaks);
const limit = { timeout: 120_000 };

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program of `fixtures`; `onError` sees what it has written to its error stream so far, and may write to it. */
async function run(
  name: string,
  args: readonly string[],
  debug: string,
  onError?: (err: string, say: (text: string) => void) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [fromRoot('test/sync/fixtures', name), ...args], {
    env: { ...process.env, TUTTI_DEBUG: debug },
    stdio: 'pipe',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 100_000);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    onError?.(err, (answer) => void child.stdin.end(answer));
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearTimeout(timer);
  return { code, out, err };
}

for (const across of ['threads', 'processes']) {
  const options = { ...limit, skip: across === 'processes' ? missing : false };

  test(
    `TUTTI_DEBUG=sync: one of two that wait for each other gets a DeadlockError (${across})`,
    options,
    async () => {
      const { code, out, err } = await run('circle.mjs', [across], 'sync');
      assert.equal(code, 0, out + err);
      const results = JSON.parse(out) as ('both' | { deadlock: boolean; message: string; waits: string[] })[];
      const failed = results.filter((one) => one !== 'both');
      assert.equal(failed.length, 1, out);
      const [{ deadlock, message, waits }] = failed as [Exclude<(typeof results)[number], 'both'>];
      assert.equal(deadlock, true, message);
      assert.match(message, /deadlock: 2 threads wait for each other in a circle/);
      assert.equal(waits.length, 2);
      const text = waits.join('\n');
      for (const name of ['first', 'second']) {
        assert.match(text, new RegExp(`waits for Mutex "${name}"`));
        assert.match(text, new RegExp(`holds Mutex "${name}", taken`));
      }
      for (const wait of waits) {
        // Both where it waits and where it took what it holds, in the program's own file.
        assert.ok((wait.match(/circle\.mjs:\d+/g) ?? []).length >= 2, wait);
        assert.match(
          wait,
          across === 'threads' ? /^thread \d+ waits/ : /of process \d+ waits|^the main thread waits/,
        );
      }
      assert.equal(new Set(waits.map((wait) => wait.split(' waits')[0])).size, 2);
    },
  );

  test(
    `TUTTI_DEBUG=sync: a busy program without a deadlock runs as without it (${across})`,
    options,
    async () => {
      const { code, out, err } = await run('busy.mjs', [across], 'sync');
      assert.deepEqual([code, out.trim()], [0, '450'], err);
      assert.doesNotMatch(err, /deadlock/i);
    },
  );
}

test('TUTTI_DEBUG=sync: who waits for 5 s is reported while it waits', limit, async () => {
  let told = false;
  const { code, out, err } = await run('long.mjs', [], 'sync', (text, say) => {
    if (told || !/TUTTI_LONG_WAIT.*\n/.test(text)) return;
    told = true;
    say('go on\n');
  });
  assert.deepEqual([code, out.trim()], [0, 'got it'], err);
  assert.match(err, /thread \d+ has waited for 5 s: waits for Mutex "slow"/);
  assert.match(err, /long\.mjs:\d+/);
  assert.match(err, /the main thread holds it/);
  assert.equal(err.match(/TUTTI_LONG_WAIT/g)?.length, 1);
});

test('a thread that would wait for itself is told, without TUTTI_DEBUG', limit, async () => {
  const { code, out, err } = await run('itself.mjs', [], '');
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out), [
    'DeadlockError: cannot lock Mutex "mine"',
    'DeadlockError: cannot lock RwLock "ours" to write',
    'false,false',
  ]);
});

test('a main thread is refused only where it would wait; allowBlocking() lets it', limit, async () => {
  const { code, out, err } = await run('blocking.mjs', [], '');
  assert.equal(code, 0, err);
  const no = 'WouldBlockError';
  assert.deepEqual(out.trim().split('\n'), [
    [...Array(9).fill(no), ...Array(5).fill('went on')].join(),
    'true,true,true,true,1,2,3,4,true',
    'done',
    'AbandonedError true',
    'WorkerCrashedError',
  ]);
});
