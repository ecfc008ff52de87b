/** What the stages of a pipeline can be told, and its validation. */
import {
  abortSignal,
  boolean,
  integer,
  number,
  optionChecker,
  show,
  string,
  type Rule,
} from '../base/options.ts';
import type { Executor } from '../executor/executor.ts';
import {
  callSettings,
  defaultSettings,
  type BulkOptions,
  type CallKind,
  type StreamOptions,
} from '../executor/options.ts';
import type { OverlapLimits } from './overlap.ts';
import type { OnWorkers } from './pool-flow.ts';

/** Options of `pipeline()`. */
export interface PipelineOptions {
  /** Ends the pipeline when it aborts: what reads it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a function that runs in this thread gets besides its item: `fetch` and Node's functions take it as their options. */
export interface StageContext {
  /** Aborts when the item is not needed any more: the pipeline has failed, was aborted, or ended early. */
  readonly signal: AbortSignal;
}

/** Options of a stage whose function runs in this thread. */
export interface LocalStageOptions {
  /** Items whose function may be under way at a time; default 1, one after the other. */
  concurrency?: number;
  /** Most items that are taken and not yet handed on; default: twice the `concurrency`. Only with a `concurrency` above 1. */
  window?: number;
  /** Results in the order of the items (the default), or as they come. */
  ordered?: boolean;
  /** Name of the stage in errors; default: the function's. */
  name?: string;
}

/** Options of a stage whose function runs on workers: those of {@link Executor.stream}. */
export interface PoolStageOptions extends Omit<StreamOptions, 'signal'> {
  /** Where the function runs. */
  on: Executor;
  /** Most items of this stage that the executor may have at a time: lowers the `window`. */
  concurrency?: number;
}

/** Options of `forEach` in this thread. */
export interface LocalSinkOptions {
  /** Items whose function may be under way at a time; default 1. */
  concurrency?: number;
  /** Name of the function in errors; default: its own. */
  name?: string;
}

/** Options of `forEach` on workers: those of {@link Executor.forEach}. */
export interface PoolSinkOptions extends Omit<BulkOptions, 'signal' | 'help'> {
  /** Where the function runs. */
  on: Executor;
}

/** Options of `batch`. */
export interface BatchOptions {
  /** A batch that is not full goes on this long after its first item; default: it waits until it is full. */
  timeoutMs?: number;
}

/** Options of `window`. */
export interface WindowOptions {
  /** Items from the start of one window to the start of the next; default 1. */
  step?: number;
}

/** Options of `pipeTo`. */
export interface PipeToOptions {
  /** Leaves the destination open at the end; default: it is closed. */
  preventClose?: boolean;
}

/** Where a stage runs, checked. */
export type Placement =
  | { readonly kind: 'here'; readonly limits: OverlapLimits }
  | ({ readonly kind: 'workers'; readonly ordered: boolean } & OnWorkers);

export const MAX_DELAY_MS = 2 ** 31 - 1;

const executorRule: Rule<Executor> = {
  expects: 'an executor, such as threads()',
  is: (value) => typeof (value as Partial<Executor> | null)?.stream === 'function',
};
const signalOptions = optionChecker('pipeline', { signal: abortSignal() });
const batchOptions = optionChecker('pipeline.batch', { timeoutMs: number({ min: 0, max: MAX_DELAY_MS }) });
const windowOptions = optionChecker('pipeline.window', { step: integer({ min: 1 }) });
const pipeOptions = optionChecker('pipeline.pipeTo', { preventClose: boolean() });

/** `on` without a value means here. */
const sinkRules = { on: executorRule, concurrency: integer({ min: 1 }), name: string() };
const localRules = { ...sinkRules, window: integer({ min: 1 }), ordered: boolean() };

/** The checked options of `pipeline()`. */
export function pipelineOptions(options: unknown): { signal: AbortSignal | undefined } {
  return { signal: signalOptions(options).signal };
}

/** The checked `timeoutMs` of `batch()`. */
export function batchTimeout(options: unknown): number | undefined {
  return batchOptions(options).timeoutMs;
}

/** The checked `step` of `window()`. */
export function windowStep(options: unknown): number {
  return windowOptions(options).step ?? 1;
}

/** The checked options of `pipeTo()`. */
export function pipeToOptions(options: unknown): { preventClose: boolean } {
  return { preventClose: pipeOptions(options).preventClose ?? false };
}

/** The checked options of a stage, or of `forEach` when `kind` is `bulk`. */
export function placement(owner: string, options: unknown, kind: CallKind & ('stream' | 'bulk')): Placement {
  const { on } = (options ?? {}) as { on?: unknown };
  if (on === undefined || typeof options !== 'object' || options === null) return here(owner, options, kind);
  const { on: _, concurrency, ...given } = options as PoolStageOptions;
  // The executor checks them again, but not before the pipeline runs.
  if (!executorRule.is(on)) {
    throw new TypeError(`${owner}(): option \`on\` must be ${executorRule.expects}, but got ${show(on)}`);
  }
  for (const [name, where] of Object.entries({
    signal: 'give it to pipeline()',
    help: 'this thread runs the pipeline',
  })) {
    if (name in given) throw new TypeError(`${owner}(): a stage has no option \`${name}\`: ${where}`);
  }
  const most = optionChecker(owner, { concurrency: integer({ min: 1 }) })(
    concurrency === undefined ? {} : { concurrency },
  ).concurrency;
  if (kind === 'bulk' && most !== undefined) {
    throw new TypeError(
      `${owner}(): the executor's workers are its \`concurrency\`; use map() and a \`window\``,
    );
  }
  const settings = callSettings(owner, kind, given, defaultSettings(0));
  const window = Math.min(settings.window ?? Infinity, most ?? Infinity);
  return {
    kind: 'workers',
    on: on as Executor,
    ordered: settings.ordered,
    options: Number.isFinite(window) ? { ...given, window } : given,
  };
}

function here(owner: string, options: unknown, kind: 'stream' | 'bulk'): Placement {
  const rules = kind === 'stream' ? localRules : sinkRules;
  const checked: LocalStageOptions = optionChecker(owner, rules)(options);
  const { concurrency = 1, ordered = kind === 'stream' } = checked;
  const { window = concurrency === 1 ? 1 : 2 * concurrency } = checked;
  if (window < concurrency) {
    throw new RangeError(
      `${owner}(): option \`window\` must be at least the concurrency, ${concurrency}, but got ${window}`,
    );
  }
  return { kind: 'here', limits: { concurrency, window, ordered } };
}

/** Checks a number of items. */
export function itemCount(owner: string, count: unknown, min: number): number {
  if (typeof count !== 'number') {
    throw new TypeError(`${owner}() needs a number of items, but got ${show(count)}`);
  }
  if (!Number.isSafeInteger(count) || count < min) {
    throw new RangeError(`${owner}() needs an integer of at least ${min}, but got ${show(count)}`);
  }
  return count;
}

/** Checks that `fn` is a function. */
export function stageFunction(owner: string, fn: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`${owner}() needs a function, but got ${show(fn)}`);
}
