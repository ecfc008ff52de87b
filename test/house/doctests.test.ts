import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fromRoot } from '../root.ts';

interface Example {
  readonly name: string;
  readonly line: number;
  readonly code: string;
}

const { examplesOfSource, examplesOfMarkdown, testOfExample } = (await import(
  pathToFileURL(fromRoot('scripts/doctests.mjs')).href
)) as {
  examplesOfSource(text: string): Example[];
  examplesOfMarkdown(text: string): Example[];
  testOfExample(example: Example, file: string): { text: string; problems: string[] };
};

const options = { timeout: 60_000 };
const fence = '```';

/** Runs the test that an example becomes; the example must be plain JavaScript. */
function run(code: string): { passed: boolean; output: string } {
  const { text, problems } = testOfExample({ name: 'subject', line: 10, code }, 'src/a/b.ts');
  assert.deepEqual(problems, []);
  const folder = mkdtempSync(join(tmpdir(), 'tutti-doctest-'));
  try {
    copyFileSync(fromRoot('scripts/doctest-harness.mjs'), join(folder, 'doctest-harness.mjs'));
    writeFileSync(join(folder, 'example.mjs'), text);
    const env = { ...process.env };
    delete env['NODE_TEST_CONTEXT']; // it would make the inner run report to the outer one
    const { status, stdout } = spawnSync(process.execPath, [join(folder, 'example.mjs')], {
      encoding: 'utf8',
      env,
      timeout: 30_000,
    });
    return { passed: status === 0, output: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('doctests: examples are found with the name and line of what they belong to', options, () => {
  const source = [
    '/** Not an example.', //                 1
    ' * ```ts', //                            2
    ' * no(); // => 1', //                    3
    ' * ```', //                              4
    ' */', //                                 5
    'export const a = 1;', //                 6
    '/**', //                                 7
    ' * Adds.', //                            8
    ' * @example', //                         9
    ' * ```ts', //                           10
    ' * add(1, 2); // => 3', //              11
    ' * ```', //                             12
    ' * Text between.', //                   13
    ' * ```ts', //                           14
    ' * add(', //                            15
    ' *   2, /* two *\\/', //                16
    ' *   3,', //                            17
    ' * ); // => 5', //                      18
    ' * ```', //                             19
    ' * ```sh', //                           20
    ' * npm install', //                     21
    ' * ```', //                             22
    ' * @returns', //                        23
    ' * ```ts', //                           24
    ' * no();', //                           25
    ' * ```', //                             26
    ' */', //                                27
    'export async function add(a: number, b: number) {}', // 28
    'class C {', //                          29
    '  /**', //                              30
    '   * @example', //                      31
    '   * ```ts', //                         32
    '   * m();', //                          33
    '   * ```', //                           34
    '   */', //                              35
    '  async m<T>(x: T) {}', //              36
    '}', //                                  37
  ].join('\n');
  assert.deepEqual(examplesOfSource(source), [
    { name: 'add', line: 11, code: 'add(1, 2); // => 3\n' },
    { name: 'add', line: 15, code: 'add(\n  2, /* two */\n  3,\n); // => 5\n' },
    { name: 'm', line: 33, code: 'm();\n' },
  ]);
});

test('doctests: blocks of Markdown count when they promise a value', options, () => {
  const text = `# T\n${fence}ts\na; // => 1\n${fence}\n${fence}ts\nb;\n${fence}\n${fence}js\nc; // => 1\n${fence}\n`;
  assert.deepEqual(examplesOfMarkdown(text), [{ name: 'example', line: 3, code: 'a; // => 1\n' }]);
});

test('doctests: a line keeps its number', options, () => {
  const example = { name: 'f', line: 20, code: "import a from 'a';\n\na(\n  1,\n); // => 2\n" };
  const { text } = testOfExample(example, 'src/a.ts');
  const lines = text.split('\n');
  assert.match(lines[19]!, /^import a from 'a';/);
  assert.match(lines[21]!, /^equal\$\(\(a\($/);
  assert.match(lines[23]!, /"src\/a\.ts:24"/);
});

test('doctests: values of expressions, variables and several lines are compared', options, () => {
  const { passed, output } = run(`
const xs = [1, 2].map((x) => {
  return x * 2;
});
xs; // => [2, 4]
const y = await Promise.resolve('a'); // => 'a'
let z = new Map([[1, 'one']]); // => new Map([[1, 'one']])
for (const x of xs) {
  x > 1; // => true
}
[y].concat(
  'b',
  z.get(1),
); // => ['a', 'b', 'one']
console.log(y); // => 'a'
if (y === 'a') {
  z = undefined;
}
z; // => undefined
const s = '// => 1';
s.length; // => 7
`);
  assert.ok(passed, output);
});

test('doctests: promised errors are compared by class and the beginning of the message', options, () => {
  const { passed, output } = run(`
JSON.parse('{'); // throws SyntaxError
await Promise.reject(new RangeError('no such thing')); // rejects RangeError: no such …
const never = null.x; // throws TypeError: Cannot read
`);
  assert.ok(passed, output);
});

for (const [what, code, message] of [
  ['another value', '1 + 1; // => 3', /example at src\/a\/b\.ts:10: .*strictly/s],
  ['another variable', "\nconst a = 'x'; // => 'y'", /example at src\/a\/b\.ts:11/],
  ['another prototype', 'Object.create(null); // => {}', /example at src\/a\/b\.ts:10/],
  ['no error', '1; // throws TypeError', /src\/a\/b\.ts:10: expected TypeError, nothing was thrown/],
  ['another error', "JSON.parse('{'); // throws RangeError", /expected a RangeError, got SyntaxError/],
  ['another message', 'null.x; // throws TypeError: nothing', /expected "nothing", got "Cannot read/],
] as const) {
  test(`doctests: ${what} fails and names the place`, options, () => {
    const { passed, output } = run(code);
    assert.equal(passed, false, output);
    assert.match(output, message);
  });
}

test('doctests: a promise that cannot be checked is reported', options, () => {
  const problems = (code: string): string[] =>
    testOfExample({ name: 'f', line: 1, code }, 'src/a.ts').problems;
  assert.match(problems('f() // => 1')[0]!, /src\/a\.ts:1: .*semicolon/);
  assert.match(problems('const { a } = f(); // => 1')[0]!, /cannot check a pattern/);
});
