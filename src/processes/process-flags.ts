/** Node's command line flags and environment for a worker process. */
import { readFileSync } from 'node:fs';
import type { ResourceLimits } from 'node:worker_threads';
import { environmentVariable, environmentWith } from '../base/environment.ts';

/** Flags that say what the main process runs, not how. */
const program = /^(--eval|-e|--print|-p|-pe|--input-type|--check|-c|--interactive|-i|--run)(=|$)/;
/** Ports and files that only one process can have, and modes of the command line. */
const single = /^--(inspect|debug|watch|test|cpu-prof|heap-prof|prof|trace-event|build-|env-file)/;

/**
 * The flags of a worker: the caller's own or, without any, this process's but for those that say what it runs; then V8's
 * limits.
 */
export function processFlags(
  own: readonly string[] | undefined,
  limits: ResourceLimits | undefined,
  inherited: readonly string[] = process.execArgv,
): string[] {
  const flags: string[] = [];
  if (own !== undefined) flags.push(...own);
  else {
    for (let i = 0; i < inherited.length; i++) {
      const flag = inherited[i] as string;
      if (program.test(flag) || single.test(flag)) {
        // Node takes the first word that is no flag's value for the program: a word here belongs to the flag before it.
        while (i + 1 < inherited.length && !inherited[i + 1]?.startsWith('-')) i++;
      } else flags.push(flag);
    }
  }
  const { maxOldGenerationSizeMb, maxYoungGenerationSizeMb, stackSizeMb } = limits ?? {};
  if (maxOldGenerationSizeMb !== undefined) flags.push(`--max-old-space-size=${maxOldGenerationSizeMb}`);
  // The young generation is three semi-spaces.
  if (maxYoungGenerationSizeMb !== undefined)
    flags.push(`--max-semi-space-size=${Math.max(1, Math.floor(maxYoungGenerationSizeMb / 3))}`);
  // Threads get a stack of that size; a process has the system's, of which V8 uses as much as it is told.
  if (stackSizeMb !== undefined) flags.push(`--stack-size=${Math.floor(stackSizeMb * 1024 * 0.9)}`);
  return flags;
}

/**
 * A process has the stack that the system gives it, and dies without a word where V8 is told of a larger one.
 *
 * @throws RangeError that names the option and both sizes (Linux; elsewhere the system is not asked)
 */
export function checkStackSize(owner: string, limits: ResourceLimits | undefined): void {
  const { stackSizeMb } = limits ?? {};
  if (stackSizeMb === undefined || process.platform !== 'linux') return;
  let bytes: string | undefined;
  try {
    bytes = /^Max stack size +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  } catch {
    return; // no /proc here
  }
  const mb = Number(bytes) / 2 ** 20;
  if (bytes === undefined || stackSizeMb <= mb) return;
  throw new RangeError(
    `${owner}(): \`resourceLimits.stackSizeMb\` is ${stackSizeMb}, but the system gives a process ${mb} MB of stack; ` +
      'ask for less, or raise it before this program starts (ulimit -s)',
  );
}

/** Thread pools of native libraries; each would take all cores in every worker. */
const nativeThreads = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'BLIS_NUM_THREADS',
  'VECLIB_MAXIMUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'NUMBA_NUM_THREADS',
];

/**
 * The environment of a worker: this process's, limits for the threads of native libraries (`threads` of them, unless the
 * variable is set), then `own`.
 */
export function processEnvironment(
  threads: number,
  own: Readonly<Record<string, string>> | undefined,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const limits: Record<string, string> = {};
  for (const name of nativeThreads)
    if (environmentVariable(name) === undefined) limits[name] = String(threads);
  return environmentWith({ ...limits, ...more, ...own });
}
