/** Turns samples into rows, a table for people and a section of RESULTS.md. */
import { median, spread, type Spread } from './statistics.ts';
import type { Metric, Row, Sample, Suite } from './suite.ts';

/** What happened to one suite: samples by round and variant, and what failed. */
export interface Measured {
  readonly name: string;
  readonly suite: Suite;
  readonly rounds: readonly Readonly<Record<string, Sample | undefined>>[];
  /** Variant → why it gave no sample. */
  readonly failures: ReadonlyMap<string, string>;
}

/** A row with its numbers; `result` is absent when a variant gave none. */
export interface RowResult {
  readonly row: Row;
  readonly result: Spread | undefined;
  /** Median of the value by itself, in the row's unit. */
  readonly absolute: number;
  readonly holds: boolean | undefined;
}

export function rowResults(measured: Measured): RowResult[] {
  return measured.suite.rows.map((row) => {
    const values: number[] = [];
    const absolutes: number[] = [];
    for (const round of measured.rounds) {
      const value = pick(round, row.value);
      const over = row.over === undefined ? 1 : pick(round, row.over);
      if (value === undefined || over === undefined) continue;
      values.push(value / over);
      absolutes.push(value);
    }
    if (values.length === 0) return { row, result: undefined, absolute: Number.NaN, holds: undefined };
    const result = spread(values);
    const goal = row.goal;
    const holds =
      goal === undefined
        ? undefined
        : 'atMost' in goal
          ? result.median <= goal.atMost
          : result.median >= goal.atLeast;
    return { row, result, absolute: median(absolutes), holds };
  });
}

function pick(round: Readonly<Record<string, Sample | undefined>>, metric: Metric): number | undefined {
  return round[metric.variant]?.[metric.metric];
}

/** Three significant digits, without an exponent. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

function cells({ row, result, absolute, holds }: RowResult): string[] {
  const goal = row.goal;
  const wanted = goal === undefined ? '' : 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  if (result === undefined) return [row.label, 'no result', '', wanted, goal === undefined ? '' : '✗'];
  const unit = row.unit === '' ? '' : row.unit === '/s' ? '/s' : ` ${row.unit}`;
  const own = row.over === undefined ? unit : '';
  const bracket = row.over === undefined || row.unit === '' ? '' : ` [${digits(absolute)}${unit}]`;
  return [
    row.label,
    `${digits(result.median)}${own}${bracket}`,
    `${digits(result.min)}–${digits(result.max)}`,
    wanted + (wanted !== '' && row.over === undefined ? unit : ''),
    holds === undefined ? '' : holds ? '✓' : '✗',
  ];
}

/** The Markdown of one suite. */
export function suiteMarkdown(measured: Measured): string {
  const lines = [
    `### ${measured.suite.title}`,
    '',
    `${measured.suite.about} ${measured.rounds.length} rounds.`,
    '',
    '| | median | min–max | goal | |',
    '|---|---|---|---|---|',
    ...rowResults(measured).map((row) => `| ${cells(row).join(' | ')} |`),
  ];
  for (const [variant, reason] of measured.failures) lines.push('', `\`${variant}\` failed: ${reason}`);
  return lines.join('\n');
}

/** Puts `section` in place of the one with the same heading, or at the end. */
export function withSection(document: string, heading: string, section: string): string {
  const begin = `## ${heading}\n`;
  const at = document.indexOf(begin);
  const text = `${begin}\n${section.trim()}\n`;
  if (at < 0) return `${document.trimEnd()}\n\n${text}`;
  const next = document.indexOf('\n## ', at + begin.length);
  return document.slice(0, at) + text + (next < 0 ? '' : document.slice(next));
}
