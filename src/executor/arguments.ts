/** The arguments of a call, kept small: most calls have one, and an array for it would be half of what it keeps. */

/** The only argument itself, unless that is an array; otherwise an array of all. */
export type Arguments = unknown;

/** `args` as they are kept. */
export function keptArguments(args: readonly unknown[]): Arguments {
  return args.length === 1 && !Array.isArray(args[0]) ? args[0] : args;
}

/** The array of arguments. */
export function argumentList(kept: Arguments): readonly unknown[] {
  return Array.isArray(kept) ? (kept as readonly unknown[]) : [kept];
}
