/**
 * The one base of all errors that Tutti itself raises.
 *
 * Errors thrown by your own functions are never wrapped: they arrive as they were thrown.
 * `code` is stable and meant for programs, `message` (action, cause, fix) is meant for people.
 */
export abstract class TuttiError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A value cannot travel to a worker (or back): `path` says which, `capturedBy` and `at` say where it was reached. */
export class CaptureError extends TuttiError {
  readonly code = 'ERR_TUTTI_CAPTURE';
  /** How the value was reached, such as `svc.db`. */
  readonly path: string;
  /** The function whose free variable led there, when one did. */
  readonly capturedBy: string | undefined;
  /** `file:line:column` of the reference inside that function. */
  readonly at: string | undefined;
  constructor(
    message: string,
    fields: { path: string; capturedBy?: string | undefined; at?: string | undefined; cause?: unknown },
  ) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.path = fields.path;
    this.capturedBy = fields.capturedBy;
    this.at = fields.at;
  }
}

/** The worker that ran a task died: it exited, ran out of memory, crashed or was killed. */
export class WorkerCrashedError extends TuttiError {
  readonly code = 'ERR_TUTTI_WORKER_CRASHED';
  readonly workerId: number;
  /** The task's name and id, such as `score (task #12, item 3)`. */
  readonly task: string | undefined;
  /** Index of the item that ran, for tasks over many items. */
  readonly index: number | undefined;
  readonly exitCode: number | undefined;
  readonly exitSignal: string | undefined;
  /** The memory limit that was hit, such as `heap 64 MB`. */
  readonly memoryLimit: string | undefined;
  constructor(
    message: string,
    fields: {
      workerId: number;
      task?: string | undefined;
      index?: number | undefined;
      exitCode?: number | undefined;
      exitSignal?: string | undefined;
      memoryLimit?: string | undefined;
      cause?: unknown;
    },
  ) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.workerId = fields.workerId;
    this.task = fields.task;
    this.index = fields.index;
    this.exitCode = fields.exitCode;
    this.exitSignal = fields.exitSignal;
    this.memoryLimit = fields.memoryLimit;
  }
}

/** The `init` function of a worker failed; `cause` is what it threw. Every task that waited for a worker rejects with this. */
export class WorkerInitError extends TuttiError {
  readonly code = 'ERR_TUTTI_WORKER_INIT';
}

/** A task ran longer than its `timeoutMs`. */
export class TaskTimeoutError extends TuttiError {
  readonly code = 'ERR_TUTTI_TIMEOUT';
  readonly timeoutMs: number;
  /** The task's name and id, such as `score (task #12, item 3)`. */
  readonly task: string | undefined;
  /** Index of the item that ran, for tasks over many items. */
  readonly index: number | undefined;
  readonly workerId: number | undefined;
  constructor(
    message: string,
    timeoutMs: number,
    fields: { task?: string; index?: number; workerId?: number } = {},
  ) {
    super(message);
    this.timeoutMs = timeoutMs;
    this.task = fields.task;
    this.index = fields.index;
    this.workerId = fields.workerId;
  }
}

/** More tasks wait than the executor's `maxQueue` allows. */
export class QueueFullError extends TuttiError {
  readonly code = 'ERR_TUTTI_QUEUE_FULL';
  readonly maxQueue: number;
  constructor(message: string, maxQueue: number) {
    super(message);
    this.maxQueue = maxQueue;
  }
}

/** The executor was closed or terminated before the call, or while the task waited. */
export class ExecutorClosedError extends TuttiError {
  readonly code = 'ERR_TUTTI_CLOSED';
}

/** The executor cannot do what was asked, such as blocking on an asynchronous function; the message names the alternative. */
export class UnsupportedError extends TuttiError {
  readonly code = 'ERR_TUTTI_UNSUPPORTED';
}

/** A package that is installed only by those who need it is not there; the message has the command that installs it. */
export class MissingPackageError extends TuttiError {
  readonly code = 'ERR_TUTTI_MISSING_PACKAGE';
  /** The package to install. */
  readonly packageName: string;
  constructor(message: string, packageName: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.packageName = packageName;
  }
}

