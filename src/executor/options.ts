/** What an executor and its calls can be told: the public option types and their one validation. */
import type { ResourceLimits } from 'node:worker_threads';
import { MAX_WORKERS } from '../base/cores.ts';
import {
  abortSignal,
  boolean,
  either,
  func,
  integer,
  nested,
  number,
  object,
  optionChecker,
  string,
  stringList,
  stringRecord,
} from '../base/options.ts';

/** What `threads()` and `serial()` accept. */
export interface ExecutorOptions {
  /** Number of workers; default: the cores this process may use. */
  workers?: number;
  /** Name of the executor in errors and in `stats`. */
  name?: string;
  /** Submitted tasks that may wait beyond those the workers hold; one more rejects with `QueueFullError`. Default: no limit. */
  maxQueue?: number;
  /** Makes `context().random()` repeatable: the same calls in the same order draw the same numbers. Default: random. */
  seed?: number;
  /** Runs in each worker before its first task; captured like a task. */
  init?: () => unknown;
  /** Runs in each worker before it ends. */
  teardown?: () => unknown;
  /** A worker that has run this many tasks is replaced. */
  maxTasksPerWorker?: number;
  /** A worker whose heap and external memory pass this many bytes is replaced once it is idle. */
  maxWorkerMemory?: number;
  /** A worker without work for this long ends; the next task starts a new one. */
  idleTimeoutMs?: number;
  /**
   * Keep one more worker than `workers`, started and idle, which takes the place of one that is killed, dies or is replaced:
   * the next task need not wait for a start. It needs some megabytes of memory and no time, runs `init` as the others do, and does
   * not keep the process alive. `true`: from the first worker on; `false`: never. Default: once a worker has been lost, or is about
   * to be, because its task goes on after it was asked to stop; never in pools that are opened inside a task.
   */
  spare?: boolean;
  /** V8's limits per worker thread. */
  resourceLimits?: ResourceLimits;
  /** Environment variables of the workers, added to those of this process. */
  env?: Record<string, string>;
  /** Node's command line flags for the workers. */
  execArgv?: string[];
  /** Time between the request to stop a task and the end of its worker; default 250. */
  graceMs?: number;
}

/** How a failing item is tried again. */
export interface RetryOptions {
  /** How often an item is tried again after its first failure. */
  limit: number;
  /** Wait before the first retry; default 0. */
  backoffMs?: number;
  /** The wait grows by this factor from retry to retry; default 2. */
  factor?: number;
  /** The longest wait between two tries; default: no limit. */
  maxBackoffMs?: number;
  /** Whether to try again after this error; `attempt` counts the tries so far, from 1. Default: always. */
  on?: (error: unknown, attempt: number) => boolean;
}

/** What has happened in a task so far. */
export interface Progress {
  /** Items that have their result. */
  readonly completed: number;
  /** Number of items, where it is known: a stream's is not before its end. */
  readonly total: number | undefined;
  /** The item that called `context().report(data)`; `undefined` when the news is that items were completed. */
  readonly index: number | undefined;
  /** What the item reported. */
  readonly data: unknown;
}

/** Options of every call. */
export interface CallOptions {
  /** Cancels the task when it aborts; the task rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Longest time that one item may run, from when a worker starts it; then the item fails with `TaskTimeoutError`. */
  timeoutMs?: number;
  /** Tries a failing item again, this often or by these rules. What it did before it failed happens again: pure tasks only. */
  retries?: number | RetryOptions;
  /** Tasks of higher priority start first; default 0. */
  priority?: number;
  /** Time between the request to stop and the end of the worker; default: the executor's. */
  graceMs?: number;
  /** Seed of the call: each item draws its `context().random()` from its own stream of it. Default: next from the executor's. */
  seed?: number;
  /** Called with every report of an item and whenever items were completed. An error in it fails the task. */
  onProgress?: (progress: Progress) => void;
  /** Name of the task in errors; default: the function's. */
  name?: string;
}

