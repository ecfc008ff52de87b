/** What `actor()` and `with()` can be told, and the one check of it. */
import {
  abortSignal,
  func,
  integer,
  number,
  optionChecker,
  string,
  either,
  type Rule,
} from '../../base/options.ts';
import type { ActorDiedError } from '../../base/errors.ts';
import type { ActorCallSettings } from './actor-call.ts';

/** Options of `actor()`. */
export interface ActorOptions {
  /** Name under which `getActor()` finds it, unique in the thread; and its name in errors. Default: none, and its class's. */
  name?: string;
  /** Calls that may be under way at a time: more than one lets asynchronous methods overlap. Default 1. */
  maxConcurrency?: number;
  /** How often it is made again, with the same arguments, when its worker is lost; `Infinity` and -1: always. Default 0. */
  restarts?: number;
  /** Kills the actor when it aborts. */
  signal?: AbortSignal;
  /** Called when it is about to be made again: for which time, and what its worker died of. */
  onRestart?: (restarts: number, cause: unknown) => void;
  /** Called when it is gone for good though nobody has asked for that. */
  onDeath?: (error: ActorDiedError) => void;
}

/** Longest delay that a timer of the platform can keep. */
const MAX_DELAY_MS = 2 ** 31 - 1;

const infinite: Rule<number> = {
  expects: 'Infinity',
  is: (value) => typeof value === 'number' && value === Infinity,
};

export const checkActorOptions = optionChecker('actor', {
  name: string(),
  maxConcurrency: either(infinite, integer({ min: 1 })),
  restarts: either(infinite, integer({ min: -1 })),
  signal: abortSignal(),
  onRestart: func<(restarts: number, cause: unknown) => void>(),
  onDeath: func<(error: ActorDiedError) => void>(),
});

const checkCallOptions = optionChecker('with', {
  signal: abortSignal(),
  timeoutMs: number({ min: 1, max: MAX_DELAY_MS }),
  graceMs: number({ min: 0, max: MAX_DELAY_MS }),
});

/** `options` of a handle's `with()`, checked; what is absent comes from `before`. */
export function actorCallSettings(options: unknown, before: ActorCallSettings): ActorCallSettings {
  return { ...before, ...(checkCallOptions(options) as Partial<ActorCallSettings>) };
}

/** The settings of a call without options. */
export const plainSettings: ActorCallSettings = {
  signal: undefined,
  timeoutMs: undefined,
  graceMs: undefined,
};
