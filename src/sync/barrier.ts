/** A point that all parties reach before any goes on. */
import { mayBlock } from '../base/blocking.ts';
import { BrokenBarrierError } from '../base/errors.ts';
import { func, integer, optionChecker, show } from '../base/options.ts';
import {
  Arrived,
  SyncObject,
  syncRules,
  travelsAs,
  type SyncOptions,
  type Travelling,
} from './sync-object.ts';
import {
  block,
  checkLimits,
  waitAsync,
  wouldBlock,
  type Sleep,
  type Steps,
  type WaitOptions,
} from './waiting.ts';

const check = optionChecker('new Barrier', { ...syncRules, action: func<() => void>() });

/** Options of {@link Barrier}. */
export interface BarrierOptions extends SyncOptions {
  /** Called by the last to arrive, before the barrier opens; it travels with the barrier like any function. */
  action?: (() => void) | undefined;
}

const word = { state: 0, parties: 1 } as const;
/**
 * The state is one word, so that whoever changes it knows all of it: how many have arrived (12 bits), whether it is broken, which
 * of the last eight rounds were ended by a reset (the latest lowest), and the number of the round (11 bits).
 */
const countMask = 0xfff;
const brokenBit = 0x1000;
const historyShift = 13;
const historyRounds = 8;
const historyMask = (1 << historyRounds) - 1;
const roundShift = 21;
const roundMask = 0x7ff;
const largest = countMask;

/**
 * A barrier for a number of parties: {@link wait} returns when as many wait, and the barrier is ready for the next round.
 *
 * Each gets an index from 0, in order of arrival; the last one, `parties - 1`, calls `action` before the others go on. Who gives
 * up (its time is over, its signal aborts), an `action` that throws, and {@link abort} break the barrier: all who wait, and all who
 * come, get a BrokenBarrierError until somebody calls {@link reset}. What was written before `wait()` is seen by all
 * parties after it. A party that dies never arrives: give a `timeoutMs` where that can happen.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * import { Barrier } from 'tutti/sync';
 *
 * const start = new Barrier(2);
 * await using pool = threads({ workers: 2 });
 * const indices = await pool.broadcast(() => start.wait());
 * indices.sort(); // => [0, 1]
 * ```
 */
export class Barrier extends SyncObject {
  /** How many have to arrive. */
  readonly parties: number;
  readonly #action: (() => void) | undefined;
  readonly #words: Int32Array;

