import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fromRoot } from '../root.ts';

interface Folder {
  readonly floor: number;
  readonly files: number;
  readonly lines: number;
  readonly imports: ReadonlySet<string>;
}

const { checkFloors, floorsTable } = (await import(pathToFileURL(fromRoot('scripts/floors.mjs')).href)) as {
  checkFloors(source: string): { problems: string[]; folders: Map<string, Folder> };
  floorsTable(folders: Map<string, Folder>): string;
};

const options = { timeout: 10_000 };

/** Checks a source tree of these files and removes it again. */
function check(files: Record<string, string>): { problems: string[]; folders: Map<string, Folder> } {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-floors-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'src', name)), { recursive: true });
      writeFileSync(join(folder, 'src', name), text);
    }
    return checkFloors(join(folder, 'src'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('floors: imports of lower floors, of the own folder and of packages pass', options, () => {
  const { problems, folders } = check({
    'index.ts': "export { run } from './executor/index.ts';\n",
    'base/errors.ts': "import { inspect } from 'node:util';\nexport const show = inspect;\n",
    'executor/index.ts': "export { run } from './run.ts';\n",
    'executor/run.ts': "import { show } from '../base/errors.ts';\nexport const run = show;\n",
  });
  assert.deepEqual(problems, []);
  assert.deepEqual([...folders.get('executor')!.imports], ['base']);
  assert.equal(folders.get('executor')!.files, 2);
  assert.equal(folders.get('executor')!.lines, 3);
});

test('floors: an upward import is named with file, line and both floors', options, () => {
  const { problems } = check({
    'base/errors.ts': "// why\nimport { map } from '../executor/map.ts';\nexport { map };\n",
    'executor/map.ts': 'export const map = 1;\n',
  });
  assert.equal(problems.length, 1);
  assert.match(
    problems[0]!,
    /^src\/base\/errors\.ts:2: upward import: base \(floor 0\) imports executor \(floor 3\)/,
  );
});

for (const [form, text] of Object.entries({
  'a type-only import': "import type { Buffer } from '../memory/buffer.ts';",
  'an import over several lines': "import {\n  buffer,\n} from '../memory/buffer.ts';",
  'a re-export': "export * from '../memory/buffer.ts';",
  'an import for its effects': "import '../memory/buffer.ts';",
  'a dynamic import': "export const load = () => import('../memory/buffer.ts');",
  'a type by import()': "export type B = import('../memory/buffer.ts').Buffer;",
  'the URL of a worker': "export const url = new URL('../memory/buffer.js', import.meta.url);",
})) {
  test(`floors: a sideways import is found in the form of ${form}`, options, () => {
    const { problems } = check({
      'codec/frame.ts': `${text}\n`,
      'memory/buffer.ts': 'export const buffer = 1;\nexport type Buffer = number;\n',
    });
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0]!, /sideways import: codec \(floor 1\) imports memory \(floor 1\)/);
  });
}

test('floors: imports in comments, strings, templates and regular expressions do not count', options, () => {
  const { problems } = check({
    'base/text.ts': [
      "// import { map } from '../executor/map.ts';",
      "/** @example import { map } from '../executor/map.ts'; */",
      'export const a = "import { map } from \'../executor/map.ts\'";',
      "export const b = `import { map } from '../executor/map.ts'; ${`import('../executor/map.ts')`}`;",
      "export const c = /import { map } from '..\\/executor/.test(a) ? 4 / 2 : 1;",
    ].join('\n'),
    'executor/map.ts': 'export const map = 1;\n',
  });
  assert.deepEqual(problems, []);
});

test('floors: an import in a substitution of a template counts', options, () => {
  const { problems } = check({
    'base/text.ts': "export const b = `${await import('../executor/map.ts')} ${{ a: 1 }.a}`;\n",
    'executor/map.ts': 'export const map = 1;\n',
  });
  assert.equal(problems.length, 1);
});

test('floors: a folder without a floor fails', options, () => {
  const { problems } = check({ 'helpers/misc.ts': 'export const x = 1;\n' });
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /the folder helpers has no floor/);
});

test(
  'floors: the root entry imports floors up to 5, and only floors above it import the entry',
  options,
  () => {
    const { problems } = check({
      'index.ts': "export { trace } from './observe/trace.ts';\n",
      'observe/trace.ts': 'export const trace = 1;\n',
      'cli/main.ts': "import { trace } from '../index.ts';\nexport { trace };\n",
      'base/all.ts': "export type { trace } from '../index.ts';\n",
    });
    assert.equal(problems.length, 2, problems.join('\n'));
    assert.match(problems.join('\n'), /src\/index\.ts:1: upward import/);
    assert.match(problems.join('\n'), /src\/base\/all\.ts:1: upward import/);
  },
);

test(
  "floors: importing the own folder's index.ts, the package by name or what is outside src fails",
  options,
  () => {
    const { problems } = check({
      'base/index.ts': 'export const x = 1;\n',
      'base/a.ts': "import { x } from './index.ts';\nexport { x };\n",
      'base/b.ts': "export { map } from 'tutti';\n",
      'base/c.ts': "export { root } from '../../test/root.ts';\n",
      'base/d.ts': "export const url = new URL('../../package.json', import.meta.url);\n",
      'base/e.ts': "export const here = new URL('.', import.meta.url);\n",
    });
    assert.equal(problems.length, 3, problems.join('\n'));
    assert.match(problems.join('\n'), /a\.ts:1: imports its own folder's index\.ts/);
    assert.match(problems.join('\n'), /b\.ts:1: imports tutti/);
    assert.match(problems.join('\n'), /c\.ts:1: imports .* outside src/);
  },
);

test('floors: a cycle of files is shown as a path', options, () => {
  const { problems } = check({
    'base/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
    'base/b.ts': "import { c } from './c.ts';\nexport const b = c;\n",
    'base/c.ts': "import { a } from './a.ts';\nexport const c = a;\n",
  });
  assert.deepEqual(problems, ['import cycle: src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts']);
});

test('floors: types, import() and the URLs of workers close no cycle', options, () => {
  const { problems } = check({
    'base/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
    'base/b.ts':
      "import type { A } from './a.ts';\nexport const a = () => import('./a.ts');\n" +
      "export const b = new URL('./a.js', import.meta.url);\n",
  });
  assert.deepEqual(problems, []);
});

test('floors: the table lists folders from the lowest floor up, with what they import', options, () => {
  const { folders } = check({
    'index.ts': "export { a } from './executor/a.ts';\n",
    'executor/a.ts': "export { b as a } from '../base/b.ts';\n",
    'base/b.ts': 'export const b = 1;\n\n',
  });
  assert.equal(
    floorsTable(folders),
    [
      'floor  folder     files  lines  imports',
      '    0  base           1      2  –',
      '    3  executor       1      1  base',
      '   >5  (entries)      1      1  executor',
    ].join('\n'),
  );
});

test('floors: the sources of this repository pass', options, () => {
  assert.deepEqual(checkFloors(fromRoot('src')).problems, []);
});
