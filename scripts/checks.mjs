/** The steps of `npm test`, in order; the first that fails ends it. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePeers, peersInstalled } from './bench-peers.mjs';
import { BuildError, buildSources, buildTests } from './build.mjs';
import { prepareDoctests } from './doctests.mjs';
import { checkFloors, floorsTable } from './floors.mjs';
import { checkGates } from './gates.mjs';
import { ensureInstalled } from './install.mjs';
import { leftBehind, RUN_VARIABLE, segmentNames } from './left-behind.mjs';
import { isNewestLts, nodeOf, versionsToTest } from './node-versions.mjs';
import { filesBelow, root, shown } from './paths.mjs';

const USAGE = `npm test [-- options] [words]

  --quick        this Node only, without the package tests and the benchmarks
  --node 22,24   run the tests on these major versions of Node only
  --only a,b     these steps only: build floors format lint gates types doctests package bench tests
  words          run only the test files whose path contains one of them

Without options: everything, on every supported version of Node.`;

/** Shared memory and those who look after it go a moment after the last process that used it. */
const LEFT_BEHIND_MS = 12_000;

/** Runs a development tool by its script, so that no shell and no PATH is needed. */
function tool(script, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}

/** Prints what was found; true when there are no problems. */
function report({ problems, warnings = [] }) {
  for (const line of warnings) console.log(`  note: ${line}`);
  for (const line of problems) console.error(`  ${line}`);
  return problems.length === 0;
}

/** Compiled tests, as paths from the root: node --test reads folders and patterns differently from version to version. */
function testFiles(words) {
  const compiled = [join(root, '.build', 'test'), join(root, '.build', 'doctests')]
    .flatMap((folder) => filesBelow(folder, (name) => name.endsWith('.test.js')))
    .map((path) => shown(path));
  return words.length === 0 ? compiled : compiled.filter((path) => words.some((word) => path.includes(word)));
}

const isPackageTest = (path) => path.includes('/test/package/');

/** Whole programs, and processes of their own: they take long and tell little new on one more version. */
const programs = /\/test\/(?:cli|examples|bench|observe|processes)\/|\/sync\/model\./;
const twice = /\/(?:failure-matrix\.processes.*|processes-by-message)\.test\.js$/;

/**
 * What is tested on a version of Node besides the running one: everything on the newest LTS but the scripts' own tests;
 * on the others, what depends on the engine.
 */
function runsOn(version, path) {
  if (version === process.versions.node) return true;
  if (path.includes('/test/house/')) return false;
  return isNewestLts(version) || !(programs.test(path) || twice.test(path));
}

/** Runs test files in one Node; its own summary is the last thing it prints, but for what the tests left behind. */
function runTests(node, files) {
  const before = segmentNames();
  const run = randomUUID();
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'test-run.mjs'), node, ...files], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [RUN_VARIABLE]: run },
  });
  const problems = leftBehind(before, run, LEFT_BEHIND_MS).map((line) => `left behind by the tests: ${line}`);
  return report({ problems }) && status === 0;
}

/** Runs `npm test` with its arguments; returns the exit status. */
export function runChecks(argv) {
  let options;
  try {
    options = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        node: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  const { values, positionals: words } = options;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  ensureInstalled();

  const current = process.versions.node;
  const nodes =
    values.quick && values.node === undefined ? [current] : versionsToTest(values.node?.split(','));
  /** @type {{ name: string, title: string, run: () => boolean }[]} */
  const steps = [
    { name: 'build', title: 'build src', run: () => (buildSources(), true) },
    { name: 'floors', title: 'floors: folders import lower floors only', run: runFloors },
    { name: 'format', title: 'format: prettier', run: runPrettier },
    { name: 'lint', title: 'lint: oxlint, type-aware', run: () => tool('oxlint/bin/oxlint', []) },
    { name: 'gates', title: 'gates: file sizes, forbidden patterns', run: () => report(checkGates()) },
    {
      name: 'types',
      title: 'types: tests, type tests, benchmarks and examples compile',
      run: () => (buildTests(), true),
    },
    {
      name: 'doctests',
      title: 'doctests: examples in docstrings and README compile',
      run: () => report(prepareDoctests()),
    },
  ];
  if (!values.quick) {
    const files = () => testFiles(words).filter(isPackageTest);
    const run = () => files().length === 0 || runTests(process.execPath, files());
    steps.push({ name: 'package', title: 'package: the packed tarball, checked, installed and used', run });
    steps.push({ name: 'bench', title: 'bench: the benchmarks run, in miniature', run: runBenchmarks });
  }
  for (const version of nodes) {
    const run = () => {
      const files = testFiles(words).filter((path) => !isPackageTest(path) && runsOn(version, path));
      if (files.length === 0) {
        console.error(`  no test file matches ${words.join(' ')}`);
        return false;
      }
      const node = nodeOf(version);
      if ('path' in node) return runTests(node.path, files);
      console.error(`  SKIPPED: Node ${version} could not be obtained with npm: ${node.missing}`);
      return process.env.CI !== 'true';
    };
    steps.push({ name: 'tests', title: `tests and doctests on Node ${version}`, run });
  }

  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !steps.some((step) => step.name === name)) ?? [];
  if (unknown.length > 0 || nodes.length === 0) {
    console.error(
      `${nodes.length === 0 ? `no supported Node is ${values.node}` : `no step is named ${unknown.join(', ')}`}\n\n${USAGE}`,
    );
    return 2;
  }
  const chosen = steps.filter((step) => only === undefined || only.includes(step.name));
  for (const step of chosen) {
    const last = step === chosen.at(-1);
    console.log(`▶ ${step.title}`);
    const start = performance.now();
    let ok;
    try {
      ok = step.run();
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      console.error(`  ${error.message}`);
      ok = false;
    }
    const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
    if (!ok) {
      console.error(`✖ failed after ${seconds}: ${step.title}`);
      return 1;
    }
    // The summary of the last run of tests closes the output.
    if (!(last && step.name === 'tests')) console.log(`✔ ${step.name}: ${seconds}`);
  }
  return 0;
}

/** Benchmarks that exercise every adapter; what is not installed is skipped and named. CI installs the peers. */
const SMOKE = 'start,limits,calls,payload,nested,stencil,words';

function runBenchmarks() {
  buildTests();
  if (process.env.CI === 'true' || peersInstalled()) ensurePeers();
  const args = [join(root, '.build', 'bench', 'run.js'), '--smoke', '--no-write', '--only', SMOKE];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = stdout.split('\n').filter((line) => status !== 0 || line.startsWith('Skipped: '));
  for (const line of lines) console.log(`  ${line}`);
  return status === 0;
}

function runFloors() {
  const { problems, folders } = checkFloors(join(root, 'src'));
  console.log(floorsTable(folders).replace(/^/gm, '  '));
  return report({ problems });
}

function runPrettier() {
  const cache = [
    '--cache',
    '--cache-strategy=content',
    `--cache-location=${join('.build', 'prettier-cache')}`,
  ];
  return tool('prettier/bin/prettier.cjs', ['--check', '--log-level=warn', ...cache, '.']);
}
