/**
 * Public: {@link progressBar}.
 *
 * A reader of progress reports that draws one line on a terminal. It only listens: it starts no timer, so it keeps
 * no process alive, and it writes nothing at all when the stream is not a terminal.
 */
import { environmentVariable } from '../base/environment.ts';

/** What a bar reads of a call's progress; the `Progress` of every executor call has these fields. */
export interface ProgressLike {
  readonly completed: number;
  readonly total: number | undefined;
}

/** The part of a writable stream that a bar needs; `process.stderr` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressBarOptions {
  /** Milliseconds that pass at least between two drawings (default 60). */
  readonly intervalMs?: number;
  /** What the items are called after the rate, such as `rows` (default `items`). */
  readonly unit?: string;
  /** The clock in milliseconds (default `performance.now`). */
  readonly now?: () => number;
}

/** A function to give as `onProgress`, with `stop()` to take the bar away. */
export interface ProgressBar {
  (progress: ProgressLike): void;
  /** Clears the line; what is reported afterwards is not drawn. */
  stop(): void;
}

/**
 * A progress bar for any call: give the result as its `onProgress`.
 *
 * Draws on the caller's thread when progress is reported, at most every `intervalMs` and always at the end:
 * label, bar, share done, count, rate and estimated time left, cut to the width of the terminal. Where the number of
 * items is not known it counts without a bar. Draws nothing if `stream` is not a terminal, uses no colours when
 * `NO_COLOR` is set. A label that is longer than a third of the width is cut.
 *
 * @param label what stands before the bar
 * @param stream where to draw (default `process.stderr`, so that results on standard output stay clean)
 * @returns a function of `{ completed, total }`; call `stop()` on it to clear the line
 *
 * @example
 * ```ts
 * import { progressBar } from 'tutti/observe';
 *
 * const lines: string[] = [];
 * const bar = progressBar('rows', { isTTY: false, write: (text) => lines.push(text) });
 * bar({ completed: 1, total: 2 });
 * lines.length; // => 0
 * ```
 */
export function progressBar(
  label: string,
  stream: ProgressStream = process.stderr,
  options: ProgressBarOptions = {},
): ProgressBar {
  const { intervalMs = 60, unit = 'items', now = () => performance.now() } = options;
  const colour = environmentVariable('NO_COLOR') === undefined;
  const start = now();
  let drawnAt = -Infinity;
  let stopped = stream.isTTY !== true;
  let drawn = false;

  const draw = (progress: ProgressLike): void => {
    if (stopped) return;
    const time = now();
    if (time - drawnAt < intervalMs && progress.completed !== progress.total) return;
    drawnAt = time;
    drawn = true;
    stream.write(
      `\r${progressLine(label, progress, { elapsedMs: time - start, width: (stream.columns || 80) - 1, unit, colour })}\u001b[K`,
    );
  };
  const stop = (): void => {
    if (!stopped && drawn) stream.write('\r\u001b[K');
    stopped = true;
  };
  return Object.assign(draw, { stop });
}

/** What {@link progressLine} needs beside the progress. */
export interface LineOptions {
  readonly elapsedMs: number;
  /** Number of columns that the line may take. */
  readonly width: number;
  readonly unit: string;
  readonly colour: boolean;
}

/** One drawing of a bar, never wider than `width` columns: parts that do not fit are left out from the right. */
export function progressLine(label: string, progress: ProgressLike, options: LineOptions): string {
  const { elapsedMs, width, unit, colour } = options;
  const { completed, total } = progress;
  const rate = elapsedMs > 0 ? (completed * 1000) / elapsedMs : 0;
  const parts: string[] = [];
  if (total === undefined) {
    parts.push(`${groupDigits(completed)} ${unit}`);
  } else {
    const share = total === 0 ? 1 : completed / total;
    parts.push(
      `${String(Math.floor(100 * share)).padStart(3)}%`,
      `${groupDigits(completed)}/${groupDigits(total)}`,
    );
  }
  parts.push(`${readableRate(rate)} ${unit}/s`);
  if (total !== undefined) {
    parts.push(
      completed >= total
        ? readableTime(elapsedMs)
        : rate > 0
          ? `${readableTime(((total - completed) * 1000) / rate)} left`
          : '',
    );
  }

  const head = cut(label, Math.max(4, Math.floor(width / 3)));
  let tail = '';
  for (const part of parts.filter(Boolean)) {
    if (head.length + tail.length + part.length + 2 > width) break;
    tail += `  ${part}`;
  }
  const room = Math.min(40, width - head.length - tail.length - 1);
  if (total === undefined || room < 6) return cut(head + tail, width);
  const bar = barOf(total === 0 ? 1 : Math.min(1, completed / total), room);
  return `${head} ${colour ? `\u001b[36m${bar}\u001b[0m` : bar}${tail}`;
}

/** A bar of `width` columns in steps of an eighth of a column. */
function barOf(share: number, width: number): string {
  const eighths = Math.round(share * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
  return `${'█'.repeat(full)}${rest}${'░'.repeat(width - full - rest.length)}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function groupDigits(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

function readableRate(rate: number): string {
  if (rate >= 1e9) return `${(rate / 1e9).toFixed(1)}G`;
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(1)}M`;
  if (rate >= 1e4) return `${(rate / 1e3).toFixed(0)}k`;
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}

function readableTime(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes}:${String(Math.round(seconds) % 60).padStart(2, '0')} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}