/** Options of calls over many items. */
export interface BulkOptions extends CallOptions {
  /** Items per chunk (the unit that goes to a worker). Default: adapts to the time that items take. */
  chunk?: number;
  /**
   * The calling thread takes part in the work, as worker 0 with copies of what the function reaches. It is blocked for
   * about 5 ms at a time, or as long as one item (or one `chunk`) takes: a function that never ends blocks it for ever.
   * Not where functions or items bring classes of their own, with `timeoutMs`, or in blocking calls. Default: false.
   */
  help?: boolean;
}

/** Options of `stream`. */
export interface StreamOptions extends Omit<BulkOptions, 'help'> {
  /** Results in the order of the input (the default), or as they come. */
  ordered?: boolean;
  /** Most items that are taken from the input and not yet yielded. Default: a few chunks for each worker, at least 64. */
  window?: number;
}

/** Options of `find` and `findIndex`. */
export interface FindOptions extends BulkOptions {
  /** `true` (the default): the hit of lowest index, as `Array.prototype.find`; `false`: whichever comes first. */
  ordered?: boolean;
}

/** Options of `for`. */
export interface ForOptions extends CallOptions {
  /** Smallest number of iterations that a worker takes at once. Default: from the number of iterations. */
  grain?: number;
  /** The calling thread takes part, for about 5 ms at a time: see {@link BulkOptions.help}. */
  help?: boolean;
}

/** Retry rules with every default filled in. */
export interface RetryRules {
  readonly limit: number;
  readonly backoffMs: number;
  readonly factor: number;
  readonly maxBackoffMs: number;
  readonly on: ((error: unknown, attempt: number) => boolean) | undefined;
}

/** A call's options as the operations read them: checked, the executor's defaults filled in. */
export interface CallSettings {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly retries: RetryRules | undefined;
  readonly priority: number;
  readonly graceMs: number;
  readonly seed: number | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly name: string | undefined;
  readonly chunk: number | undefined;
  readonly ordered: boolean;
  readonly window: number | undefined;
  readonly grain: number | undefined;
  readonly help: boolean;
}

/** An executor's options, checked, with every default filled in. */
export interface ValidatedOptions {
  readonly workers: number;
  readonly name: string;
  /** Infinity when there is no limit. */
  readonly maxQueue: number;
  readonly seed: number;
  readonly init: (() => unknown) | undefined;
  readonly teardown: (() => unknown) | undefined;
  readonly maxTasksPerWorker: number | undefined;
  readonly maxWorkerMemory: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly spare: boolean | undefined;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly graceMs: number;
}

/** Longest delay that a timer of the platform can keep. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const DEFAULT_GRACE_MS = 250;

const executorRules = {
  workers: integer({ min: 1, max: MAX_WORKERS }),
  name: string(),
  maxQueue: integer({ min: 0 }),
  seed: integer(),
  init: func<() => unknown>(),
  teardown: func<() => unknown>(),
  maxTasksPerWorker: integer({ min: 1 }),
  maxWorkerMemory: integer({ min: 1 }),
  idleTimeoutMs: number({ min: 0, max: MAX_DELAY_MS }),
  spare: boolean(),
  resourceLimits: object<ResourceLimits>(),
  env: stringRecord(),
  execArgv: stringList(),
  graceMs: number({ min: 0, max: MAX_DELAY_MS }),
};

const checkRetries = (owner: string) =>
  optionChecker(owner, {
    limit: integer({ min: 0 }),
    backoffMs: number({ min: 0, max: MAX_DELAY_MS }),
    factor: number({ min: 1 }),
    maxBackoffMs: number({ min: 0, max: MAX_DELAY_MS }),
    on: func<(error: unknown, attempt: number) => boolean>(),
  });

const callRules = (owner: string) => ({
  signal: abortSignal(),
  timeoutMs: number({ min: 1, max: MAX_DELAY_MS }),
  retries: either(integer({ min: 0 }), nested(checkRetries(owner))),
  priority: number(),
  graceMs: number({ min: 0, max: MAX_DELAY_MS }),
  seed: integer(),
  onProgress: func<(progress: Progress) => void>(),
  name: string(),
});

const chunkRules = (owner: string) => ({ ...callRules(owner), chunk: integer({ min: 1 }) });
const bulkRules = (owner: string) => ({ ...chunkRules(owner), help: boolean() });
const findRules = (owner: string) => ({ ...bulkRules(owner), ordered: boolean() });

/** Which options a call accepts besides `CallOptions`. */
const rulesOf = {
  call: callRules,
  bulk: bulkRules,
  find: findRules,
  stream: (owner: string) => ({ ...chunkRules(owner), ordered: boolean(), window: integer({ min: 1 }) }),
  for: (owner: string) => ({ ...callRules(owner), grain: integer({ min: 1 }), help: boolean() }),
};

