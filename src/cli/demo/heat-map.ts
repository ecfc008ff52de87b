import { svgFrame, svgText, textWidth } from './svg.ts';

/** Values by row and column; `undefined` for cells without enough data. */
export interface HeatTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly cells: readonly (number | undefined)[] }[];
}

export interface HeatMapOptions {
  /** Axis titles. */
  readonly x: string;
  readonly y: string;
  readonly unit: string;
  readonly label: string;
}

const CELL = { width: 30, height: 24 };

/** Colours at values: early is blue, on time is pale, late is orange to dark red. Numbers stay readable on each. */
const SCALE = [
  [-10, [69, 117, 180]],
  [-3, [171, 207, 229]],
  [0, [247, 244, 230]],
  [10, [253, 200, 120]],
  [25, [240, 110, 60]],
  [50, [190, 30, 45]],
  [100, [95, 8, 50]],
] as const;

/** A table of coloured cells with their values in them, and the scale below. */
export function heatMap(table: HeatTable, options: HeatMapOptions): string {
  const left = 34 + Math.max(...table.rows.map((row) => textWidth(row.label)));
  const top = 4;
  const bottom = top + CELL.height * table.rows.length;
  const width = left + CELL.width * table.columns.length + 4;
  const content: string[] = [];
  table.rows.forEach((row, i) => {
    const y = top + CELL.height * i;
    content.push(svgText(left - 7, y + 16, row.label, { anchor: 'end' }));
    row.cells.forEach((value, j) => {
      const x = left + CELL.width * j;
      if (value === undefined) {
        content.push(cell(x, y, CELL.width, 'class="empty"'));
        return;
      }
      const [r, g, b] = colourAt(value);
      const bright = 0.299 * r + 0.587 * g + 0.114 * b > 140;
      content.push(
        cell(x, y, CELL.width, `fill="rgb(${r},${g},${b})"`),
        svgText(x + CELL.width / 2 - 0.5, y + 15.5, String(Math.round(value)).replace('-', '−'), {
          anchor: 'middle',
          class: bright ? 'dark small' : 'light small',
        }),
      );
    });
  });
  table.columns.forEach((name, j) =>
    content.push(
      svgText(left + CELL.width * (j + 0.5), bottom + 16, name, { anchor: 'middle', class: 'muted' }),
    ),
  );
  const right = left + CELL.width * table.columns.length;
  content.push(
    svgText((left + right) / 2, bottom + 36, options.x, { anchor: 'middle' }),
    svgText(13, (top + bottom) / 2, options.y, { anchor: 'middle', rotate: -90 }),
    ...legend(right, bottom + 48, options.unit),
  );
  return svgFrame(width, bottom + 84, options.label, content);
}

function cell(x: number, y: number, width: number, attributes: string): string {
  return `<rect x="${x}" y="${y}" width="${width - 1.5}" height="${CELL.height - 1.5}" rx="2" ${attributes}/>`;
}

function colourAt(value: number): readonly [number, number, number] {
  const upper = SCALE.findIndex(([at]) => at >= value);
  if (upper === 0) return SCALE[0][1];
  if (upper < 0) return SCALE.at(-1)![1];
  const [low, from] = SCALE[upper - 1]!;
  const [high, to] = SCALE[upper]!;
  const share = (value - low) / (high - low);
  const mix = (k: 0 | 1 | 2): number => Math.round(from[k] + share * (to[k] - from[k]));
  return [mix(0), mix(1), mix(2)];
}

/** The colours at the scale's own values, its right end at `right`. */
function legend(right: number, y: number, unit: string): string[] {
  const step = 44;
  const left = right - step * SCALE.length;
  return [
    svgText(left - 8, y + 15, `mean delay (${unit})`, { anchor: 'end', class: 'muted' }),
    ...SCALE.flatMap(([value, [r, g, b]], i) => [
      cell(left + step * i, y, step, `fill="rgb(${r},${g},${b})"`),
      svgText(left + step * (i + 0.5) - 1, y + 15.5, String(value).replace('-', '−'), {
        anchor: 'middle',
        class: 0.299 * r + 0.587 * g + 0.114 * b > 140 ? 'dark small' : 'light small',
      }),
    ]),
  ];
}
