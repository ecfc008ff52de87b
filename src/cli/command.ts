import type { Flags, FlagValues } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** One command of `tutti`, one file each. */
export interface Command {
  readonly name: string;
  /** A line for `tutti help`. */
  readonly summary: string;
  readonly flags: Flags;
  /** Runs it; resolves to the process's exit code. */
  run(flags: FlagValues, terminal: Terminal): number | Promise<number>;
}
