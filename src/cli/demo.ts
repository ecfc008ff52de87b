/** `tutti demo`: known problems and real data, a plain loop against threads, every answer checked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { usableCores, MAX_WORKERS } from '../base/cores.ts';
import { nearest } from '../base/options.ts';
import { progressBar, type ProgressBar } from '../observe/progress.ts';
import { threads } from '../threads/threads.ts';
import type { Command } from './command.ts';
import { MissingDatasetError } from './demo/datasets.ts';
import { ep } from './demo/ep.ts';
import { flights } from './demo/flights.ts';
import { mandelbrot } from './demo/mandelbrot.ts';
import { nbody } from './demo/nbody.ts';
import { loadNote, watchOtherLoad } from './demo/other-load.ts';
import type { DemoSettings, Problem } from './demo/problem.ts';
import { renderReport } from './demo/report.ts';
import {
  isWrong,
  outcomeLine,
  outcomeTable,
  toJson,
  type DemoOutcome,
  type DemoRun,
} from './demo/outcome.ts';
import { words } from './demo/words.ts';
import { oneOf, positiveInteger, type FlagValues } from './flags.ts';
import { describeMachine } from './machine.ts';
import { paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** In the order in which they run. */
const PROBLEMS: readonly Problem[] = [flights, words, ep, nbody, mandelbrot];
const NAMES = PROBLEMS.map((problem) => problem.name);
const CLASSES = ['S', 'W', 'A'] as const;

export const demo: Command = {
  name: 'demo',
  summary: 'run known problems and real data, a plain loop against threads, and check every answer',
  flags: {
    only: { value: 'names', help: `run some of: ${NAMES.join(',')}` },
    workers: { value: 'n', short: 'w', help: 'number of workers (default: one per usable core)' },
    class: { value: CLASSES.join('|'), help: 'problem class of ep (default: S; A takes 16 times as long)' },
    out: { value: 'folder', short: 'o', help: 'where the report goes (default: out)' },
    json: { help: 'print the results as JSON, and nothing else, on standard output' },
  },
  run: runDemo,
};

async function runDemo(flags: FlagValues, terminal: Terminal): Promise<number> {
  const problems = chooseProblems(flags['only']);
  const workers = typeof flags['workers'] === 'string' ? readWorkers(flags['workers']) : usableCores();
  const settings: DemoSettings = {
    problemClass:
      typeof flags['class'] === 'string'
        ? oneOf('demo', 'class', flags['class'].toUpperCase(), CLASSES)
        : 'S',
  };
  const folder = resolve(typeof flags['out'] === 'string' ? flags['out'] : 'out');
  mkdirSync(folder, { recursive: true }); // before the work, so that a folder that cannot be made is told at once

  const machine = describeMachine();
  const say = flags['json'] ? () => undefined : (line: string) => void terminal.out.write(`${line}\n`);
  say(
    paint(terminal, 'bold', `Tutti ${machine.tutti}`) +
      `  Node ${machine.node}, ${machine.cpu}, ${workers} worker${workers === 1 ? '' : 's'} on ${machine.usableCores} usable core${machine.usableCores === 1 ? '' : 's'}`,
  );

  const outcomes: DemoOutcome[] = [];
  const otherCores = watchOtherLoad();
  const pool = threads({ workers, name: 'demo' });
  try {
    for (const problem of problems) {
      const outcome = await runProblem(problem, settings, pool, terminal);
      outcomes.push(outcome);
      say(outcomeLine(outcome, terminal));
    }
  } finally {
    await pool.close();
  }

  const note = loadNote(otherCores(), machine, workers);
  const run: DemoRun = { machine, workers, settings, outcomes, note };
  const files = writeFiles(folder, run);
  if (flags['json']) {
    terminal.out.write(`${JSON.stringify(toJson(run, files), undefined, 2)}\n`);
  } else {
    say(`\n${outcomeTable(run, terminal)}\n`);
    if (note !== undefined) say(`${paint(terminal, 'yellow', 'note')}: ${note}\n`);
    for (const file of files) say(`wrote ${shortPath(file)}`);
  }
  return outcomes.some(isWrong) ? 1 : 0;
}

async function runProblem(
  problem: Problem,
  settings: DemoSettings,
  pool: ReturnType<typeof threads>,
  terminal: Terminal,
): Promise<DemoOutcome> {
  let bar: ProgressBar | undefined;
  const status = (text: string): void => {
    bar?.stop();
    bar = undefined;
    if (terminal.err.isTTY) terminal.err.write(`\r${problem.name.padEnd(10)} ${text}\u001b[K`);
  };
  try {
    const measured = await problem.run(settings, pool, {
      phase(phase, round) {
        status(round === 0 ? 'warming up' : phase === 'serial' ? `a plain loop, round ${round}` : '');
        if (phase === 'threads')
          bar = progressBar(`${problem.name.padEnd(10)} threads, round ${round}`, terminal.err, {
            unit: 'pieces',
          });
      },
      progress: (progress) => bar?.(progress),
    });
    return { problem, kind: 'measured', measured };
  } catch (error) {
    if (!(error instanceof MissingDatasetError)) throw error;
    return { problem, kind: 'skipped', reason: error.message, install: error.install };
  } finally {
    status('');
    if (terminal.err.isTTY) terminal.err.write('\r\u001b[K');
  }
}

function chooseProblems(only: string | boolean | undefined): readonly Problem[] {
  if (typeof only !== 'string') return PROBLEMS;
  const wanted = only
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (wanted.length === 0)
    throw new UsageError(`tutti demo: --only takes names of problems: ${NAMES.join(', ')}`);
  for (const name of wanted) {
    if (NAMES.includes(name)) continue;
    const close = nearest(name, NAMES);
    throw new UsageError(
      `tutti demo: there is no problem ${name}.${close ? ` Did you mean ${close}?` : ''}\nProblems: ${NAMES.join(', ')}`,
    );
  }
  return PROBLEMS.filter((problem) => wanted.includes(problem.name));
}

function readWorkers(text: string): number {
  const workers = positiveInteger('demo', 'workers', text);
  if (workers > MAX_WORKERS)
    throw new UsageError(`tutti demo: --workers goes up to ${MAX_WORKERS}, not ${workers}`);
  return workers;
}

/** Writes the report and its pictures; returns their paths. */
function writeFiles(folder: string, run: DemoRun): string[] {
  const files: string[] = [];
  for (const outcome of run.outcomes) {
    if (outcome.kind !== 'measured') continue;
    for (const figure of outcome.measured.figures) {
      if (figure.kind !== 'png') continue;
      files.push(join(folder, figure.file));
      writeFileSync(files.at(-1)!, figure.png);
    }
  }
  const report = join(folder, 'tutti-demo.html');
  writeFileSync(report, renderReport(run));
  return [report, ...files];
}

/** The path from here, if it is not longer. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
