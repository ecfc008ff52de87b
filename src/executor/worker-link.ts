/** What a worker pool needs from a place that workers live in. Threads and processes each provide it once. */
import type { Packed } from '../closure/index.ts';
import type { Board } from './board.ts';
import type { FromWorker, ToWorker, Transferable } from './wire.ts';

/** How a worker came to its end. */
export interface WorkerExit {
  readonly code?: number | undefined;
  readonly signal?: string | undefined;
  /** What went uncaught in the worker, or why it did not start. */
  readonly error?: unknown;
  /** The memory limit that it ran into. */
  readonly memoryLimit?: string | undefined;
}

export interface WorkerEvents {
  message(entries: readonly FromWorker[]): void;
  /** Called once; nothing comes after it. */
  exit(exit: WorkerExit): void;
}

/** What a new worker gets on its way. */
export interface WorkerSetup {
  readonly id: number;
  readonly init: Packed | undefined;
  readonly teardown: Packed | undefined;
  /** Share of the cores for pools that tasks open inside the worker. */
  readonly nestedWorkers: number;
  /** Whether results should carry the memory in use. */
  readonly reportMemory: boolean;
  /** Workers add to `[0]` and notify when they have posted; a blocked scheduler waits on it. `[1]` says that one waits. */
  readonly bell: Int32Array<SharedArrayBuffer>;
}

/** One worker, as its pool sees it. */
export interface WorkerLink {
  readonly board: Board;
  /** Throws `DataCloneError` when something in the entries cannot be cloned; nothing is sent then. */
  post(entries: readonly ToWorker[], transfer: Transferable[]): void;
  /** The next waiting message, without returning to the event loop. */
  poll(): readonly FromWorker[] | undefined;
  /** The worker is gone, though its exit event may not have come yet. */
  isDead(): boolean;
  kill(): void;
  /** Whether the worker keeps the process alive. */
  hold(keepAlive: boolean): void;
}

/** Starts a worker; throws when it cannot even be created. */
export type StartWorker = (setup: WorkerSetup, events: WorkerEvents) => WorkerLink;
