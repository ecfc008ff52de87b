import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowResults, suiteMarkdown, withSection, type Measured } from '../../bench/report.ts';
import { median, spread } from '../../bench/statistics.ts';

const timeout = 10_000;

function measured(rounds: Measured['rounds'], failures: [string, string][] = []): Measured {
  const row = {
    value: { variant: 'ours', metric: 'ms' },
    over: { variant: 'theirs', metric: 'ms' },
    unit: 'ms',
  } as const;
  return {
    name: 'sample',
    suite: {
      title: 'Sample',
      about: 'How.',
      rounds: { full: 3, quick: 1 },
      variants: {},
      rows: [
        { ...row, label: 'ours ÷ theirs', goal: { atMost: 1.5 } },
        { label: 'alone', value: row.value, goal: { atLeast: 5 }, unit: '' },
      ],
    },
    rounds,
    failures: new Map(failures),
  };
}

test('median() and spread()', { timeout }, () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
  assert.deepEqual(spread([2, 9, 4]), { median: 4, min: 2, max: 9, rounds: 3 });
});

test('ratios are taken within a round, and goals are judged by the median', { timeout }, () => {
  const rounds = [
    { ours: { ms: 2 }, theirs: { ms: 1 } },
    { ours: { ms: 40 }, theirs: { ms: 40 } },
    { ours: { ms: 6 }, theirs: { ms: 5 } },
  ];
  const [ratio, alone] = rowResults(measured(rounds));
  assert.deepEqual(ratio?.result, { median: 1.2, min: 1, max: 2, rounds: 3 });
  assert.equal(ratio?.holds, true);
  assert.equal(alone?.result?.median, 6);
  assert.equal(alone?.holds, true);
  assert.match(
    suiteMarkdown(measured(rounds)),
    /\| ours ÷ theirs \| 1\.20 \[6\.00 ms\] \| 1\.00–2\.00 \| ≤ 1\.5 \| ✓ \|/,
  );
});

test('a variant without a result is shown as a failure, not left out', { timeout }, () => {
  const text = suiteMarkdown(measured([{ theirs: { ms: 1 } }], [['ours', 'exit code 1']]));
  assert.match(text, /\| ours ÷ theirs \| no result \|  \| ≤ 1\.5 \| ✗ \|/);
  assert.match(text, /`ours` failed: exit code 1/);
});

test('a goal that is missed is marked', { timeout }, () => {
  const [ratio] = rowResults(measured([{ ours: { ms: 2 }, theirs: { ms: 1 } }]));
  assert.equal(ratio?.holds, false);
});

test('withSection() replaces its own section and keeps the others', { timeout }, () => {
  const first = withSection('# Results\n', 'Node 20', 'old');
  const both = withSection(first, 'Node 22', 'other');
  assert.equal(
    withSection(both, 'Node 20', 'new'),
    '# Results\n\n## Node 20\n\nnew\n\n## Node 22\n\nother\n',
  );
  assert.equal(
    withSection(both, 'Node 22', 'newer'),
    '# Results\n\n## Node 20\n\nold\n\n## Node 22\n\nnewer\n',
  );
});
