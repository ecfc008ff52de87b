/** What the charts share: escaping, number formats, axis ticks. Colours of text and lines come from the page's CSS. */

/** A chart's frame: as wide as the page allows, `label` for readers who do not see it. */
export function svgFrame(width: number, height: number, label: string, content: readonly string[]): string {
  return (
    `<svg${width > 700 ? ' class="wide"' : ''} viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(label)}" ` +
    `font-family="system-ui, sans-serif" font-size="12">\n${content.join('\n')}\n</svg>`
  );
}

/** A piece of text; `anchor` says which end is at `x`. */
export function svgText(
  x: number,
  y: number,
  text: string,
  options: { anchor?: 'start' | 'middle' | 'end'; class?: string; rotate?: number } = {},
): string {
  const { anchor = 'start', class: name = 'ink', rotate } = options;
  const turn = rotate === undefined ? '' : ` transform="rotate(${rotate} ${round(x)} ${round(y)})"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" class="${name}"${turn}>${escapeMarkup(text)}</text>`;
}

/** Text that may stand in markup, between tags or in a quoted attribute. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Estimated width of 12-pixel text in pixels. */
export function textWidth(text: string): number {
  return [...text].length * 7.3;
}

/** A coordinate with one decimal. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Round values that cover `low … high` in about `count` steps of 1, 2 or 5 times a power of ten. */
export function ticksOf(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}
