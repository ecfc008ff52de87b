/** What a problem of the demo is: pieces of work, a plain loop over them, the same on threads, and how to tell that it is right. */
import type { Executor } from '../../executor/executor.ts';
import type { Progress } from '../../executor/options.ts';
import type { Check } from './check.ts';
import type { Figure } from './figure.ts';
import { measure, type Measured, type MeasureHooks } from './measure.ts';

/** The flags that problems read. */
export interface DemoSettings {
  /** Problem class of EP. */
  readonly problemClass: 'S' | 'W' | 'A';
}

/** A problem with its input at hand. */
export interface Case<Item, Result> {
  /** What goes in, for the table: `200,000 flights in 64 pieces`. */
  readonly input: string;
  readonly items: readonly Item[];
  /** What an ordinary program does: a loop in this thread. */
  serial(items: readonly Item[]): Result;
  /** The same with an executor. */
  threads(pool: Executor, items: readonly Item[], onProgress: (progress: Progress) => void): Promise<Result>;
  check(serial: Result, threads: Result): Check[];
  figures(result: Result): Figure[];
}

/** A problem that can be run, its types hidden. */
export interface Problem {
  readonly name: string;
  readonly title: string;
  /** What is computed and where the input or the known answer comes from, in a sentence or two for the report. */
  readonly about: string;
  run(settings: DemoSettings, pool: Executor, hooks: MeasureHooks): Promise<Measured>;
}

/** Declares a problem. `prepare` gets the input; it throws `MissingDatasetError` when that is not installed. */
export function problem<Item, Result>(
  name: string,
  title: string,
  about: string,
  prepare: (settings: DemoSettings) => Case<Item, Result> | Promise<Case<Item, Result>>,
): Problem {
  return {
    name,
    title,
    about,
    run: async (settings, pool, hooks) => measure(await prepare(settings), pool, hooks),
  };
}
