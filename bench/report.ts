/** Turns samples into rows, a table for people and a section of RESULTS.md. */
import { median, spread, type Spread } from './statistics.ts';
import type { BestOf, Comparison, Metric, Row, Sample, Suite, Unit } from './suite.ts';

/** What happened to one suite: samples by round and variant, and what failed. */
export interface Measured {
  readonly name: string;
  readonly suite: Suite;
  readonly rounds: readonly Readonly<Record<string, Sample | undefined>>[];
  /** Variant → why it gave no sample. */
  readonly failures: ReadonlyMap<string, string>;
  /** Variant → what this machine lacks for it. */
  readonly missing: ReadonlyMap<string, string>;
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
      const over = row.over === undefined ? 1 : divisor(round, row.over, row.goal);
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

/** One line of a comparison. */
export interface Standing {
  readonly variant: string;
  readonly label: string;
  readonly ours: boolean;
  readonly result: Spread;
  /** Median over the rounds of this variant's number over ours. */
  readonly ratio: number | undefined;
}

/** Who gave a number, the best first. */
export function standings(measured: Measured, comparison: Comparison): Standing[] {
  const { metric, ours, labels, better } = comparison;
  const found: Standing[] = [];
  for (const [variant, label] of Object.entries(labels)) {
    const values: number[] = [];
    const ratios: number[] = [];
    for (const round of measured.rounds) {
      const value = pick(round, { variant, metric });
      const own = pick(round, { variant: ours, metric });
      if (value === undefined) continue;
      values.push(value);
      if (own !== undefined) ratios.push(value / own);
    }
    if (values.length === 0) continue;
    const ratio = ratios.length === 0 ? undefined : median(ratios);
    found.push({ variant, label, ours: variant === ours, result: spread(values), ratio });
  }
  const sign = better === 'less' ? 1 : -1;
  return found.sort((a, b) => sign * (a.result.median - b.result.median));
}

function divisor(
  round: Readonly<Record<string, Sample | undefined>>,
  over: Metric | BestOf,
  goal: Row['goal'],
): number | undefined {
  if (!('bestOf' in over)) return pick(round, over);
  const values = over.bestOf.flatMap((variant) => pick(round, { variant, metric: over.metric }) ?? []);
  if (values.length === 0) return undefined;
  return goal !== undefined && 'atLeast' in goal ? Math.max(...values) : Math.min(...values);
}

function pick(round: Readonly<Record<string, Sample | undefined>>, metric: Metric): number | undefined {
  return round[metric.variant]?.[metric.metric];
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

/** The unit as it stands behind a number. */
export function suffix(unit: Unit): string {
  return unit === '' || unit === '/s' ? unit : ` ${unit}`;
}

function cells({ row, result, absolute, holds }: RowResult): string[] {
  const goal = row.goal;
  const wanted = goal === undefined ? '' : 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  if (result === undefined) return [row.label, 'no result', '', wanted, goal === undefined ? '' : '✗'];
  const unit = suffix(row.unit);
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

/** The Markdown of one suite; `plot` is the address of its picture. */
export function suiteMarkdown(measured: Measured, plot?: string): string {
  const { suite, rounds } = measured;
  const lines = [
    `### ${suite.title}`,
    '',
    `${suite.about} ${rounds.length} ${rounds.length === 1 ? 'round' : 'rounds'}.`,
  ];
  if (suite.rows.length > 0) {
    lines.push('', '| | median | min–max | goal | |', '|---|---|---|---|---|');
    lines.push(...rowResults(measured).map((row) => `| ${cells(row).join(' | ')} |`));
  }
  for (const comparison of suite.comparisons ?? []) lines.push('', ...comparisonTable(measured, comparison));
  if (plot !== undefined) lines.push('', `![${suite.title}](${plot})`);
  for (const [variant, reason] of measured.failures) lines.push('', `\`${variant}\` failed: ${reason}`);
  for (const [reason, variants] of byReason(measured.missing)) {
    lines.push('', `Skipped: ${variants.map((variant) => `\`${variant}\``).join(', ')}: ${reason}`);
  }
  return lines.join('\n');
}

function comparisonTable(measured: Measured, comparison: Comparison): string[] {
  const wish = comparison.better === 'less' ? 'less is better' : 'more is better';
  const rows = standings(measured, comparison).map(({ label, ours, result, ratio }) => {
    const mark = ours ? '**' : '';
    const median = `${mark}${digits(result.median)}${suffix(comparison.unit)}${mark}`;
    const range = `${digits(result.min)}–${digits(result.max)}`;
    return `| ${mark}${label}${mark} | ${median} | ${range} | ${ratio === undefined ? '' : digits(ratio)} |`;
  });
  return [`| ${comparison.title} (${wish}) | median | min–max | ÷ ours |`, '|---|---|---|---|', ...rows];
}

function byReason(missing: ReadonlyMap<string, string>): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const [variant, reason] of missing) reasons.set(reason, [...(reasons.get(reason) ?? []), variant]);
  return reasons;
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
