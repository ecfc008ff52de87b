/**
 * Progress: how many items are done, and what the running ones have to say.
 *
 * `onProgress` hears of completed items and of every `context().report(…)`, with the index of the item that sent it;
 * `task.progress` is the latest news at any time.
 *
 * Python: tqdm around imap_unordered, dask.diagnostics.ProgressBar, celery's update_state
 */
import { context, threads, type Progress } from 'tutti';

const pool = threads({ workers: 2 });
const movements = ['Allegro', 'Andante', 'Scherzo', 'Finale'];

function rehearse(movement: string): number {
  context().report('first half');
  const letters = movement.length;
  context().report('second half');
  return letters;
}

const news: Progress[] = [];
const task = pool.map(movements, rehearse, { onProgress: (progress) => news.push(progress) });
console.log(`letters: ${(await task).join(' ')}`);

const reports = news.filter(({ index }) => index !== undefined);
for (const [index, movement] of movements.entries()) {
  const said = reports.filter((report) => report.index === index).map(({ data }) => data);
  console.log(`${movement} reported: ${said.join(', ')}`);
}

const counts = news.map(({ completed }) => completed);
console.log(`never backwards: ${counts.every((count, k) => k === 0 || count >= counts[k - 1]!)}`);
console.log(`done: ${task.progress?.completed} of ${task.progress?.total}`);

await pool.close();

// expected output:
// letters: 7 7 7 6
// Allegro reported: first half, second half
// Andante reported: first half, second half
// Scherzo reported: first half, second half
// Finale reported: first half, second half
// never backwards: true
// done: 4 of 4
