import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fromRoot } from '../root.ts';
import { ended, lineOf, notLinux, program } from '../memory/mapped.ts';

const options = { timeout: 60_000, skip: notLinux };

interface LeftBehind {
  readonly RUN_VARIABLE: string;
  segmentNames(): Set<string>;
  leftBehind(before: ReadonlySet<string>, run: string, waitMs: number): string[];
}
const script = pathToFileURL(fromRoot('scripts', 'left-behind.mjs')).href;
const { RUN_VARIABLE, segmentNames, leftBehind } = (await import(script)) as LeftBehind;

test('shared memory that nobody looks after is reported by name', options, () => {
  const before = segmentNames();
  const name = `tutti-nobody0000${process.pid}`;
  writeFileSync(`/dev/shm/${name}`, 'x');
  try {
    assert.ok(leftBehind(before, 'this run', 0).includes(`/dev/shm/${name} was left`));
    assert.ok(!leftBehind(segmentNames(), 'this run', 0).join().includes(name), 'it was there before');
  } finally {
    rmSync(`/dev/shm/${name}`);
  }
  assert.ok(!leftBehind(before, 'this run', 0).join().includes(name));
});

test(
  'a tracker of the run that does not end is reported with its process, one of others is not',
  options,
  async () => {
    const before = segmentNames();
    const child = program(
      `const made = segment(10); console.log('NAME', made.name); process.once('disconnect', () => process.exit());`,
      { [RUN_VARIABLE]: 'a run' },
    );
    const name = await lineOf(child, 'NAME');
    const id = name.slice(6, 16);
    // It has its title a moment after it was started.
    let problems: string[];
    do problems = leftBehind(before, 'a run', 0);
    while (!problems.some((line) => line.startsWith(`the tracker ${id} still runs (process `)));
    assert.ok(problems.includes(`/dev/shm/${name} was left`));
    assert.ok(!leftBehind(before, 'another run', 0).join().includes(id));
    child.disconnect();
    await ended(child);
    assert.deepEqual(leftBehind(before, 'a run', 10_000), []);
    assert.equal(existsSync(`/dev/shm/${name}`), false);
  },
);
