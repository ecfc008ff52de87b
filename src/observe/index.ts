/** Readers of what executors report: they watch and change nothing. */
export {
  progressBar,
  type ProgressBar,
  type ProgressBarOptions,
  type ProgressLike,
  type ProgressStream,
} from './progress.ts';
