/**
 * `npm run bench [-- --quick | --smoke] [--only map,for] [--variants tutti,piscina] [--rounds 5] [--no-write]`
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
import { suitePlot } from './plot.ts';
import { rowResults, standings, suiteMarkdown, withSection, type Measured } from './report.ts';
import type { Sample, Suite } from './suite.ts';
import { suites } from './suites.ts';

const here = dirname(fileURLToPath(import.meta.url)); // .build/bench
const root = join(here, '..', '..');
const PREFACE = `# Benchmark results

Written by \`npm run bench\`. Every sample comes from a fresh process; the variants of a suite take turns, and a ratio is
taken within one round. The table gives the median ratio over all rounds, the extremes, and in brackets the absolute
median of what is above the line, which says more about the machine than about the code. Rows that miss their goal stay.
In the comparisons every line stands for one contender with its settings, and the last column is its number divided by ours.
`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    variants: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});

const scale = flags.smoke ? 'smoke' : flags.quick ? 'quick' : 'full';
const chosen = flags.variants?.split(',');
const sampleTimeoutMs = scale === 'full' ? 180_000 : 15_000;
/** A quick run ends within two minutes on any machine: what it has no time for is named. */
const quickMs = 100_000;
const whole = flags.only === undefined && chosen === undefined;
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
  const wanted = chosen ?? (scale === 'full' ? undefined : suite.quickVariants);
  const variants = Object.keys(suite.variants).filter((variant) => wanted?.includes(variant) ?? true);
  const failures = new Map<string, string>();
  const missing = new Map<string, string>();
  const results: Record<string, Sample | undefined>[] = [];
  const count = rounds ?? (flags.smoke ? 1 : flags.quick ? suite.rounds.quick : suite.rounds.full);
  for (let round = 0; round < count; round++) {
    const result: Record<string, Sample | undefined> = {};
    for (let v = 0; v < variants.length; v++) {
      const variant = variants[(v + round) % variants.length] as string;
      if (failures.has(variant) || missing.has(variant)) continue;
      if (scale === 'quick' && whole && performance.now() > quickMs) {
        missing.set(variant, 'a quick run had no time left for it');
        continue;
      }
      try {
        const answer = await sample(name, variant);
        if ('missing' in answer) missing.set(variant, answer.missing);
        else result[variant] = answer.sample;
      } catch (error) {
        failures.set(variant, error instanceof Error ? error.message : String(error));
      }
    }
    results.push(result);
  }
  return { name, suite, rounds: results, failures, missing };
}

/** Runs one variant in a process of its own, which says what it measured or what this machine lacks. */
function sample(suite: string, variant: string): Promise<{ sample: Sample } | { missing: string }> {
  return new Promise((resolve, reject) => {
    const args = [join(here, 'child.js'), suite, variant, scale];
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
        resolve(JSON.parse(out.trim().split('\n').at(-1) ?? '') as { sample: Sample } | { missing: string });
        return;
      }
      const ended = code === 13 ? 'a promise never settled' : `exit code ${code}`;
      const why = signal === null ? ended : `no end within ${sampleTimeoutMs / 1000} s (${signal})`;
      const message = err.split('\n').find((line) => /^\s*(\w*Error|TypeError|Uncaught)/.test(line)) ?? '';
      reject(new RangeError(`${why}${message === '' ? '' : `, ${message.trim()}`}`));
    });
  });
}

function writeReports(all: readonly Measured[]): void {
  const major = process.versions.node.split('.')[0] as string;
  // A part of the suites, or a small run, is not worth keeping: it goes to `out`.
  const keep = scale === 'full' && !flags['no-write'] && whole;
  const out = join(root, 'out', 'bench');
  const folder = keep ? join(root, 'bench') : out;
  mkdirSync(out, { recursive: true });
  mkdirSync(join(folder, 'plots'), { recursive: true });
  const plots = new Map<string, string>();
  for (const measured of all) {
    const svg = suitePlot(measured);
    if (svg === undefined) continue;
    const plot = `plots/node${major}-${measured.name}.svg`;
    writeFileSync(join(folder, plot), svg);
    plots.set(measured.name, plot);
  }

  const about = {
    node: process.version,
    cores: usableCores(),
    loadBefore,
    scale,
    suites: all.map((measured) => ({
      name: measured.name,
      title: measured.suite.title,
      rows: rowResults(measured),
      comparisons: measured.suite.comparisons?.map((comparison) => ({
        title: comparison.title,
        unit: comparison.unit,
        better: comparison.better,
        standings: standings(measured, comparison),
      })),
      samples: measured.rounds,
      failures: Object.fromEntries(measured.failures),
      missing: Object.fromEntries(measured.missing),
    })),
  };
  writeFileSync(join(out, `node${major}.json`), `${JSON.stringify(about, null, 2)}\n`);
  console.log(`\nsamples: out/bench/node${major}.json`);

  const results = join(folder, 'RESULTS.md');
  const document = keep && existsSync(results) ? readFileSync(results, 'utf8') : PREFACE;
  const section = [
    `\`npm run bench\` on Node ${process.version}, ${process.platform} ${process.arch}, ${usableCores()} usable cores. ${loadNote()}`,
    ...(scale === 'full'
      ? []
      : ['A small run: fewer calls, smaller inputs and fewer contenders than the texts below say.']),
    ...all.map((measured) => suiteMarkdown(measured, plots.get(measured.name))),
  ].join('\n\n');
  writeFileSync(results, withSection(document, `Node ${major}`, section));
  console.log(`results: ${keep ? 'bench' : 'out/bench'}/RESULTS.md`);
}

/** What other programs did to the cores when the run began: wall times and efficiency suffer from it. */
function loadNote(): string {
  const load = `Load average before the run: ${loadBefore.toFixed(1)}`;
  return loadBefore > usableCores() / 2 ? `${load}; other programs kept the cores busy.` : `${load}.`;
}
