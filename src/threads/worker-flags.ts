/** Node's command line flags for a worker thread. */

/** Flags with a meaning for modules that a worker loads; each may be followed by its value. */
const loading = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(=|$)/;
const switches =
  /^--(no-warnings|enable-source-maps|experimental-[\w-]+|no-experimental-[\w-]+|trace-[\w-]+)(=|$)/;

/**
 * What to give `new Worker` as `execArgv`: the caller's own, or nothing (a worker then inherits this process's flags).
 *
 * `node --input-type=module -e …` is the exception: the inherited flag would apply to the worker's own entry file and
 * stop it, so only the flags that matter to loading are passed on.
 */
export function workerFlags(
  own: readonly string[] | undefined,
  inherited: readonly string[] = process.execArgv,
): readonly string[] | undefined {
  if (own !== undefined) return own;
  if (!inherited.some((flag) => flag.startsWith('--input-type'))) return undefined;
  const kept: string[] = [];
  for (let i = 0; i < inherited.length; i++) {
    const flag = inherited[i] as string;
    const takesNext = loading.test(flag) && !flag.includes('=');
    if (switches.test(flag) || loading.test(flag)) kept.push(flag);
    if (takesNext) kept.push(inherited[++i] as string);
  }
  return kept;
}
