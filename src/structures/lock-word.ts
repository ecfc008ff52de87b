/**
 * Words of shared memory that a thread locks for a few machine instructions, and what happens when it does not go on.
 *
 * A locked word says who holds it (the system's thread id) and what it was before. While a lock is held no code of the user
 * runs and nothing is waited for, so a holder that is slow has lost its CPU, and one that never goes on was
 * killed or stopped. README.md says why taking a dead holder's lock is safe.
 */
import { AbandonedError } from '../base/errors.ts';
import { hasEnded, threadIdentity } from './thread-identity.ts';

/** The sign bit: somebody holds the word. */
const LOCKED = 0x8000_0000 | 0;
const ID_SHIFT = 2;
const ID_MASK = 2 ** 22 - 1;
/** What the word was before, in its two lowest bits. */
const STATE_MASK = 3;

/** How often a waiter looks at the word before it sleeps: a lock is held for less. */
const SPINS = 200;
/** How long it sleeps between looks, and how often it asks whether the holder is there. */
const SLEEP_MS = 0.5;
const LOOK_MS = 20;

/** The word of a lock of ours over `state`. */
export function lockedBy(id: number, state: number): number {
  return LOCKED | (id << ID_SHIFT) | state;
}

/** What a word was before it was locked, or is. */
export function stateOf(word: number): number {
  return word & STATE_MASK;
}

export function isLocked(word: number): boolean {
  return word < 0;
}

export function holderOf(word: number): number {
  return (word >>> ID_SHIFT) & ID_MASK;
}

/**
 * Waits until a word is not `seen`, which is a locked one, any more.
 *
 * @returns whether it has changed; false when its holder has ended, and it is the caller's to repair
 * @throws AbandonedError after `timeoutMs`
 */
export function awaitUnlocked(
  owner: string,
  words: Int32Array,
  at: number,
  seen: number,
  timeoutMs: number,
): boolean {
  for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(words, at) !== seen) return true;
  const holder = holderOf(seen);
  const start = performance.now();
  let nextLook = start;
  for (;;) {
    const now = performance.now();
    if (now >= nextLook) {
      // Our own id: whoever had it before us, or what we were doing when an error such as a full stack hit us.
      if (holder !== 0 && (holder === threadIdentity() || hasEnded(holder)))
        return Atomics.load(words, at) !== seen;
      nextLook = now + LOOK_MS;
    }
    if (now - start >= timeoutMs) throw abandoned(owner, now - start, holder);
    Atomics.wait(nobody(), 0, 0, SLEEP_MS);
    if (Atomics.load(words, at) !== seen) return true;
  }
}

function abandoned(owner: string, waitedMs: number, holder: number): AbandonedError {
  const who = holder === 0 ? 'a thread' : `thread ${holder} of this machine`;
  return new AbandonedError(
    `${owner}: ${who} has held an entry for ${Math.round(waitedMs)} ms and does not go on: it is stopped, starved or was ` +
      'terminated; let it go on and try again (a longer `timeoutMs` waits longer), or make a new structure',
    waitedMs,
    holder === 0 ? undefined : holder,
  );
}

let word: Int32Array<SharedArrayBuffer> | undefined;
function nobody(): Int32Array<SharedArrayBuffer> {
  word ??= new Int32Array(new SharedArrayBuffer(4));
  return word;
}
