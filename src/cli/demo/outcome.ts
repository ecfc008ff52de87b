/** What came out of a demo run, for people (a line, a table) and for programs (JSON). */
import type { Machine } from '../machine.ts';
import { alignColumns, paint, type Terminal } from '../terminal.ts';
import type { Check } from './check.ts';
import type { Measured } from './measure.ts';
import type { DemoSettings, Problem } from './problem.ts';

export type DemoOutcome =
  | { readonly kind: 'measured'; readonly problem: Problem; readonly measured: Measured }
  | {
      readonly kind: 'skipped';
      readonly problem: Problem;
      readonly reason: string;
      readonly install: string;
    };

export interface DemoRun {
  readonly machine: Machine;
  readonly workers: number;
  readonly settings: DemoSettings;
  readonly outcomes: readonly DemoOutcome[];
  /** What kept the threads from being faster, where that is known. */
  readonly note: string | undefined;
}

/** Whether a check of this outcome failed; a skipped problem is not wrong. */
export function isWrong(outcome: DemoOutcome): boolean {
  return outcome.kind === 'measured' && outcome.measured.checks.some((check) => !check.ok);
}

/** How often faster the threads were than the loop. */
export function speedUp(measured: Measured): number {
  return measured.serialMs / measured.threadsMs;
}

/** A value of a check as people write it. */
export function showValue(value: number | string): string {
  return typeof value === 'number'
    ? value.toLocaleString('en-US', { maximumFractionDigits: 12 }).replace('-', '−')
    : value;
}

/** `±1e-8` or nothing for equality. */
export function showTolerance(check: Check): string {
  return check.tolerance === 0 ? '' : `±${check.tolerance.toExponential().replace('e+0', '')} relative`;
}

/** A time with the digits that mean something. */
export function showTime(ms: number): string {
  return ms >= 10_000
    ? `${(ms / 1000).toFixed(1)} s`
    : ms >= 1000
      ? `${(ms / 1000).toFixed(2)} s`
      : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** The lines that appear as a problem is done: its checks, or why it was skipped. */
export function outcomeLine(outcome: DemoOutcome, terminal: Terminal): string {
  const title = paint(terminal, 'bold', outcome.problem.title);
  if (outcome.kind === 'skipped')
    return `\n${title}\n  ${paint(terminal, 'yellow', 'skipped')}: ${outcome.reason}`;
  const { checks, input } = outcome.measured;
  const lines = checks.map((check) => {
    const mark = check.ok ? paint(terminal, 'green', '✓') : paint(terminal, 'red', '✗');
    const tolerance = showTolerance(check);
    const detail =
      check.ok && check.tolerance === 0
        ? showValue(check.actual)
        : `${showValue(check.actual)}, expected ${showValue(check.expected)}${tolerance && ` ${tolerance}`}`;
    return `  ${mark} ${check.name}: ${detail}`;
  });
  return [`\n${title} ${paint(terminal, 'dim', `(${input})`)}`, ...lines].join('\n');
}

/** One row per problem: both times, speed-up, efficiency, and whether the answer is right. */
export function outcomeTable(run: DemoRun, terminal: Terminal): string {
  const rows = [
    ['', 'loop', `${run.workers} thread${run.workers === 1 ? '' : 's'}`, 'speed-up', 'per worker', 'answer'],
  ];
  for (const outcome of run.outcomes) {
    if (outcome.kind === 'skipped') {
      rows.push([outcome.problem.name, '–', '–', '–', '–', 'skipped']);
      continue;
    }
    const { serialMs, threadsMs } = outcome.measured;
    const faster = speedUp(outcome.measured);
    rows.push([
      outcome.problem.name,
      showTime(serialMs),
      showTime(threadsMs),
      `${faster.toFixed(2)}×`,
      `${Math.round((100 * faster) / run.workers)}%`,
      isWrong(outcome) ? '✗ wrong' : '✓',
    ]);
  }
  return alignColumns(rows, [0, 5], (cell, row, column) => {
    if (row === 0) return paint(terminal, 'dim', cell);
    if (column !== 5) return column === 0 ? paint(terminal, 'bold', cell) : cell;
    return paint(terminal, cell.startsWith('✓') ? 'green' : cell.startsWith('✗') ? 'red' : 'yellow', cell);
  });
}

/** What `--json` prints. Times are milliseconds, efficiency is the speed-up divided by the number of workers. */
export function toJson(run: DemoRun, files: readonly string[]): object {
  return {
    ok: !run.outcomes.some(isWrong),
    machine: run.machine,
    workers: run.workers,
    class: run.settings.problemClass,
    ...(run.note === undefined ? {} : { note: run.note }),
    problems: run.outcomes.map((outcome) => {
      const { name, title } = outcome.problem;
      if (outcome.kind === 'skipped')
        return { name, title, status: 'skipped', reason: outcome.reason, install: outcome.install };
      const { input, pieces, rounds, serialMs, threadsMs, checks } = outcome.measured;
      return {
        name,
        title,
        status: isWrong(outcome) ? 'wrong' : 'right',
        input,
        pieces,
        rounds,
        serialMs,
        threadsMs,
        speedUp: speedUp(outcome.measured),
        efficiency: speedUp(outcome.measured) / run.workers,
        checks,
      };
    }),
    files,
  };
}
