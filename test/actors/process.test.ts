/** What actors mean for the life of the process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { assertNoLeaks } from '../leaks.ts';
import { fromRoot } from '../root.ts';

after(assertNoLeaks);

for (const kind of ['threads', 'processes']) {
  test(`${kind}: a call keeps the process alive, an actor does not`, { timeout: 30_000 }, () => {
    const program = fromRoot('test', 'actors', 'fixtures', 'alive.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, kind], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'worked\n', stderr: '' });
  });

  test(`${kind}: an error that nobody handles ends the process, actors or not`, { timeout: 30_000 }, () => {
    const program = fromRoot('test', 'actors', 'fixtures', 'alive.mjs');
    const run = spawnSync(process.execPath, [program, kind, 'uncaught'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(run.status, 1);
    assert.match(run.stderr, /TaskTimeoutError: Slow\.deaf/);
  });
}
