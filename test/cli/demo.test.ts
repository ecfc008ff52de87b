import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { datasetFolder, MissingDatasetError } from '#src/cli/demo/datasets.js';
import { runTutti } from './run-tutti.js';

const timeout = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'tutti-demo-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Json {
  ok: boolean;
  workers: number;
  machine: { node: string };
  problems: {
    name: string;
    status: string;
    rounds: number;
    serialMs: number;
    threadsMs: number;
    speedUp: number;
    efficiency: number;
    checks: { name: string; ok: boolean; tolerance: number }[];
  }[];
  files: string[];
}

test(
  'demo --json prints one JSON value, right answers for every problem, and writes its files',
  { timeout },
  async () => {
    const out = join(folder, 'json');
    const result = await runTutti(['demo', '--json', '--workers', '2', '--out', out]);
    assert.equal(result.code, 0, result.out + result.err);
    assert.equal(result.err, '');
    const json = JSON.parse(result.out) as Json;
    assert.equal(json.ok, true);
    assert.equal(json.workers, 2);
    assert.equal(json.machine.node, process.versions.node);
    assert.deepEqual(
      json.problems.map(({ name, status }) => [name, status]),
      ['flights', 'words', 'ep', 'nbody', 'mandelbrot'].map((name) => [name, 'right']),
    );
    for (const problem of json.problems) {
      assert.ok(problem.rounds >= 1 && problem.serialMs > 0 && problem.threadsMs > 0, problem.name);
      assert.equal(problem.speedUp, problem.serialMs / problem.threadsMs);
      assert.equal(problem.efficiency, problem.speedUp / 2);
      assert.ok(problem.checks.length >= 2 && problem.checks.every((check) => check.ok), problem.name);
    }
    assert.deepEqual(
      json.files.map((file) => basename(file)),
      ['tutti-demo.html', 'mandelbrot.png'],
    );
    assert.equal(readFileSync(json.files[1]!).toString('latin1', 1, 4), 'PNG');
    checkReport(readFileSync(json.files[0]!, 'utf8'));
  },
);

/** The report stands alone and its tags are balanced. */
function checkReport(html: string): void {
  assert.doesNotMatch(html, /(?:src|href)="(?!data:image\/png;base64,|#)/);
  assert.doesNotMatch(html, /<script|@import|url\(/);
  assert.doesNotMatch(html, /\b(?:NaN|undefined|Infinity|\[object)\b/);
  assert.match(html, /prefers-color-scheme: dark/);
  const open: string[] = [];
  for (const [, close, name, selfClosed] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
    if (selfClosed || ['meta', 'img'].includes(name!)) continue;
    if (close) assert.equal(open.pop(), name);
    else open.push(name!);
  }
  assert.deepEqual(open, []);
  for (const id of ['flights', 'words', 'ep', 'nbody', 'mandelbrot'])
    assert.match(html, new RegExp(`<section id="${id}">`));
  assert.equal(html.match(/<svg[ >]/g)?.length, 6);
  assert.equal(html.match(/<img /g)?.length, 1);
}

test('demo in a pipe prints a plain table: no colours, no bars', { timeout }, async () => {
  const { code, out, err } = await runTutti(['demo', '--only', 'nbody', '-w', '1', '-o', 'here'], {
    cwd: folder,
  });
  assert.equal(code, 0, out + err);
  assert.equal(err, '');
  for (const trace of ['\u001b', '\r', '█']) assert.ok(!out.includes(trace), JSON.stringify(out));
  assert.match(out, /✓ energy after 1,000 steps: −0\.169087605/);
  assert.match(out, /1 thread +speed-up +per worker +answer\nnbody +\d/);
  assert.match(out, /wrote here[/\\]tutti-demo\.html/);
  assert.doesNotMatch(out, /mandelbrot/);
});

test('a data set that is not installed is named with the command that gets it', { timeout }, () => {
  assert.throws(
    () => datasetFolder('vega-datasets', [join(folder, 'package.json')]),
    (error: unknown) =>
      error instanceof MissingDatasetError && error.install === 'npm install --save-dev vega-datasets@3.2.1',
  );
});
