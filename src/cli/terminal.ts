/** Where a command writes, and what may be written there. */
export interface Terminal {
  /** Results: a table, or the JSON that was asked for. */
  readonly out: Output;
  /** Messages for the person at the keyboard: progress, errors. */
  readonly err: Output;
  /** Whether `out` shows colours. */
  readonly colour: boolean;
}

/** The part of a writable stream that the commands use. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Wraps `text` in a colour where the terminal shows colours. */
export function paint(terminal: Terminal, style: keyof typeof CODES, text: string): string {
  return terminal.colour ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** Cells in aligned columns: the first column to the left, the others to the right; `style` may colour a padded cell. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  left: readonly number[],
  style: (cell: string, row: number, column: number) => string = (cell) => cell,
): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, j) => (widths[j] = Math.max(widths[j] ?? 0, [...cell].length)));
  return rows
    .map((row, i) =>
      row
        .map((cell, j) => {
          const space = ' '.repeat(widths[j]! - [...cell].length);
          return style(left.includes(j) ? cell + space : space + cell, i, j);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
