/**
 * Deadlock help, for development: with `TUTTI_DEBUG=sync` every blocked thread leaves in the common table whom it waits for, where,
 * and what it holds. A circle throws a {@link DeadlockError} in the thread that closes it; long waits are reported.
 */
import { writeSync } from 'node:fs';
import { DeadlockError } from '../base/errors.ts';
import { debugTopics } from '../base/environment.ts';
import { isOwnFrame } from '../base/own-frames.ts';
import type { Waiter } from './waiting.ts';

/** Waits of this length are reported, once each. */
const longMs = 5_000;
/**
 * A circle is taken for a deadlock when each of its threads has looked so often, while the one that finds it was blocked, and has
 * found the same: what the others said of themselves before may be of waits that were just over.
 */
const circleLooks = 3;
/** Lines of a stack that tell where something was taken, and where a thread waits. */
const frames = 4;

/** The thread looks for deadlocks. */
export const debugging: boolean = debugTopics().has('sync');

/** What this thread holds: which object, and where it was taken. */
const held = new Map<object, string>();

/** The thread has taken a lock. */
export function noteTaken(object: Waiter): void {
  held.set(object, `${object.describe()}, taken${here(noteTaken)}`);
}

/** … and let it go. */
export function noteFreed(object: Waiter): void {
  held.delete(object);
}

/**
 * Watches one blocking wait, when debugging: to be called before each sleep with who holds what is waited for (unknown, or no matter as
 * the wait ends by itself: undefined), and with 0 at the end.
 */
export function watch(waiter: Waiter): ((holder: number | undefined) => void) | undefined {
  if (!debugging) return undefined;
  const { agents } = waiter;
  const since = performance.now();
  const holds = [...held.values()].map((one) => `\n  holds ${one}`).join('');
  const text = `waits for ${waiter.describe()}${here(watch)}${holds}`;
  let reported = false;
  /** The circle that was found, and how often each in it had looked by then. */
  let found: { circle: readonly number[]; looks: readonly number[] } | undefined;
  return (holder) => {
    agents.waitFor(holder ?? 0, text);
    if (holder === 0) return;
    const circle = agents.circle();
    // One of them is enough.
    if (circle.length < 2 || Math.max(...circle) !== agents.me) found = undefined;
    else if (found === undefined || found.circle.join() !== circle.join())
      found = { circle, looks: circle.map((id) => agents.looksOf(id)) };
    else if (
      found.looks.every((looks, k) => ((agents.looksOf(circle[k] as number) - looks) | 0) >= circleLooks)
    )
      throw deadlock(waiter, circle);
    if (reported || performance.now() - since < longMs) return;
    reported = true;
    const by = holder === undefined ? '' : `; ${agents.nameOf(holder)} holds it`;
    warn(`${agents.nameOf(agents.me)} has waited for ${longMs / 1000} s: ${text}${by}`);
  };
}

/** A blocked thread emits nothing: its event loop stands still, and what it prints goes by there. */
function warn(message: string): void {
  try {
    writeSync(2, `(tutti:${process.pid}) [TUTTI_LONG_WAIT] TuttiWarning: ${message}\n`);
  } catch {
    // Nobody reads what is printed, or not fast enough: it comes when the wait is over.
    process.emitWarning(message, { type: 'TuttiWarning', code: 'TUTTI_LONG_WAIT' });
  }
}

function deadlock({ agents }: Waiter, circle: readonly number[]): DeadlockError {
  const waits = circle.map((id) => `${agents.nameOf(id)} ${agents.textOf(id)}`);
  return new DeadlockError(
    `deadlock: ${circle.length} threads wait for each other in a circle; take locks in one order everywhere\n${waits.join('\n')}`,
    waits,
  );
}

/** Where the caller of `below` was called, without the frames of this package. */
function here(below: (...args: never[]) => unknown): string {
  const probe: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  Error.captureStackTrace(probe, below);
  Error.stackTraceLimit = stackTraceLimit;
  const lines = (probe.stack ?? '').split('\n').slice(1);
  const own = lines.filter((line) => !isOwnFrame(line));
  return own
    .slice(0, frames)
    .map((line) => `\n    ${line.trim()}`)
    .join('');
}
