/**
 * The mutual exclusion under everything here: one word that is free (0), or the number of its holder, with the sign for "somebody
 * may sleep", or abandoned. Drepper, "Futexes Are Tricky" (2011), mutex 2, with the holder in the word.
 */
import { AbandonedError, DeadlockError, NotHeldError } from '../base/errors.ts';
import { registrySlot } from '../base/registry.ts';
import type { Steps, Waiter } from './waiting.ts';
import type { Words } from './words.ts';

const contended = 0x8000_0000 | 0;
const mask = 0x7fff_ffff;
/** Its holder has died: nobody gets it before somebody takes it over. */
const abandoned = 0x7fff_ffff;
/** Looks before the first sleep: a holder that runs on another core is mostly done sooner than a sleep would be. */
const looks = 100;

/** Takes the word if it is free. */
export function tryTake(words: Int32Array, at: number, me: number): boolean {
  return Atomics.compareExchange(words, at, 0, me) === 0;
}

/** The number of the holder; 0: free. */
export function holderOf(words: Int32Array, at: number): number {
  const word = Atomics.load(words, at) & mask;
  return word === abandoned ? 0 : word;
}

/** Waits for the word; false when the time is up before. `blocks`: this thread sleeps and could not let go meanwhile. */
export function* take(waiter: Waiter, memory: Words, at: number, blocks: boolean): Steps<boolean> {
  const { words } = memory;
  const { agents } = waiter;
  const { me } = agents;
  for (let k = 0; k < looks; k++) if (Atomics.load(words, at) === 0 && tryTake(words, at, me)) return true;
  for (;;) {
    // Others may sleep, and nobody counts them: who had to wait lets go as if somebody did.
    if (Atomics.compareExchange(words, at, 0, me | contended) === 0) return true;
    const word = Atomics.load(words, at);
    if (word === 0) continue;
    const holder = word & mask;
    if (holder === abandoned) throw lost(waiter, 'its holder');
    if (holder === me && blocks) {
      throw new DeadlockError(
        `cannot lock ${waiter.describe()}: this thread holds it already and would wait for itself; ` +
          'use a ReentrantMutex, or unlock it first',
      );
    }
    if (agents.isDead(holder)) {
      if (Atomics.compareExchange(words, at, word, abandoned | contended) === word) {
        memory.notify(at, Infinity);
        throw lost(waiter, agents.nameOf(holder));
      }
      continue;
    }
    const marked = word | contended;
    if (word !== marked && Atomics.compareExchange(words, at, word, marked) !== word) continue;
    if (!(yield { words: memory, at, value: marked, holder })) return false;
  }
}

/** Lets go, and wakes one who waits, and those whom {@link wakeLater} has left. */
export function release(waiter: Waiter, memory: Words, at: number): void {
  const { me } = waiter.agents;
  const { words } = memory;
  if (Atomics.compareExchange(words, at, me, 0) !== me) {
    const word = Atomics.load(words, at);
    if (word !== (me | contended)) throw notHeld(waiter, word & mask);
    // What was written before is visible to who sees the zero: both are sequentially consistent.
    Atomics.store(words, at, 0);
    memory.notify(at, 1);
  }
  if (later.length > 0) wakeThem();
}

/** Words to wake a sleeper of when this thread next lets go of a lock; one list for all copies of this file. */
const later = registrySlot<{ readonly memory: Words; readonly at: number }[]>('sync wakes', 1).take(() => []);

/**
 * Wakes one who sleeps on a word as soon as this thread lets go of a lock: for sleepers that need the lock which the caller holds.
 * Woken at once, they would take the core from the holder, find the lock taken, and sleep again.
 */
export function wakeLater(memory: Words, at: number): void {
  later.push({ memory, at });
}

function wakeThem(): void {
  for (const { memory, at } of later.splice(0)) memory.notify(at, 1);
}

/** Takes an abandoned word; false when it is none. */
export function takeOver(waiter: Waiter, memory: Words, at: number): boolean {
  const { words } = memory;
  const { agents } = waiter;
  for (;;) {
    const word = Atomics.load(words, at);
    const holder = word & mask;
    if (holder === 0 || (holder !== abandoned && !agents.isDead(holder))) return false;
    // Sleepers of the dead one are ours now.
    if (Atomics.compareExchange(words, at, word, agents.me | contended) === word) return true;
  }
}

/** Whether its holder has died. */
export function isAbandoned(waiter: Waiter, words: Int32Array, at: number): boolean {
  const holder = Atomics.load(words, at) & mask;
  return holder === abandoned || (holder !== 0 && waiter.agents.isDead(holder));
}

function lost(waiter: Waiter, who: string): AbandonedError {
  return new AbandonedError(
    `cannot lock ${waiter.describe()}: ${who} died while it held it, and what it protects may be half-written; ` +
      (waiter.afterDeath ?? 'repair that and call takeOver()'),
  );
}

export function notHeld(waiter: Waiter, holder: number): NotHeldError {
  const by = holder === 0 ? 'nobody holds it' : `${waiter.agents.nameOf(holder)} holds it`;
  return new NotHeldError(`cannot unlock ${waiter.describe()}: this thread does not hold it, ${by}`);
}

/** Does `act` under a lock that is held for microseconds: nobody gives up waiting for it, and any thread may. */
export function* briefly<T>(waiter: Waiter, memory: Words, at: number, act: () => T): Steps<T> {
  yield* insist(take(waiter, memory, at, false));
  try {
    return act();
  } finally {
    release(waiter, memory, at);
  }
}

/** Goes on whatever the driver says of the time. */
function* insist(steps: Steps<boolean>): Steps<void> {
  for (let step = steps.next(); step.done !== true; step = steps.next(true))
    yield { ...step.value, brief: true };
}
