/** Command-line flags: a declaration that both the parser and the help text read. */
import { parseArgs } from 'node:util';
import { nearest } from '../base/options.ts';
import { UsageError } from './usage-error.ts';

/** One flag of a command; `value` is the placeholder of its value in help, absent for a switch. */
export interface Flag {
  readonly help: string;
  readonly value?: string;
  readonly short?: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** What the user gave: a string for flags with a value, `true` for switches, absent otherwise. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Reads `argv` by the declared flags, nothing else accepted.
 *
 * @throws UsageError naming the flags that exist (and the likely one) when a flag is unknown, lacks its value,
 * or when there is an argument that belongs to no flag.
 */
export function parseFlags(command: string, argv: readonly string[], flags: Flags): FlagValues {
  for (const word of argv) {
    if (word === '--') break;
    const name = /^--([^=]+)/.exec(word)?.[1];
    if (name !== undefined && !Object.hasOwn(flags, name))
      throw unknownFlag(command, `--${name}`, name, flags);
    const letter = /^-([^-\d])/.exec(word)?.[1];
    if (letter !== undefined && !Object.values(flags).some((flag) => flag.short === letter)) {
      throw unknownFlag(command, `-${letter}`, letter, flags);
    }
  }
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: Object.fromEntries(
        Object.entries(flags).map(([name, flag]) => [
          name,
          {
            type: flag.value === undefined ? 'boolean' : 'string',
            ...(flag.short ? { short: flag.short } : {}),
          },
        ]),
      ),
      strict: true,
      allowPositionals: false,
    });
    return values as FlagValues;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`tutti ${command}: ${firstSentence(error.message)}\n${listFlags(command, flags)}`, {
      cause: error,
    });
  }
}

/** Reads a flag's value as a whole number from 1 on. */
export function positiveInteger(command: string, name: string, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < 1) {
    throw new UsageError(`tutti ${command}: --${name} takes a whole number of at least 1, not "${value}"`);
  }
  return number;
}

/** Reads a flag's value as one of `choices`. */
export function oneOf<T extends string>(
  command: string,
  name: string,
  value: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const close = nearest(value, choices);
  throw new UsageError(
    `tutti ${command}: --${name} knows ${choices.join(', ')}; not "${value}"${close ? `. Did you mean ${close}?` : ''}`,
  );
}

/** The flags of a command as aligned lines, for help and for errors. */
export function flagLines(flags: Flags): string[] {
  const heads = Object.entries(flags).map(
    ([name, flag]) => `${flag.short ? `-${flag.short}, ` : ''}--${name}${flag.value ? ` ${flag.value}` : ''}`,
  );
  const width = Math.max(0, ...heads.map((head) => head.length));
  return Object.values(flags).map((flag, i) => `  ${heads[i]!.padEnd(width)}  ${flag.help}`);
}

function unknownFlag(command: string, shown: string, name: string, flags: Flags): UsageError {
  const close = nearest(name, Object.keys(flags));
  const hint = close ? ` Did you mean --${close}?` : '';
  return new UsageError(`tutti ${command}: there is no flag ${shown}.${hint}\n${listFlags(command, flags)}`);
}

function listFlags(command: string, flags: Flags): string {
  return [`Flags of tutti ${command}:`, ...flagLines(flags)].join('\n');
}

function firstSentence(message: string): string {
  return message.split(/\. |\n/)[0]!.replace(/\.?$/, '.');
}
