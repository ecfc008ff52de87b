/** Coordination: what threads and processes wait for each other with. */
export {
  AbandonedError,
  BrokenBarrierError,
  ChannelClosedError,
  DeadlockError,
  NotHeldError,
  WaitTimeoutError,
  WouldBlockError,
} from '../base/errors.ts';
export { allowBlocking } from '../base/blocking.ts';
export { AtomicFloat64, AtomicInt32, AtomicInt64 } from './atomic.ts';
export { AtomicRef } from './atomic-ref.ts';
export { Barrier, type BarrierOptions } from './barrier.ts';
export { Channel } from './channel.ts';
export { Condition, type ConditionOptions } from './condition.ts';
export { Event } from './event.ts';
export { Guard } from './guard.ts';
export { Latch } from './latch.ts';
export { Mutex } from './mutex.ts';
export { Once } from './once.ts';
export { PipeEnd, pipe } from './pipe.ts';
export { LifoQueue, PriorityQueue, Queue } from './queue.ts';
export { RecordChannel, type RecordChannelOptions } from './record-channel.ts';
export { ReentrantMutex } from './reentrant-mutex.ts';
export { RwLock } from './rw-lock.ts';
export { BoundedSemaphore, Semaphore } from './semaphore.ts';
export { select, selectAsync, type Selected } from './select.ts';
export { SeqLock } from './seq-lock.ts';
export type { SyncOptions } from './sync-object.ts';
export type { Taken, ValuesOptions } from './values.ts';
export type { WaitOptions } from './waiting.ts';
