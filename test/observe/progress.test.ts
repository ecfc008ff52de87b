import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressBar, progressLine } from '#src/observe/progress.js';

const timeout = 10_000;

/** A terminal that remembers what was written, and a clock that is set by hand. */
function fakeTerminal(columns: number, isTTY = true) {
  const written: string[] = [];
  const clock = { time: 0 };
  return {
    written,
    clock,
    now: () => clock.time,
    stream: { isTTY, columns, write: (text: string) => written.push(text) },
  };
}

/** What a person sees: no control sequences. */
// oxlint-disable-next-line no-control-regex -- the escape character is what it is about
const visible = (text: string): string => text.replace(/\u001b\[[\d;]*[A-Za-z]/g, '').replaceAll('\r', '');

test('a bar shows share, count, rate and time left', { timeout }, () => {
  const { written, clock, now, stream } = fakeTerminal(100);
  const bar = progressBar('rows', stream, { now, unit: 'rows' });
  clock.time = 1000;
  bar({ completed: 500, total: 2000 });
  const line = visible(written.at(-1)!);
  assert.match(line, /^rows █+/);
  assert.match(line, / 25% {2}500\/2,000 {2}500 rows\/s {2}3\.0 s left$/);
  const cells = /[█▏▎▍▌▋▊▉░]+/.exec(line)![0];
  assert.equal(cells.length, 40);
  assert.equal(cells.replaceAll('░', '').length, 10);
});

test('the last drawing is full and says how long it took', { timeout }, () => {
  const { written, clock, now, stream } = fakeTerminal(100);
  const bar = progressBar('rows', stream, { now });
  clock.time = 10;
  bar({ completed: 1, total: 3 });
  bar({ completed: 2, total: 3 });
  clock.time = 3000;
  bar({ completed: 3, total: 3 });
  assert.equal(written.length, 2); // the second came within the interval
  assert.match(visible(written[1]!), /100% {2}3\/3 {2}1\.0 items\/s {2}3\.0 s$/);
  assert.doesNotMatch(written[1]!, /░/);
});

test('a line is never wider than the terminal, whatever the label', { timeout }, () => {
  for (let width = 1; width < 130; width++) {
    for (const label of ['ep', 'a label that is rather too long for a narrow terminal']) {
      for (const total of [undefined, 0, 12_345_678]) {
        const line = progressLine(
          label,
          { completed: total ?? 99, total },
          { elapsedMs: 4_000_000, width, unit: 'items', colour: true },
        );
        assert.ok(visible(line).length <= Math.max(width, 4), `${width} columns: ${visible(line)}`);
      }
    }
  }
});

test('an unknown total is counted without a bar', { timeout }, () => {
  const line = progressLine(
    'files',
    { completed: 1500, total: undefined },
    { elapsedMs: 1000, width: 80, unit: 'files', colour: false },
  );
  assert.equal(line, 'files  1,500 files  1500 files/s');
});

test('nothing is written when the stream is not a terminal', { timeout }, () => {
  const { written, stream } = fakeTerminal(80, false);
  const bar = progressBar('rows', stream);
  bar({ completed: 1, total: 1 });
  bar.stop();
  assert.deepEqual(written, []);
});

test('stop() clears the line, and later reports draw nothing', { timeout }, () => {
  const { written, stream } = fakeTerminal(80);
  const bar = progressBar('rows', stream);
  bar({ completed: 1, total: 2 });
  bar.stop();
  bar.stop();
  bar({ completed: 2, total: 2 });
  assert.equal(written.length, 2);
  assert.equal(written[1], '\r\u001b[K');
});

test('NO_COLOR takes the colours away', { timeout }, () => {
  const before = process.env['NO_COLOR'];
  process.env['NO_COLOR'] = '1';
  try {
    const { written, stream } = fakeTerminal(80);
    progressBar('rows', stream)({ completed: 1, total: 1 });
    assert.doesNotMatch(written[0]!, /\[36m/);
    assert.match(written[0]!, /█/);
  } finally {
    if (before === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = before;
  }
});
