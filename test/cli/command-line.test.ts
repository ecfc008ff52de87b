import assert from 'node:assert/strict';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../root.js';
import { runTutti } from './run-tutti.js';

const timeout = 60_000;

const refused: readonly [args: string[], message: RegExp][] = [
  [['demo', '--wrokers', '2'], /there is no flag --wrokers\. Did you mean --workers\?[^]*--only names/],
  [['demo', '--zzzzzzzz'], /there is no flag --zzzzzzzz\.\nFlags of tutti demo:[^]*--json/],
  [['demo', '-x'], /there is no flag -x/],
  [['demo', '--only'], /--only/],
  [['demo', '--only', 'epp'], /there is no problem epp\. Did you mean ep\?\nProblems: flights, words/],
  [['demo', '--only', ','], /--only takes names of problems/],
  [['demo', '--workers', 'two'], /--workers takes a whole number of at least 1, not "two"/],
  [['demo', '--workers', '0'], /not "0"/],
  [['demo', '--workers', '1.5'], /not "1.5"/],
  [['demo', '--workers', '99999'], /--workers goes up to 1024/],
  [['demo', '--class', 'Q'], /--class knows S, W, A; not "Q"/],
  [['demo', '--json=yes'], /--json/],
  [['demo', 'ep'], /ep/],
  [['info', '--jsn'], /Did you mean --json\?/],
  [['dmeo'], /there is no command dmeo\. Did you mean demo\?/],
  [['--verison'], /there is no flag --verison/],
  [['help', 'nothing-like-it'], /there is no command nothing-like-it\.\nCommands: demo, info/],
];
for (const [args, message] of refused) {
  test(`tutti ${args.join(' ')} is refused with exit code 2 and no stack`, { timeout }, async () => {
    const { code, out, err } = await runTutti(args);
    assert.equal(code, 2, err);
    assert.match(err, message);
    assert.doesNotMatch(err, /\n\s+at |node:internal/);
    assert.equal(out, '');
  });
}

test(
  'an output folder that cannot be made ends with a message, exit code 1 and no stack',
  { timeout },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tutti-cli-'));
    try {
      const file = join(folder, 'taken');
      writeFileSync(file, '');
      const { code, err } = await runTutti(['demo', '--only', 'ep', '--out', join(file, 'out')]);
      assert.equal(code, 1, err);
      assert.match(err, /ENOTDIR|EEXIST|ENOENT/);
      assert.doesNotMatch(err, /\n\s+at /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('help and version', { timeout }, async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  for (const args of [['--version'], ['-v']]) assert.equal((await runTutti(args)).out, `${version}\n`);
  for (const args of [[], ['help'], ['--help']]) {
    const { code, out } = await runTutti(args);
    assert.equal(code, 0);
    assert.match(out, /tutti demo +run known problems/);
    assert.match(out, /tutti info/);
  }
  for (const args of [
    ['help', 'demo'],
    ['demo', '--help'],
    ['demo', '-h'],
  ]) {
    assert.match((await runTutti(args)).out, /-w, --workers n +number of workers/);
  }
});

test('info says what the machine has, for people and for programs', { timeout }, async () => {
  const { code, out } = await runTutti(['info', '--json']);
  assert.equal(code, 0);
  const machine = JSON.parse(out) as Record<string, unknown>;
  assert.equal(machine['node'], process.versions.node);
  assert.ok(Number.isInteger(machine['usableCores']) && (machine['usableCores'] as number) >= 1);
  const text = (await runTutti(['info'])).out;
  assert.match(text, new RegExp(`usable cores +${machine['usableCores'] as number}\\b`));
  assert.match(text, /across processes +memory is shared/);
  assert.ok(!text.includes('\u001b'));
});
