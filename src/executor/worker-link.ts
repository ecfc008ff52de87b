/** What a worker pool needs from a place that workers live in. Threads and processes each provide it once. */
import type { Packed } from '../closure/index.ts';
import type { Bell } from './bell.ts';
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
  /** Workers of the pool: those that share the cores with what a task opens inside this one. */
  readonly siblings: number;
  /** Whether results should carry the memory in use. */
  readonly reportMemory: boolean;
  /** Workers ring it when there is news for a scheduler that sleeps or blocks. */
  readonly bell: Bell;
}

/** One worker, as its pool sees it. */
export interface WorkerLink {
  /** The worker is a thread of this process: a SharedArrayBuffer in a message is the same memory there. */
  readonly threads: boolean;
  readonly board: Board;
  /** Throws `DataCloneError` when something in the entries cannot be cloned; nothing is sent then. */
  post(entries: readonly ToWorker[], transfer: Transferable[]): void;
  /** The next waiting message, without returning to the event loop. */
  poll(): readonly FromWorker[] | undefined;
  /** Sends on what waits for room, where that happens; returns whether something is left. For a thread that blocks. */
  push?(): boolean;
  /** How the worker ended, when it is gone though its exit event has not come; undefined while it lives. */
  ended(): WorkerExit | undefined;
  kill(): void;
  /** Whether the worker keeps the process alive. */
  hold(keepAlive: boolean): void;
}

/** Starts a worker; throws when it cannot even be created. */
export type StartWorker = (setup: WorkerSetup, events: WorkerEvents) => WorkerLink;
