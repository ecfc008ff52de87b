/** What the suites need from a worker pool; each peer has one file that drives it. */
import type * as kernels from '../problems/kernels.ts';
import type * as tasks from './tasks.ts';

/** A function of `tasks.ts`, by name: that is how most pools are told what to run. Pools of the problems know the kernels instead. */
export type TaskName = keyof typeof tasks | keyof typeof kernels;

/** An open pool. */
export interface PeerPool {
  run(task: TaskName, argument: unknown): Promise<unknown>;
  /** Like `run`, with the argument's memory transferred instead of copied. Absent when the pool cannot. */
  move?(task: TaskName, argument: Float64Array<ArrayBuffer>): Promise<unknown>;
  /** `x * x` of many numbers in the pool's own bulk form. Absent when it has none: then chunks of numbers are tasks. */
  squares?(items: readonly number[]): Promise<ArrayLike<number>>;
  close(): Promise<unknown>;
}

export interface Peer {
  readonly name: string;
  /** The settings that make this row, where they are not the defaults. */
  readonly settings: string;
  /** Loads the package; what it returns opens a pool with so many workers. */
  load(): Promise<(workers: number) => PeerPool | Promise<PeerPool>>;
}

/** Where a worker file or the tasks lie, compiled, beside this file. */
export function urlOf(name: string): URL {
  return new URL(name, import.meta.url);
}
