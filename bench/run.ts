/**
 * `npm run bench [-- --quick] [--only map,for] [--rounds 5] [--no-write]`
 *
 * Every sample comes from a fresh process. A round runs each variant of a suite once, in an order that rotates from
 * round to round; ratios are taken within a round, so that a busy minute of the machine hits both sides.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { usableCores } from 'tutti';
import { rowResults, suiteMarkdown, withSection, type Measured } from './report.ts';
import type { Sample, Suite } from './suite.ts';
import { suites } from './suites.ts';

const here = dirname(fileURLToPath(import.meta.url)); // .build/bench
const root = join(here, '..', '..');
const sampleTimeoutMs = 120_000;
const PREFACE = `# Benchmark results

Written by \`npm run bench\`. Every sample comes from a fresh process; the variants of a suite take turns, and a ratio is
taken within one round. The table gives the median ratio over all rounds, the extremes, and in brackets the absolute
median of what is above the line, which says more about the machine than about the code. Rows that miss their goal stay.
`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});

const names = flags.only?.split(',') ?? Object.keys(suites);
for (const name of names) {
  if (suites[name] === undefined) {
    throw new RangeError(`--only: no suite ${name}; there are ${Object.keys(suites).join(', ')}`);
  }
}
const rounds = flags.rounds === undefined ? undefined : Number(flags.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  throw new RangeError(`--rounds: must be an integer of at least 1, but got ${flags.rounds}`);
}

const loadBefore = loadavg()[0] ?? 0;
const all: Measured[] = [];
for (const name of names) {
  const measured = await measureSuite(name, await (suites[name] as () => Promise<Suite>)());
  all.push(measured);
  console.log(`\n${suiteMarkdown(measured)}`);
}
writeReports(all);
if (all.some((measured) => measured.failures.size > 0)) process.exitCode = 1;

async function measureSuite(name: string, suite: Suite): Promise<Measured> {
  const variants = Object.keys(suite.variants);
  const failures = new Map<string, string>();
  const results: Record<string, Sample | undefined>[] = [];
  const count = rounds ?? (flags.quick ? suite.rounds.quick : suite.rounds.full);
  for (let round = 0; round < count; round++) {
    const result: Record<string, Sample | undefined> = {};
    for (let v = 0; v < variants.length; v++) {
      const variant = variants[(v + round) % variants.length] as string;
      if (failures.has(variant)) continue;
      try {
        result[variant] = await sample(name, variant);
      } catch (error) {
        failures.set(variant, error instanceof Error ? error.message : String(error));
      }
    }
    results.push(result);
  }
  return { name, suite, rounds: results, failures };
}

/** Runs one variant in a process of its own. */
function sample(suite: string, variant: string): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const args = [join(here, 'child.js'), suite, variant, flags.quick ? 'quick' : 'full'];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: sampleTimeoutMs,
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) {
        resolve(JSON.parse(out.trim().split('\n').at(-1) ?? '') as Sample);
        return;
      }
      const why = signal === null ? `exit code ${code}` : `${signal} (limit ${sampleTimeoutMs / 1000} s)`;
      const message = err.split('\n').find((line) => /^\s*(\w*Error|TypeError|Uncaught)/.test(line)) ?? '';
      reject(new RangeError(`${why}${message === '' ? '' : `, ${message.trim()}`}`));
    });
  });
}

function writeReports(measured: readonly Measured[]): void {
  const rows = measured.map(({ name, suite, rounds: samples, failures }) => ({
    name,
    title: suite.title,
    rows: rowResults({ name, suite, rounds: samples, failures }),
    samples,
    failures: Object.fromEntries(failures),
  }));
  const out = join(root, 'out');
  mkdirSync(out, { recursive: true });
  const major = process.versions.node.split('.')[0] as string;
  const file = join(out, `bench-node${major}.json`);
  const about = { node: process.version, cores: usableCores(), loadBefore, quick: flags.quick, suites: rows };
  writeFileSync(file, `${JSON.stringify(about, null, 2)}\n`);
  console.log(`\nsamples: out/bench-node${major}.json`);

  // A part of the suites, or a quick run, is not worth keeping.
  if (flags['no-write'] || flags.quick || flags.only !== undefined) return;
  const results = join(root, 'bench', 'RESULTS.md');
  const document = existsSync(results) ? readFileSync(results, 'utf8') : PREFACE;
  const section = [
    `\`npm run bench\` on Node ${process.version}, ${process.platform} ${process.arch}, ${usableCores()} usable cores. ${loadNote()}`,
    ...measured.map(suiteMarkdown),
  ].join('\n\n');
  writeFileSync(results, withSection(document, `Node ${major}`, section));
  console.log('results: bench/RESULTS.md');
}

/** What other programs did to the cores when the run began: wall times and efficiency suffer from it. */
function loadNote(): string {
  const load = `Load average before the run: ${loadBefore.toFixed(1)}`;
  return loadBefore > usableCores() / 2 ? `${load}; other programs kept the cores busy.` : `${load}.`;
}