/** Memory that several processes see, or a mapped file, could not be had: the system is short of it, or it is gone. */
export class SharedMemoryError extends TuttiError {
  readonly code = 'ERR_TUTTI_SHARED_MEMORY';
  /** The segment's name or the file's path. */
  readonly memory: string | undefined;
  /** The bytes asked for. */
  readonly byteLength: number | undefined;
  /** The bytes that were free, when the system told. */
  readonly free: number | undefined;
  constructor(
    message: string,
    fields: {
      memory?: string | undefined;
      byteLength?: number | undefined;
      free?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.memory = fields.memory;
    this.byteLength = fields.byteLength;
    this.free = fields.free;
  }
}

/** A structure of fixed capacity in shared memory has no room for a new entry. */
export class CapacityError extends TuttiError {
  readonly code = 'ERR_TUTTI_CAPACITY';
  /** The number of entries that it was made for. */
  readonly capacity: number;
  constructor(message: string, capacity: number) {
    super(message);
    this.capacity = capacity;
  }
}

/** The thread or process that held a lock died without letting go: what the lock protects may be half-written. */
export class AbandonedError extends TuttiError {
  readonly code = 'ERR_TUTTI_ABANDONED';
  /** How long the lock was waited for, in milliseconds, where that is how its end was told. */
  readonly waitedMs: number | undefined;
  /** The system's id of the thread that holds it, where the system tells. */
  readonly holder: number | undefined;
  constructor(message: string, waitedMs?: number, holder?: number) {
    super(message);
    this.waitedMs = waitedMs;
    this.holder = holder;
  }
}

/** Threads wait for each other in a circle, or one waits for itself: none of them would ever go on. */
export class DeadlockError extends TuttiError {
  readonly code = 'ERR_TUTTI_DEADLOCK';
  /** Who waits for what, and what they hold, one line or more for each. */
  readonly waits: readonly string[];
  constructor(message: string, waits: readonly string[] = []) {
    super(message);
    this.waits = waits;
  }
}

/** A blocking form would have to wait on a main thread, whose event loop it would stop; use the asynchronous form. */
export class WouldBlockError extends TuttiError {
  readonly code = 'ERR_TUTTI_WOULD_BLOCK';
}

/** A lock or semaphore was let go of by somebody who does not hold it, or more often than it was taken. */
export class NotHeldError extends TuttiError {
  readonly code = 'ERR_TUTTI_NOT_HELD';
}

/** The time for something to wait for is up, where no return value can say so. */
export class WaitTimeoutError extends TuttiError {
  readonly code = 'ERR_TUTTI_WAIT_TIMEOUT';
}

/** A barrier was aborted or reset, or somebody who waited at it gave up: it opens for nobody of this round. */
export class BrokenBarrierError extends TuttiError {
  readonly code = 'ERR_TUTTI_BROKEN_BARRIER';
}

/** Something was to be put into a channel or queue that takes nothing any more, or taken from one that gives nothing. */
export class ChannelClosedError extends TuttiError {
  readonly code = 'ERR_TUTTI_CHANNEL_CLOSED';
}

/** A pipeline was read a second time: its source is used up by the first. */
export class PipelineConsumedError extends TuttiError {
  readonly code = 'ERR_TUTTI_PIPELINE_CONSUMED';
}

/** A task group has ended: nothing can be started in it any more. */
export class TaskGroupClosedError extends TuttiError {
  readonly code = 'ERR_TUTTI_TASK_GROUP_CLOSED';
}

/**
 * An actor is gone: its worker died, it was disposed or killed, or it could not be made again. Calls under way and calls to
 * come reject with this.
 */
export class ActorDiedError extends TuttiError {
  readonly code = 'ERR_TUTTI_ACTOR_DIED';
  /** The actor's name; that of its class, when it was not given one. */
  readonly actor: string;
  constructor(message: string, actor: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.actor = actor;
  }
}

/** A call to an actor would wait for itself: a method that is called on its own behalf has not ended, and no other may start. */
export class ActorDeadlockError extends TuttiError {
  readonly code = 'ERR_TUTTI_ACTOR_DEADLOCK';
  readonly actor: string;
  constructor(message: string, actor: string) {
    super(message);
    this.actor = actor;
  }
}

/** No actor has this name, or another one has it already. */
export class ActorNameError extends TuttiError {
  readonly code = 'ERR_TUTTI_ACTOR_NAME';
  readonly actor: string;
  constructor(message: string, actor: string) {
    super(message);
    this.actor = actor;
  }
}
