/**
 * `node test-run.mjs <node> <file> …`: runs test files with `node --test`, and once more those that Node itself brought down.
 *
 * Node 20 frees what a worker's V8 asks its platform for before that V8 has ended. A compilation that is still under way in
 * that moment, in a thread of its own, finds nothing and aborts the whole process: a test file is lost now and then, whatever
 * it tests. Its assertion is known by its text; any other end of a file is a failure.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Longest time of one test file; tests have shorter ones of their own. */
const FILE_TIMEOUT_MS = 300_000;

const ASSERTION =
  /node::NodePlatform::ForIsolate\(.*\) at .*\n.*Assertion failed: \(data\.first\) != nullptr/g;
/** How the reporter `spec` lists a file whose process failed, and nothing that a test in it said. */
const FAILED_FILE = /^✖ (\S+\.test\.js) \([\d.]+ms\)\n {2}'test failed'$/gm;

/**
 * The files to run again: those that failed as a whole, if nothing else failed and the assertion explains all of them.
 * @param {string} output what `node --test` printed
 * @returns {string[]} none when something else is wrong
 */
export function broughtDown(output) {
  const assertions = output.match(ASSERTION)?.length ?? 0;
  const list = output.slice(output.lastIndexOf('✖ failing tests:'));
  const files = [...list.matchAll(FAILED_FILE)].map((match) => match[1]);
  const failed = list.match(/^✖ .* \([\d.]+ms\)$/gm)?.length ?? 0;
  return files.length > 0 && files.length === failed && files.length <= assertions ? files : [];
}

/**
 * Runs test files; resolves to the exit status and what was printed, which also goes to this process's own output.
 * @param {string} node
 * @param {readonly string[]} files
 * @returns {Promise<{ status: number, output: string }>}
 */
async function runFiles(node, files) {
  const args = [
    '--test',
    '--test-reporter=spec',
    '--test-concurrency=2',
    `--test-timeout=${FILE_TIMEOUT_MS}`,
  ];
  const child = spawn(node, [...args, ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  const status = await new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done(code ?? 1));
  });
  return { status, output };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [node = process.execPath, ...files] = process.argv.slice(2);
  const { status, output } = await runFiles(node, files);
  const again = status === 0 ? [] : broughtDown(output);
  if (again.length === 0) process.exitCode = status;
  else {
    console.log(`\nNode aborted in its own code while a worker ended; run again: ${again.join(' ')}\n`);
    process.exitCode = (
      await runFiles(
        node,
        again.map((file) => resolve(file)),
      )
    ).status;
  }
}
