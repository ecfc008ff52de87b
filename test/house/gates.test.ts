import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fromRoot } from '../root.ts';

const { checkFile } = (await import(pathToFileURL(fromRoot('scripts/gates.mjs')).href)) as {
  checkFile(path: string, text: string): { problems: string[]; warnings: string[] };
};

const options = { timeout: 10_000 };
const problemsOf = (path: string, text: string): string[] => checkFile(path, text).problems;

test('gates: an empty catch fails, one that says why there is nothing to do passes', options, () => {
  assert.match(problemsOf('src/a/b.ts', 'try {\n  f();\n} catch {}\n')[0]!, /^src\/a\/b\.ts:3: catch \{\}: /);
  assert.equal(problemsOf('src/a/b.ts', 'try { f(); } catch (error) {\n\n}').length, 1);
  assert.deepEqual(problemsOf('src/a/b.ts', 'try { f(); } catch {\n  // gone already\n}'), []);
});

test('gates: throw new Error fails in src and passes in tests, comments and strings', options, () => {
  assert.match(problemsOf('src/a/b.ts', "throw new Error('x');")[0]!, /subclass of TuttiError/);
  assert.deepEqual(problemsOf('test/a.test.ts', "throw new Error('x');"), []);
  assert.deepEqual(
    problemsOf('src/a/b.ts', "// throw new Error('x')\nconst s = \"throw new Error('x')\";"),
    [],
  );
  assert.deepEqual(problemsOf('src/a/b.ts', "throw new TypeError('x');"), []);
});

test('gates: process.env is read in src/base only', options, () => {
  assert.equal(problemsOf('src/threads/pool.ts', 'const e = process.env.HOME;').length, 1);
  assert.deepEqual(problemsOf('src/base/machine.ts', 'const e = process.env.HOME;'), []);
});

test('gates: @ts-ignore and a forgotten only fail', options, () => {
  assert.equal(problemsOf('src/a/b.ts', '// @ts-ignore\nf();').length, 1);
  assert.equal(problemsOf('test/a.test.ts', "test.only('x', () => {});").length, 1);
  assert.equal(problemsOf('test/a.test.ts', "test('x', { only: true }, () => {});").length, 1);
});

test(
  'gates: past 400 lines a file is asked about, past 800 it fails, a generated one passes',
  options,
  () => {
    const lines = (count: number): string => 'f();\n'.repeat(count);
    assert.deepEqual(checkFile('src/a.ts', lines(400)), { problems: [], warnings: [] });
    assert.equal(checkFile('src/a.ts', lines(401)).warnings.length, 1);
    assert.deepEqual(problemsOf('src/a.ts', lines(800)), []);
    assert.equal(problemsOf('src/a.ts', lines(801)).length, 1);
    assert.deepEqual(checkFile('src/a.ts', `// @generated\n${lines(900)}`), { problems: [], warnings: [] });
  },
);
