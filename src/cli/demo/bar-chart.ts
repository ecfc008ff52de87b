import { round, svgFrame, svgText, textWidth } from './svg.ts';

/** One bar and the text at its end (default: the value). */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text?: string;
}

export interface BarChartOptions {
  /** What the chart shows, for readers who do not see it. */
  readonly label: string;
  /** Length by the logarithm of the value; values start at 1. */
  readonly logarithmic?: boolean;
  /** A dashed line at this value, with its name. */
  readonly mark?: { readonly value: number; readonly text: string };
}

const WIDTH = 640;
const BAR = 18;
const ROW = 25;

/** Horizontal bars, one row each, values written at their ends. */
export function barChart(bars: readonly Bar[], options: BarChartOptions): string {
  const { label, logarithmic = false, mark } = options;
  const left = Math.max(30, ...bars.map((bar) => textWidth(bar.label))) + 10;
  const texts = bars.map((bar) => bar.text ?? bar.value.toLocaleString('en-US'));
  const right = Math.max(30, ...texts.map(textWidth)) + 10;
  const top = mark ? 22 : 2;
  const height = top + ROW * bars.length + 2;
  const largest = Math.max(mark?.value ?? 0, ...bars.map((bar) => bar.value), Number.MIN_VALUE);
  // On the logarithmic scale a value of 1 keeps a visible stump.
  const share = (value: number): number =>
    logarithmic ? (Math.log10(Math.max(1, value)) + 0.15) / (Math.log10(largest) + 0.15) : value / largest;
  const length = (value: number): number => Math.max(0, share(value)) * (WIDTH - left - right);

  const content = bars.flatMap((bar, i) => {
    const y = top + ROW * i;
    return [
      svgText(left - 8, y + 14, bar.label, { anchor: 'end' }),
      `<rect class="bar" x="${left}" y="${y + 0.5}" width="${round(length(bar.value))}" height="${BAR}" rx="2"/>`,
      svgText(left + length(bar.value) + 6, y + 14, texts[i]!, { class: 'ink halo' }),
    ];
  });
  if (mark) {
    const x = round(left + length(mark.value));
    content.unshift(
      `<line class="mark" x1="${x}" x2="${x}" y1="${top - 4}" y2="${height}"/>`,
      svgText(x, top - 9, mark.text, { anchor: x > WIDTH / 2 ? 'end' : 'start', class: 'muted' }),
    );
  }
  return svgFrame(WIDTH, height, label, content);
}
