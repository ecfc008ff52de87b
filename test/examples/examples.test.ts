/** Every example prints what its last comment says, compiled and, on a few of them, as TypeScript right away. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { fromRoot } from '../root.ts';

const exec = promisify(execFile);

/** Limit of one run; a machine under full load takes many times as long as an idle one. */
const RUN_MS = 90_000;

/** Examples run as they are written: imports, helpers, classes and shared memory captured from stripped TypeScript. */
const NATIVE = ['01', '04', '08', '09', '10', '13', '15', '19', '26', '27', '45', '50', '55', '57'];

const MARK = '\n// expected output:\n';
const folder = fromRoot('examples');
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));

function source(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

/** What the block at the end of an example says, or undefined when there is none. */
function expectedOutput(text: string): string | undefined {
  const at = text.lastIndexOf(MARK);
  if (at < 0) return undefined;
  const lines = text
    .slice(at + MARK.length)
    .trimEnd()
    .split('\n');
  if (lines.some((line) => !line.startsWith('//'))) return undefined;
  return lines.map((line) => `${line.replace(/^\/\/ ?/, '')}\n`).join('');
}

async function outputOf(script: string, flags: readonly string[] = []): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, FORCE_COLOR: '0' };
  // An example that uses the test runner would take this one for its parent.
  delete env['NODE_TEST_CONTEXT'];
  const options = { env, timeout: RUN_MS, killSignal: 'SIGKILL', cwd: fromRoot() } as const;
  try {
    const { stdout } = await exec(process.execPath, [...flags, script], options);
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '', code, killed, signal } = error as RunError;
    const end = killed ? `was still running after ${RUN_MS} ms` : `ended with ${signal ?? `status ${code}`}`;
    return assert.fail(`${script} ${end}\nstdout:\n${stdout}\nstderr:\n${stderr}`);
  }
}

interface RunError {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number | string;
  readonly killed?: boolean;
  readonly signal?: string;
}

/** Why this Node cannot run TypeScript as it is written, or undefined when it can. */
function whyNotNative(text: string): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) {
    return `Node ${process.versions.node} does not strip types by itself; 22.18 does`;
  }
  if (text.includes('await using') && major < 24) {
    return `Node ${process.versions.node} does not know \`await using\`; 24 does`;
  }
  return undefined;
}

describe('examples', { concurrency: 2 }, () => {
  for (const file of files) {
    const compiled = fromRoot('.build', 'examples', file.replace(/\.ts$/, '.js'));
    void test(`${file} prints what it says`, { timeout: RUN_MS + 10_000 }, async () => {
      const expected = expectedOutput(source(file));
      assert.ok(expected, `${file} has no block "// expected output:" at its end`);
      assert.equal(await outputOf(compiled), expected);
    });
  }

  for (const file of files.filter((name) => NATIVE.includes(name.slice(0, 2)))) {
    const skip = whyNotNative(source(file)) ?? false;
    void test(`${file} runs without being compiled`, { timeout: RUN_MS + 10_000, skip }, async () => {
      const flags = ['--disable-warning=ExperimentalWarning'];
      assert.equal(await outputOf(join(folder, file), flags), expectedOutput(source(file)));
    });
  }
});

void test('every example is numbered, explained and listed', () => {
  // Prettier aligns the columns.
  const table = source('README.md').replace(/ +\|/g, ' |');
  assert.ok(files.length >= 22);
  const { peerDependencies } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
  };
  const numbers = new Set<string>();
  for (const file of files.toSorted()) {
    const number = file.slice(0, 2);
    assert.match(file, /^\d\d-[a-z0-9]+(-[a-z0-9]+)*\.ts$/);
    assert.ok(!numbers.has(number), `${file} has the number of another example`);
    numbers.add(number);
    assert.ok(table.includes(`| ${number} | [${file}](${file}) |`), `README.md does not list ${file}`);
    assert.match(
      source(file),
      /^\/\*\*\n( \*.*\n)+? \* Python: /,
      `${file} does not begin with its explanation`,
    );
    const foreign = [...source(file).matchAll(/^import .* from '(.*)';$/gm)].filter(
      ([, name = '']) =>
        !/^(?:tutti(?:\/|$)|node:|@stdlib\/datasets-)/.test(name) && !Object.hasOwn(peerDependencies, name),
    );
    assert.deepEqual(
      foreign.map(([line]) => line),
      [],
      `${file} imports more than tutti, its optional peers, data sets and Node's own modules`,
    );
  }
  const rows = [...table.matchAll(/^\| \d\d \| \[(.*?)\]/gm)].map(([, file]) => file);
  assert.deepEqual(rows, files.toSorted(), 'README.md lists exactly the examples there are, in order');
});
