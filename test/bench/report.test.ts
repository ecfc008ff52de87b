import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suitePlot } from '../../bench/plot.ts';
import { rowResults, standings, suiteMarkdown, withSection, type Measured } from '../../bench/report.ts';
import { median, spread } from '../../bench/statistics.ts';
import type { Comparison } from '../../bench/suite.ts';

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
    missing: new Map(),
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

function comparing(): Measured {
  const comparison = { title: 'a < b', metric: 'ms', unit: 'ms', better: 'less', ours: 'ours' } as const;
  const base = measured([
    { ours: { ms: 2 }, theirs: { ms: 600 }, other: { us: 1 } },
    { ours: { ms: 4 }, theirs: { ms: 400 } },
  ]);
  const labels = { theirs: 'Theirs', ours: 'Ours', other: 'Other' };
  return {
    ...base,
    suite: { ...base.suite, comparisons: [{ ...comparison, labels }] },
    missing: new Map([
      ['gone', 'needs cc'],
      ['gone too', 'needs cc'],
    ]),
  };
}

test('standings: the best first, ratios to ours within a round, none who gave no number', { timeout }, () => {
  const all = comparing();
  const found = standings(all, all.suite.comparisons?.[0] as Comparison);
  assert.deepEqual(
    found.map(({ variant, result, ratio }) => [variant, result.median, ratio]),
    [
      ['ours', 3, 1],
      ['theirs', 500, 200],
    ],
  );
  const text = suiteMarkdown(all, 'plots/x.svg');
  assert.match(text, /\| Theirs \| 500 ms \| 400–600 \| 200 \|/);
  assert.match(text, /Skipped: `gone`, `gone too`: needs cc/);
  assert.match(text, /!\[Sample\]\(plots\/x\.svg\)/);
});

test('a row over the best of several takes the best of each round', { timeout }, () => {
  const over = { bestOf: ['theirs', 'other'], metric: 'ms' } as const;
  const value = { variant: 'ours', metric: 'ms' } as const;
  const base = measured([{ ours: { ms: 12 }, theirs: { ms: 2 }, other: { ms: 3 } }]);
  const rows = [
    { label: 'rate', value, over, unit: '', goal: { atLeast: 1 } },
    { label: 'time', value, over, unit: '', goal: { atMost: 1 } },
  ] as const;
  const results = rowResults({ ...base, suite: { ...base.suite, rows } });
  assert.deepEqual(
    results.map(({ result }) => result?.median),
    [4, 6],
  );
});

test(
  'a plot has a bar per contender, is logarithmic where numbers span decades, and escapes labels',
  { timeout },
  () => {
    const svg = suitePlot(comparing()) ?? '';
    assert.equal(svg.match(/<rect class="(?:bar|ours)"/g)?.length, 2);
    assert.match(svg, /logarithmic/);
    assert.match(svg, /a &lt; b/);
    assert.doesNotMatch(svg, /NaN|Infinity/);
    assert.equal(suitePlot(measured([])), undefined);
  },
);
