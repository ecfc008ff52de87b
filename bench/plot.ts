/** Bar plots of comparisons as SVG, without dependencies; legible on light and dark pages. */
import { digits, standings, suffix, type Measured, type Standing } from './report.ts';
import type { Comparison } from './suite.ts';

const WIDTH = 960;
/** Where the bars begin: the longest label fits. */
const LEFT = 400;
const RIGHT = 110;
const BAR = 20;
const HEAD = 34;
const FOOT = 30;
const TITLE = 40;
/** Past this ratio of the largest to the smallest number the axis is logarithmic. */
const LOGARITHMIC_FROM = 20;

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; } .head { font-weight: 600; } .muted { fill: #656d76; }
  .page { fill: #ffffff; } .grid { stroke: #d8dee4; } .bar { fill: #a7b4c2; } .ours { fill: #0a7f6b; }
  .range { stroke: #1f2328; stroke-width: 1.2; } .own { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .muted { fill: #9198a1; } .page { fill: #0d1117; } .grid { stroke: #30363d; }
    .bar { fill: #57636f; } .ours { fill: #2fb59a; } .range { stroke: #e6edf3; }
  }`;

/** The comparisons of a suite below each other, each with a bar per contender; undefined when there is nothing to draw. */
export function suitePlot(measured: Measured): string | undefined {
  const panels: string[] = [];
  let top = TITLE;
  for (const comparison of measured.suite.comparisons ?? []) {
    const rows = standings(measured, comparison).filter(({ result }) => result.median > 0);
    if (rows.length === 0) continue;
    panels.push(`<g transform="translate(0 ${top})">\n${panel(comparison, rows).join('\n')}\n</g>`);
    top += HEAD + rows.length * BAR + FOOT;
  }
  if (panels.length === 0) return undefined;
  const title = escapeMarkup(measured.suite.title.replaceAll('`', ''));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img" aria-label="${title}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${top}"/>`,
    `<text class="title" x="16" y="26">${title}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function panel(comparison: Comparison, rows: readonly Standing[]): string[] {
  const scale = scaleOf(rows.flatMap(({ result }) => [result.min, result.median, result.max]));
  const bottom = HEAD + rows.length * BAR;
  const wish = `${comparison.better === 'less' ? 'less' : 'more'} is better${scale.logarithmic ? ', logarithmic' : ''}`;
  return [
    `<text class="head" x="16" y="22">${escapeMarkup(comparison.title)} <tspan class="muted" font-weight="400">(${wish})</tspan></text>`,
    ...scale.ticks.flatMap((tick) => [
      `<line class="grid" x1="${scale.x(tick)}" x2="${scale.x(tick)}" y1="${HEAD - 4}" y2="${bottom + 2}"/>`,
      `<text class="muted" x="${scale.x(tick)}" y="${bottom + 16}" text-anchor="middle">${short(tick)}${suffix(comparison.unit)}</text>`,
    ]),
    ...rows.flatMap((row, i) => bar(row, HEAD + i * BAR, scale, suffix(comparison.unit))),
  ];
}

/** Label, bar up to the median, a line from the smallest to the largest sample, the median in figures. */
function bar({ label, ours, result }: Standing, y: number, scale: Scale, unit: string): string[] {
  const end = scale.x(result.median);
  const middle = y + BAR / 2;
  const name = label.replaceAll('`', '');
  const [low, high] = [scale.x(result.min), scale.x(result.max)];
  return [
    `<text class="${ours ? 'own' : ''}" x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escapeMarkup(name)}</text>`,
    `<rect class="${ours ? 'ours' : 'bar'}" x="${LEFT}" y="${y + 3}" width="${round(Math.max(1, end - LEFT))}" height="${BAR - 6}"/>`,
    ...(result.max > result.min
      ? [`<line class="range" x1="${low}" x2="${high}" y1="${middle}" y2="${middle}"/>`]
      : []),
    `<text class="${ours ? 'own' : ''}" x="${Math.max(end, high) + 6}" y="${middle + 4}">${digits(result.median)}${unit}</text>`,
  ];
}

interface Scale {
  readonly logarithmic: boolean;
  readonly ticks: readonly number[];
  x(value: number): number;
}

function scaleOf(values: readonly number[]): Scale {
  const largest = Math.max(...values);
  const smallest = Math.min(...values);
  const at = (share: number): number => round(LEFT + share * (WIDTH - LEFT - RIGHT));
  if (largest / smallest < LOGARITHMIC_FROM) {
    const power = 10 ** Math.floor(Math.log10(largest / 5));
    const step = [1, 2, 5, 10].find((factor) => factor * power * 5 >= largest) ?? 10;
    const ticks = [];
    for (let i = 0; i * step * power <= largest; i++) ticks.push(Number((i * step * power).toPrecision(6)));
    return { logarithmic: false, ticks, x: (value) => at(value / largest) };
  }
  // Bars need a beginning: the power of ten below the smallest number.
  const low = Math.ceil(Math.log10(smallest)) - 1;
  const high = Math.log10(largest);
  const ticks = [];
  for (let exponent = low; exponent <= high; exponent++) ticks.push(10 ** exponent);
  return { logarithmic: true, ticks, x: (value) => at((Math.log10(value) - low) / (high - low)) };
}

/** 20000 → 20k. */
function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
