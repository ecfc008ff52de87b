/** What those who wait can be told. */
import { abortSignal, number, oneOf, optionChecker } from '../base/options.ts';
import { MAX_DELAY_MS } from './stage-options.ts';

/** How long to wait at most. */
export interface WaitingOptions {
  /** Longest wait in milliseconds; default: no limit. */
  timeoutMs?: number;
  /** Ends the waiting when it aborts: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Options of `wait`. */
export interface WaitOptions extends WaitingOptions {
  /**
   * `all` (the default): every task has settled; `first`: one has; `success`: one has a result, or every task has settled; `failure`:
   * one has been rejected, or every task has settled.
   */
  until?: 'all' | 'first' | 'success' | 'failure';
}

const rules = { timeoutMs: number({ min: 0, max: MAX_DELAY_MS }), signal: abortSignal() };

/** The checked options of `wait()`. */
export const waitOptions = optionChecker('wait', {
  ...rules,
  until: oneOf('all', 'first', 'success', 'failure'),
});
/** The checked options of `race()`. */
export const raceOptions = optionChecker('race', rules);
/** The checked options of `asCompleted()`. */
export const completedOptions = optionChecker('asCompleted', rules);
