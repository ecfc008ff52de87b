/** Tutti: write an ordinary function and play it on every core. */
export {
  CaptureError,
  ExecutorClosedError,
  QueueFullError,
  TaskTimeoutError,
  TuttiError,
  UnsupportedError,
  WorkerCrashedError,
  WorkerInitError,
} from './base/errors.ts';
export { usableCores } from './base/cores.ts';
export { move } from './memory/move.ts';
export { isShared, shared } from './memory/shared.ts';
export { deserialize, refuse, serialize, task } from './closure/index.ts';
export { context, type TaskContext } from './executor/context.ts';
export { Executor, Task } from './executor/index.ts';
export type {
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
export { threads } from './threads/threads.ts';
export {
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
