/** The executor surface: what backends implement, what executors offer. */
export { controls, getActor } from './actors/handle.ts';
export type { ActorOptions } from './actors/actor-options.ts';
export type { ActorState } from './actors/actor-state.ts';
export type {
  Actor,
  ActorCallOptions,
  ActorClass,
  ActorControls,
  ActorMethod,
  ActorStream,
} from './actors/actor-type.ts';
export type {
  Backend,
  BackendStats,
  Capabilities,
  Chunk,
  ChunkOutcome,
  ChunkSink,
  Op,
  RangeState,
} from './backend.ts';
export { Executor, type ExecutorStats, type Flattened, type Folded, type Pairs } from './executor.ts';
export type { TaskCounts } from './executor-core.ts';
export type { Range } from './for.ts';
export type { AnyItems, Items } from './inputs.ts';
export { executorOptions } from './options.ts';
export type {
  BulkOptions,
  CallOptions,
  ExecutorOptions,
  FindOptions,
  ForOptions,
  Progress,
  RetryOptions,
  StreamOptions,
  ValidatedOptions,
} from './options.ts';
export type { ResultStream } from './stream.ts';
export { Task, type TaskStatus } from './task.ts';