/** The kind of a call, as far as its options are concerned. */
export type CallKind = keyof typeof rulesOf;

type CheckedCall = { [K in keyof CallSettings]?: CallSettings[K] | undefined } & {
  retries?: number | Partial<RetryRules> | undefined;
};
const checkers = new Map<string, (options: unknown) => CheckedCall>();

/**
 * The settings of one call of `owner()`: `options` checked, what is absent taken from `defaults`.
 *
 * Throws a TypeError or a RangeError that names the option, what was given and what is allowed.
 */
export function callSettings(
  owner: string,
  kind: CallKind,
  options: unknown,
  defaults: CallSettings,
): CallSettings {
  if (options === undefined) return defaults;
  let check = checkers.get(owner);
  if (check === undefined) {
    check = optionChecker(owner, rulesOf[kind](owner)) as (options: unknown) => CheckedCall;
    checkers.set(owner, check);
  }
  const { retries, ...rest } = check(options);
  const settings = { ...defaults, ...rest } as CallSettings;
  return retries === undefined ? settings : { ...settings, retries: retryRules(owner, retries) };
}

function retryRules(owner: string, given: number | Partial<RetryRules>): RetryRules | undefined {
  const rules = typeof given === 'number' ? { limit: given } : given;
  if (rules.limit === undefined) {
    throw new TypeError(
      `${owner}(): option \`retries.limit\` is missing: how often may an item be tried again?`,
    );
  }
  if (rules.limit === 0) return undefined;
  const { limit, backoffMs = 0, factor = 2, maxBackoffMs = MAX_DELAY_MS, on } = rules;
  return { limit, backoffMs, factor, maxBackoffMs, on };
}

/** The settings of a call without options. */
export function defaultSettings(graceMs: number): CallSettings {
  return {
    signal: undefined,
    timeoutMs: undefined,
    retries: undefined,
    priority: 0,
    graceMs,
    seed: undefined,
    onProgress: undefined,
    name: undefined,
    chunk: undefined,
    ordered: true,
    window: undefined,
    grain: undefined,
    help: false,
  };
}

/**
 * The options of `owner()`, checked, with `workers()` as the default for their number: counting cores takes a while.
 *
 * Throws a TypeError or a RangeError that names the option, what was given and what is allowed.
 */
export function executorOptions(owner: string, options: unknown, workers: () => number): ValidatedOptions {
  const given = optionChecker(owner, executorRules)(options);
  return {
    workers: given.workers ?? workers(),
    name: given.name ?? owner,
    maxQueue: given.maxQueue ?? Infinity,
    seed: given.seed ?? Math.floor(Math.random() * 2 ** 32),
    init: given.init,
    teardown: given.teardown,
    maxTasksPerWorker: given.maxTasksPerWorker,
    maxWorkerMemory: given.maxWorkerMemory,
    idleTimeoutMs: given.idleTimeoutMs,
    spare: given.spare,
    resourceLimits: given.resourceLimits,
    env: given.env,
    execArgv: given.execArgv,
    graceMs: given.graceMs ?? DEFAULT_GRACE_MS,
  };
}
