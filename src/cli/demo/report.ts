/** The demo's report: one HTML file with everything in it, readable in light and dark, without scripts or network. */
import { barChart } from './bar-chart.ts';
import type { Figure } from './figure.ts';
import {
  isWrong,
  showTime,
  showTolerance,
  showValue,
  speedUp,
  type DemoOutcome,
  type DemoRun,
} from './outcome.ts';
import { escapeMarkup } from './svg.ts';

/** The report of a run as the text of an HTML file. */
export function renderReport(run: DemoRun): string {
  const measured = run.outcomes.filter((outcome) => outcome.kind === 'measured');
  const right = measured.filter((outcome) => !isWrong(outcome)).length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tutti demo</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Tutti: ordinary functions on every core</h1>
<p class="lead">${measured.length} problems, each as a plain loop in one thread and on ${count(run.workers, 'worker thread')} in the same process.
${right === measured.length ? `<span class="ok">✓ every answer is right</span>` : `<span class="wrong">✗ ${measured.length - right} of ${measured.length} answers are wrong</span>`}</p>
${summary(run)}
${run.outcomes.map((outcome) => section(outcome)).join('\n')}
${machine(run)}
</main>
</body>
</html>
`;
}

function summary(run: DemoRun): string {
  const rows = run.outcomes.map((outcome) => {
    const name = `<th scope="row"><a href="#${outcome.problem.name}">${escapeMarkup(outcome.problem.title)}</a></th>`;
    if (outcome.kind === 'skipped')
      return `<tr>${name}<td colspan="4" class="skipped">skipped: data set not installed</td></tr>`;
    const { serialMs, threadsMs } = outcome.measured;
    const faster = speedUp(outcome.measured);
    return (
      `<tr>${name}<td>${showTime(serialMs)}</td><td>${showTime(threadsMs)}</td>` +
      `<td>${Math.round((100 * faster) / run.workers)}%</td><td>${mark(!isWrong(outcome))}</td></tr>`
    );
  });
  const bars = run.outcomes.flatMap((outcome) =>
    outcome.kind === 'measured'
      ? [
          {
            label: outcome.problem.name,
            value: speedUp(outcome.measured),
            text: `${speedUp(outcome.measured).toFixed(2)}×`,
          },
        ]
      : [],
  );
  const ideal = { value: run.workers, text: `${run.workers}× would be ideal` };
  return `<section>
<div class="scroll"><table>
<thead><tr><th scope="col">problem</th><th scope="col">plain loop</th><th scope="col">${count(run.workers, 'thread')}</th><th scope="col">efficiency per worker</th><th scope="col">answer</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
${bars.length > 0 ? figure({ kind: 'svg', caption: `Speed-up of threads over the plain loop.${run.note === undefined ? '' : ` Note: ${run.note}.`}`, svg: barChart(bars, { label: 'Speed-up by problem', mark: ideal }) }) : ''}
</section>`;
}

function section(outcome: DemoOutcome): string {
  const { name, title, about } = outcome.problem;
  const head = `<section id="${name}">\n<h2>${escapeMarkup(title)}</h2>\n<p>${escapeMarkup(about)}</p>`;
  if (outcome.kind === 'skipped') {
    return `${head}\n<p class="skipped">Skipped: its data set is not installed. Get it by <code>${escapeMarkup(outcome.install)}</code></p>\n</section>`;
  }
  const { checks, figures, input, pieces, rounds, serialMs, threadsMs } = outcome.measured;
  return `${head}
<p class="muted-text">${escapeMarkup(input)}; ${pieces.toLocaleString('en-US')} pieces of work; ${showTime(serialMs)} → ${showTime(threadsMs)}${rounds > 1 ? `, medians of ${rounds} rounds` : ''}</p>
<div class="scroll"><table>
<thead><tr><th scope="col">check</th><th scope="col">expected</th><th scope="col">computed on threads</th><th scope="col"></th></tr></thead>
<tbody>
${checks
  .map(
    (check) =>
      `<tr><th scope="row">${escapeMarkup(check.name)}</th><td>${escapeMarkup(showValue(check.expected))} <small>${showTolerance(check)}</small></td>` +
      `<td>${escapeMarkup(showValue(check.actual))}</td><td>${mark(check.ok)}</td></tr>`,
  )
  .join('\n')}
</tbody>
</table></div>
${figures.map(figure).join('\n')}
</section>`;
}

function figure(content: Figure): string {
  const picture =
    content.kind === 'svg'
      ? content.svg
      : `<img alt="${escapeMarkup(content.alt)}" src="data:image/png;base64,${Buffer.from(content.png).toString('base64')}">`;
  return `<figure><div class="scroll">${picture}</div><figcaption>${escapeMarkup(content.caption)}</figcaption></figure>`;
}

function machine({ machine: here, workers, settings }: DemoRun): string {
  const rows = [
    ['processor', here.cpu],
    [
      'cores',
      `${here.usableCores} usable${here.hostCores === here.usableCores ? '' : ` of ${here.hostCores}`}`,
    ],
    ['workers', String(workers)],
    ['memory', `${(here.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['platform', here.platform],
    ['Node', `${here.node} (V8 ${here.v8})`],
    ['Tutti', here.tutti],
  ];
  return `<section>
<h2>Machine and method</h2>
<div class="scroll"><table class="facts"><tbody>
${rows.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${escapeMarkup(value!)}</td></tr>`).join('\n')}
</tbody></table></div>
<p>Both sides run the same functions on the same pieces. First every thread, the loop's and each worker, works
through equally many pieces untimed, since the engine compiles functions anew in each of them; then loop and threads take turns, and medians are shown. The loop uses no part of Tutti.
Speed-up is loop time divided by threads time; efficiency is speed-up divided by the number of workers.
Reading the files is part of the time for the word counts, and not for the flights.</p>
<p>Run it yourself: <code>npx tutti demo${settings.problemClass === 'S' ? '' : ` --class ${settings.problemClass}`}</code>, or a part of it:
<code>npx tutti demo --only ep,mandelbrot --workers 4</code></p>
</section>`;
}

function mark(ok: boolean): string {
  return ok ? '<span class="ok">✓</span>' : '<span class="wrong">✗</span>';
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

const STYLE = `
:root { color-scheme: light dark; --page: #fbfbf9; --ink: #1d2430; --muted: #5d6775; --rule: #d9dde3; --bar: #2a7f9e; --strong: #c2410c; --faint: #2a7f9e; --empty: #eceef1; --good: #18794e; --bad: #c62828; --code: #eef0f3; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14181f; --ink: #e6e9ee; --muted: #9aa5b4; --rule: #333c49; --bar: #4fb0d1; --strong: #ff9a5c; --faint: #4fb0d1; --empty: #202733; --good: #5bd69a; --bad: #ff7b72; --code: #222a36; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 20px; margin: 48px 0 4px; }
p { margin: 8px 0; max-width: 70ch; }
a { color: inherit; text-decoration-color: var(--muted); }
code { background: var(--code); padding: 1px 5px; border-radius: 4px; font-size: 14px; }
table { border-collapse: collapse; margin: 16px 0; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { padding: 5px 14px 5px 0; text-align: right; border-bottom: 1px solid var(--rule); }
td { white-space: nowrap; }
td:last-child, thead th:last-child { padding-right: 4px; }
.muted-text { font-size: 14px; }
th:first-child { text-align: left; font-weight: 500; }
.facts td { text-align: left; }
.facts th { color: var(--muted); }
thead th { color: var(--muted); font-weight: 400; font-size: 13px; }
small, .muted-text, figcaption { color: var(--muted); }
figure { margin: 20px 0 28px; }
figcaption { font-size: 14px; max-width: 70ch; margin-top: 8px; }
img { max-width: 100%; height: auto; border-radius: 6px; display: block; }
.scroll { overflow-x: auto; }
.ok { color: var(--good); font-weight: 600; }
.wrong { color: var(--bad); font-weight: 600; }
.skipped { color: var(--muted); text-align: left; }
svg { display: block; max-width: 100%; height: auto; }
svg.wide { min-width: 640px; }
svg .ink { fill: var(--ink); }
svg .muted { fill: var(--muted); }
svg .small { font-size: 11px; }
svg .dark { fill: #14181f; }
svg .light { fill: #ffffff; }
svg .bar { fill: var(--bar); }
svg .empty { fill: var(--empty); }
svg .grid { stroke: var(--rule); }
svg .axis { stroke: var(--muted); }
svg .mark { stroke: var(--muted); stroke-dasharray: 4 3; }
svg .halo { paint-order: stroke; stroke: var(--page); stroke-width: 4px; }
svg .line { fill: none; stroke-linejoin: round; }
svg .faint { stroke: var(--faint); stroke-opacity: 0.45; }
svg .strong { stroke: var(--strong); stroke-width: 1.8; }
`;