  /**
   * @param parties how many, from 1 to 4095
   * @throws TypeError or RangeError when that is no such number
   */
  constructor(parties: number | Arrived, options?: BarrierOptions) {
    const checked = parties instanceof Arrived ? undefined : check(options);
    super(4, parties instanceof Arrived ? parties : { across: checked?.across, name: checked?.name });
    this.#words = this.memory.words;
    if (parties instanceof Arrived) {
      this.#action = (parties.data as Travelling).extra as (() => void) | undefined;
    } else {
      const rule = integer({ min: 1, max: largest });
      if (!rule.is(parties))
        throw new TypeError(
          `new Barrier(): the number of parties must be a number, but got ${show(parties)}`,
        );
      if (!rule.within?.(parties))
        throw new RangeError(
          `new Barrier(): the number of parties must be ${rule.expects}, but got ${parties}`,
        );
      Atomics.store(this.#words, word.parties, parties);
      this.#action = checked?.action;
    }
    this.parties = Atomics.load(this.#words, word.parties);
  }

  protected override extra(): unknown {
    return this.#action;
  }

  /** How many wait, at this moment. */
  get waiting(): number {
    const state = Atomics.load(this.#words, word.state);
    const count = state & countMask;
    return (state & brokenBit) === 0 && count < this.parties ? count : 0;
  }

  /** Somebody has broken it. */
  get broken(): boolean {
    return (Atomics.load(this.#words, word.state) & brokenBit) !== 0;
  }

  /**
   * Blocks until all parties have arrived; returns the index of this one.
   *
   * @throws BrokenBarrierError when the barrier is broken, also by this one's own `timeoutMs`; what `action` throws; the
   *   reason of the `signal`; WouldBlockError on a main thread, which has not arrived then
   */
  wait(options?: WaitOptions): number {
    checkLimits(options, this);
    // Refused when it has arrived, it would break the barrier for all.
    if (!mayBlock() && options?.timeoutMs !== 0 && this.#mustWait()) throw wouldBlock(this);
    return this.#index(block(this, this.#wait(), options));
  }

  /** As {@link wait}, without blocking the thread. */
  async waitAsync(options?: WaitOptions): Promise<number> {
    checkLimits(options, this);
    return this.#index(await waitAsync(this, this.#wait(), options));
  }

  #index(index: number | undefined): number {
    if (index === undefined) throw this.#brokenError('this party has waited for longer than its time limit');
    return index;
  }

  /** Breaks the barrier: all who wait or come get a BrokenBarrierError until {@link reset}. */
  abort(): void {
    this.#break(undefined);
  }

  /** Whoever waits gets a BrokenBarrierError; the barrier is as new. */
  reset(): void {
    for (;;) {
      const state = Atomics.load(this.#words, word.state);
      if (Atomics.compareExchange(this.#words, word.state, state, nextRound(state, 1)) === state) break;
    }
    this.memory.notify(word.state, Infinity);
  }

  /** Whoever arrives now has to wait for others. */
  #mustWait(): boolean {
    const state = Atomics.load(this.#words, word.state);
    return (state & brokenBit) === 0 && (state & countMask) !== this.parties - 1;
  }

  *#wait(): Steps<number | undefined> {
    const words = this.#words;
    const { parties } = this;
    let state = Atomics.load(words, word.state);
    let index: number;
    for (;;) {
      if ((state & brokenBit) !== 0) throw this.#brokenError('somebody has broken it');
      index = state & countMask;
      if (index >= parties) {
        // All of this round are there, and its action runs: this one belongs to the next.
        if (!(yield this.#asleep(state))) return undefined;
        state = Atomics.load(words, word.state);
        continue;
      }
      const seen = Atomics.compareExchange(words, word.state, state, state + 1);
      if (seen === state) break;
      state = seen;
    }
    const round = state >>> roundShift;
    if (index === parties - 1) return this.#open(state + 1, index);
    for (;;) {
      state = Atomics.load(words, word.state);
      const later = ((state >>> roundShift) - round) & roundMask;
      if (later > 0) {
        if (wasReset(state, later)) throw this.#brokenError('somebody has reset it');
        return index;
      }
      if ((state & brokenBit) !== 0) throw this.#brokenError('somebody has broken it');
      if (yield this.#asleep(state)) continue;
      if (this.#break(round)) return undefined;
    }
  }

  #asleep(state: number): Sleep {
    return { words: this.memory, at: word.state, value: state };
  }

  /** All are there. */
  #open(full: number, index: number): number {
    try {
      this.#action?.();
    } catch (error) {
      this.#break(full >>> roundShift);
      throw error;
    }
    // Unless somebody has broken or reset it meanwhile.
    const opened = Atomics.compareExchange(this.#words, word.state, full, nextRound(full, 0)) === full;
    if (!opened)
      throw this.#brokenError('somebody has broken or reset it while the last party was in its action');
    this.memory.notify(word.state, Infinity);
    return index;
  }

  /** Breaks the barrier, if it is still in this round; false when that is over. */
  #break(round: number | undefined): boolean {
    for (;;) {
      const state = Atomics.load(this.#words, word.state);
      if (round !== undefined && state >>> roundShift !== round) return false;
      if ((state & brokenBit) !== 0) return true;
      if (Atomics.compareExchange(this.#words, word.state, state, state | brokenBit) === state) break;
    }
    this.memory.notify(word.state, Infinity);
    return true;
  }

  #brokenError(why: string): BrokenBarrierError {
    return new BrokenBarrierError(`${this.describe()} is broken: ${why}; reset() makes it as new`);
  }
}

/** The state of the next round: nobody has arrived. */
function nextRound(state: number, reset: 0 | 1): number {
  const history = ((((state >>> historyShift) & historyMask) << 1) | reset) & historyMask;
  const round = ((state >>> roundShift) + 1) & roundMask;
  return (round << roundShift) | (history << historyShift);
}

/** Whether the round so many before that of `state` was ended by a reset. */
function wasReset(state: number, later: number): boolean {
  return later <= historyRounds && ((state >>> (historyShift + later - 1)) & 1) !== 0;
}

travelsAs(import.meta.url, { Barrier });
