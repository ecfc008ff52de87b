/** Finds the command that `argv` names, runs it, and turns what goes wrong into a message and an exit code. */
import { nearest } from '../base/options.ts';
import { TuttiError } from '../base/errors.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { flagLines, parseFlags } from './flags.ts';
import { info } from './info.ts';
import { packageVersion } from './package-version.ts';
import { alignColumns, paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** In the order of `tutti help`. */
const COMMANDS: readonly Command[] = [demo, info];

/**
 * Runs `tutti` with these arguments (without `node` and the script).
 *
 * @returns the exit code: 0 done, 1 failed (for `demo`: an answer is wrong), 2 the command line is wrong.
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    if (!(error instanceof TuttiError) && !isSystemError(error)) throw error;
    terminal.err.write(`${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.out.write(rest[0] === undefined ? overview(terminal) : helpFor(find(rest[0]), terminal));
    return 0;
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    terminal.out.write(`${packageVersion()}\n`);
    return 0;
  }
  const command = find(name);
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out.write(helpFor(command, terminal));
    return 0;
  }
  return command.run(parseFlags(command.name, rest, command.flags), terminal);
}

function find(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command) return command;
  const names = [...COMMANDS.map((candidate) => candidate.name), 'help'];
  const close = nearest(name, names);
  throw new UsageError(
    `tutti: there is no ${name.startsWith('-') ? 'flag' : 'command'} ${name}.${close ? ` Did you mean ${close}?` : ''}\n` +
      `Commands: ${names.join(', ')}; flags: --help, --version`,
  );
}

function overview(terminal: Terminal): string {
  const rows = [
    ...COMMANDS.map((command) => [`  tutti ${command.name}`, command.summary]),
    ['  tutti help <command>', 'show the flags of a command'],
    ['  tutti --version', 'show the version'],
  ];
  return (
    `Tutti ${packageVersion()}: write an ordinary function and play it on every core.\n\n` +
    `${alignColumns(rows, [0, 1], (cell, _, column) => (column === 0 ? paint(terminal, 'bold', cell) : cell))}\n`
  );
}

function helpFor(command: Command, terminal: Terminal): string {
  return `${paint(terminal, 'bold', `tutti ${command.name}`)}: ${command.summary}\n\nFlags:\n${flagLines(command.flags).join('\n')}\n`;
}

/** A file that cannot be written and the like: the system's message says it all. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
