/**
 * Environment variables. The only file that reads `process.env`: what the surroundings can change about Tutti
 * is listed here and nowhere else.
 *
 * | variable | effect |
 * |---|---|
 * | `TUTTI_WORKERS` | number of workers that executors start by default, in place of {@link usableCores} |
 * | `TUTTI_DEBUG` | what to look for in development, by commas: `sync` finds deadlocks and long waits |
 * | `TUTTI_TRACKER` | id of the process that cleans up shared memory, set for the child processes of one program |
 */

/** The value of an environment variable; an empty one counts as absent. */
export function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** The value of an environment variable that holds an integer from `min` to `max`; another value throws a RangeError. */
export function environmentInteger(name: string, min: number, max: number): number | undefined {
  const text = environmentVariable(name)?.trim();
  if (text === undefined || text === '') return undefined;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new RangeError(
    `environment variable ${name} must be an integer from ${min} to ${max}, but is ${JSON.stringify(text)}; correct or unset it`,
  );
}

/** The topics of `TUTTI_DEBUG`. */
export function debugTopics(): ReadonlySet<string> {
  const text = environmentVariable('TUTTI_DEBUG') ?? '';
  return new Set(text.split(',').map((topic) => topic.trim()));
}

/** A copy of the whole environment with `changes` on top, for a worker that gets an environment of its own. */
export function environmentWith(changes: Readonly<Record<string, string>>): Record<string, string> {
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) copy[name] = value;
  return Object.assign(copy, changes);
}
