/** Tutti: write an ordinary function and play it on every core. */
export {
  AbandonedError,
  BrokenBarrierError,
  CapacityError,
  ActorDeadlockError,
  ActorDiedError,
  ActorNameError,
  CaptureError,
  ChannelClosedError,
  DeadlockError,
  ExecutorClosedError,
  MissingPackageError,
  NotHeldError,
  PipelineConsumedError,
  QueueFullError,
  SharedMemoryError,
  TaskGroupClosedError,
  TaskTimeoutError,
  TuttiError,
  UnsupportedError,
  WaitTimeoutError,
  WorkerCrashedError,
  WorkerInitError,
  WouldBlockError,
} from './base/errors.ts';
export { usableCores } from './base/cores.ts';
export { unmap, type MemoryHandle } from './memory/handle.ts';
export { mapFile, type FileHandle, type MapFileOptions, type MapMode } from './memory/map-file.ts';
export { move } from './memory/move.ts';
export { segment, type Segment, type SegmentHandle } from './memory/segment.ts';
export { isShared, shared, type SharedOptions } from './memory/shared.ts';
export { deserialize, refuse, serialize, task } from './closure/index.ts';
export { context, type TaskContext } from './executor/context.ts';
export { controls, Executor, getActor, Task } from './executor/index.ts';
export type {
  Actor,
  ActorCallOptions,
  ActorClass,
  ActorControls,
  ActorMethod,
  ActorOptions,
  ActorState,
  ActorStream,
  AnyItems,
  BackendStats,
  BulkOptions,
  CallOptions,
  ExecutorOptions,
  ExecutorStats,
  FindOptions,
  Flattened,
  Folded,
  ForOptions,
  Items,
  Pairs,
  Progress,
  Range,
  ResultStream,
  RetryOptions,
  StreamOptions,
  TaskCounts,
  TaskStatus,
} from './executor/index.ts';
export { serial } from './executor/serial.ts';
export {
  asCompleted,
  failedAt,
  pipeline,
  race,
  TaskGroup,
  wait,
  waitAll,
  waitAny,
  waitFirst,
} from './parallel/index.ts';
export type {
  BatchOptions,
  CompletedTask,
  FailurePlace,
  LocalSinkOptions,
  LocalStageOptions,
  Pipeline,
  PipelineIterator,
  PipelineOptions,
  PipeToOptions,
  PoolSinkOptions,
  PoolStageOptions,
  StageContext,
  TaskGroupOptions,
  TaskGroupRunOptions,
  Transformer,
  Waited,
  WaitingOptions,
  WaitOptions,
  WindowOptions,
  Work,
} from './parallel/index.ts';
export { processes, type ProcessesOptions } from './processes/processes.ts';
export { reusable } from './processes/reusable.ts';
export { threads } from './threads/threads.ts';
export {
  actor,
  broadcast,
  every,
  filter,
  find,
  findIndex,
  flatMap,
  forEach,
  map,
  mapReduce,
  mapSync,
  parallelFor,
  reduce,
  some,
  starmap,
  stream,
  submit,
  submitSync,
} from './threads/default-executor.ts';
