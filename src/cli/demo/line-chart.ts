import { round, svgFrame, svgText, textWidth, ticksOf } from './svg.ts';

export interface LineChartOptions {
  /** Axis titles with units. */
  readonly x: string;
  readonly y: string;
  /** The line that stands out. */
  readonly highlight: number;
  readonly label: string;
}

const WIDTH = 760;
const HEIGHT = 300;

/** Lines of points `[x, y]` over common axes. */
export function lineChart(
  lines: readonly (readonly (readonly [number, number])[])[],
  options: LineChartOptions,
): string {
  const xs = lines.flatMap((line) => line.map(([x]) => x));
  const ys = lines.flatMap((line) => line.map(([, y]) => y));
  const [xLow, xHigh] = [Math.min(...xs), Math.max(...xs)];
  const yTicks = ticksOf(Math.min(...ys), Math.max(...ys), 5);
  const xTicks = ticksOf(xLow, xHigh, 8);
  const yLow = Math.min(yTicks[0]!, ...ys);
  const yHigh = Math.max(yTicks.at(-1)!, ...ys);

  const yText = (value: number): string => value.toLocaleString('en-US').replace('-', '−');
  const area = {
    left: 30 + Math.max(...yTicks.map((tick) => textWidth(yText(tick)))),
    right: WIDTH - 22,
    top: 10,
    bottom: HEIGHT - 44,
  };
  const atX = (x: number): number =>
    round(area.left + ((x - xLow) / (xHigh - xLow || 1)) * (area.right - area.left));
  const atY = (y: number): number =>
    round(area.bottom - ((y - yLow) / (yHigh - yLow || 1)) * (area.bottom - area.top));

  const path = (line: (typeof lines)[number]): string =>
    `M${line.map(([x, y]) => `${atX(x)},${atY(y)}`).join('L')}`;
  const others = lines.filter((_, i) => i !== options.highlight);
  const special = lines[options.highlight];
  return svgFrame(WIDTH, HEIGHT, options.label, [
    ...yTicks.flatMap((tick) => [
      `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${atY(tick)}" y2="${atY(tick)}"/>`,
      svgText(area.left - 8, atY(tick) + 4, yText(tick), { anchor: 'end', class: 'muted' }),
    ]),
    ...xTicks.flatMap((tick) => [
      `<line class="axis" x1="${atX(tick)}" x2="${atX(tick)}" y1="${area.bottom}" y2="${area.bottom + 5}"/>`,
      svgText(atX(tick), area.bottom + 19, yText(tick), { anchor: 'middle', class: 'muted' }),
    ]),
    `<line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}"/>`,
    ...others.map((line) => `<path class="line faint" d="${path(line)}"/>`),
    ...(special ? [`<path class="line strong" d="${path(special)}"/>`] : []),
    svgText((area.left + area.right) / 2, HEIGHT - 6, options.x, { anchor: 'middle' }),
    svgText(13, (area.top + area.bottom) / 2, options.y, { anchor: 'middle', rotate: -90 }),
  ]);
}
