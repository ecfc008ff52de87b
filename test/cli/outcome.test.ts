import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkNumber, checkSame } from '#src/cli/demo/check.js';
import {
  isWrong,
  outcomeLine,
  outcomeTable,
  toJson,
  type DemoOutcome,
  type DemoRun,
} from '#src/cli/demo/outcome.js';
import { loadNote, watchOtherLoad } from '#src/cli/demo/other-load.js';
import { renderReport } from '#src/cli/demo/report.js';
import { describeMachine } from '#src/cli/machine.js';
import type { Terminal } from '#src/cli/terminal.js';

const timeout = 10_000;
const plain: Terminal = { out: process.stdout, err: process.stderr, colour: false };

const problem = {
  name: 'p',
  title: 'P < Q',
  about: 'about',
  run: () => Promise.reject(new TypeError('not run')),
};
const outcome = (ok: boolean): DemoOutcome => ({
  kind: 'measured',
  problem,
  measured: {
    input: 'input',
    pieces: 4,
    rounds: 3,
    serialMs: 1500,
    threadsMs: 500,
    checks: [checkNumber('sum', 100, ok ? 100.5 : 102, 0.01), checkSame('all', [1, 2], [1, 2])],
    figures: [],
  },
});
const skipped: DemoOutcome = {
  kind: 'skipped',
  problem,
  reason: 'its data set d is not installed',
  install: 'npm install d',
};
const run = (...outcomes: DemoOutcome[]): DemoRun => ({
  machine: describeMachine(),
  workers: 4,
  settings: { problemClass: 'S' },
  outcomes,
  note: undefined,
});

test('a number passes within its tolerance and not beyond', { timeout }, () => {
  assert.equal(checkNumber('x', -100, -101, 0.01).ok, true);
  assert.equal(checkNumber('x', -100, -101.1, 0.01).ok, false);
  assert.equal(checkNumber('x', 1, 1 + Number.EPSILON).ok, false);
  assert.equal(checkNumber('x', 1, Number.NaN, 0.5).ok, false);
});

test('sequences are the same only with the same length and entries', { timeout }, () => {
  assert.equal(checkSame('x', [1, 2], [1, 2]).ok, true);
  assert.equal(checkSame('x', [1, 2], [1, 3]).actual, '1 differ');
  assert.equal(checkSame('x', [1, 2], [1]).ok, false);
  assert.equal(checkSame('x', [], [1]).ok, false);
});

test('the table shows times, speed-up, efficiency and the verdict', { timeout }, () => {
  const table = outcomeTable(run(outcome(true), outcome(false), skipped), plain).split('\n');
  assert.match(table[1]!, /^p +1\.50 s +500 ms +3\.00× +75% {2}✓$/);
  assert.match(table[2]!, /✗ wrong$/);
  assert.match(table[3]!, /skipped$/);
});

test('a wrong answer shows what was expected', { timeout }, () => {
  assert.match(outcomeLine(outcome(false), plain), /✗ sum: 102, expected 100 ±1e-2 relative/);
  assert.match(outcomeLine(skipped, plain), /skipped: its data set d is not installed/);
});

test('a wrong answer makes the run wrong, a skipped problem does not', { timeout }, () => {
  assert.deepEqual([outcome(true), outcome(false), skipped].map(isWrong), [false, true, false]);
  assert.equal((toJson(run(outcome(true), skipped), []) as { ok: boolean }).ok, true);
  assert.equal((toJson(run(outcome(true), outcome(false)), []) as { ok: boolean }).ok, false);
});

test('the report escapes text and shows verdicts', { timeout }, () => {
  const html = renderReport(run(outcome(false), skipped));
  assert.match(html, /P &lt; Q/);
  assert.doesNotMatch(html, /P < Q/);
  assert.match(html, /1 of 1 answers are wrong/);
  assert.match(html, /npm install d/);
});

const cores = (n: number) => ({ usableCores: n, hostCores: n });

test('a note says when there were too few cores for the workers', { timeout }, () => {
  assert.equal(loadNote(0.1, cores(2), 2), undefined);
  assert.equal(loadNote(5, cores(16), 8), undefined);
  assert.match(loadNote(1.26, cores(2), 2)!, /other programs kept 1\.3 of 2 cores busy/);
  assert.match(loadNote(0, cores(2), 8)!, /8 workers share 2 cores: the speed-up cannot pass 2×/);
});

test('the load of others is a number of cores', { timeout }, async () => {
  const stop = watchOtherLoad();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const used = stop();
  assert.ok(used >= 0 && used <= describeMachine().hostCores + 1, String(used));
});
