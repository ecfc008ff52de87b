/** Pipelines and structured concurrency over executors. */
export { asCompleted, type CompletedTask } from './as-completed.ts';
export { failedAt, type FailurePlace } from './failure-place.ts';
export { pipeline, type Pipeline } from './pipeline.ts';
export type { PipelineIterator } from './pipeline-iterator.ts';
export { race } from './race.ts';
export type {
  BatchOptions,
  LocalSinkOptions,
  LocalStageOptions,
  PipelineOptions,
  PipeToOptions,
  PoolSinkOptions,
  PoolStageOptions,
  StageContext,
  WindowOptions,
} from './stage-options.ts';
export { TaskGroup, type TaskGroupOptions, type TaskGroupRunOptions } from './task-group.ts';
export type { Transformer } from './through.ts';
export { wait, waitAll, waitAny, waitFirst, type Waited } from './wait.ts';
export type { WaitingOptions, WaitOptions } from './waiting-options.ts';
export type { Work } from './work.ts';
