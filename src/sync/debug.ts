/**
 * Deadlock help, for development: with `TUTTI_DEBUG=sync` every blocked thread leaves in the common table whom it waits for, where,
 * and what it holds. A circle throws a {@link DeadlockError} in the thread that closes it; long waits are reported.
 */
import { DeadlockError } from '../base/errors.ts';
import { debugTopics } from '../base/environment.ts';
import type { Waiter } from './waiting.ts';

/** Waits of this length are reported, once each. */
const longMs = 5_000;
/** A circle is taken for a deadlock when it has lasted so long: every blocked thread has looked again by then. */
const circleMs = 350;
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
 * Watches one blocking wait, when debugging: to be called before each sleep with who holds what is waited for (unknown: undefined),
 * and with 0 at the end.
 */
export function watch(waiter: Waiter): ((holder: number | undefined) => void) | undefined {
  if (!debugging) return undefined;
  const { agents } = waiter;
  const since = performance.now();
  const holds = [...held.values()].map((one) => `\n  holds ${one}`).join('');
  const text = `waits for ${waiter.describe()}${here(watch)}${holds}`;
  let reported = false;
  let circleSince: number | undefined;
  return (holder) => {
    agents.waitFor(holder ?? 0, text);
    if (holder === 0) return;
    const circle = agents.circle();
    if (circle.length < 2) circleSince = undefined;
    else {
      circleSince ??= performance.now();
      // One of them is enough.
      const mine = Math.max(...circle) === agents.me;
      if (mine && performance.now() - circleSince >= circleMs) throw deadlock(waiter, circle);
    }
    if (reported || performance.now() - since < longMs) return;
    reported = true;
    const by = holder === undefined ? '' : `; ${agents.nameOf(holder)} holds it`;
    process.emitWarning(`${agents.nameOf(agents.me)} has waited for ${longMs / 1000} s: ${text}${by}`, {
      type: 'TuttiWarning',
      code: 'TUTTI_LONG_WAIT',
    });
  };
}

function deadlock({ agents }: Waiter, circle: readonly number[]): DeadlockError {
  const waits = circle.map((id) => `${agents.nameOf(id)} ${agents.textOf(id)}`);
  return new DeadlockError(
    `deadlock: ${circle.length} threads wait for each other in a circle; take locks in one order everywhere\n${waits.join('\n')}`,
    waits,
  );
}

/** Where the caller of `below` was called, without the frames of this folder. */
function here(below: (...args: never[]) => unknown): string {
  const probe: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  Error.captureStackTrace(probe, below);
  Error.stackTraceLimit = stackTraceLimit;
  const lines = (probe.stack ?? '').split('\n').slice(1);
  const own = lines.filter((line) => !line.includes('/sync/') || line.includes('.test.'));
  return own
    .slice(0, frames)
    .map((line) => `\n    ${line.trim()}`)
    .join('');
}
