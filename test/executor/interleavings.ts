/**
 * Runs every interleaving of a few threads that share memory. The threads are the real code; whatever they share — atomic
 * operations, plain accesses, messages, the event loop, time — is a step that the checker decides on.
 *
 * Synchronous code cannot be suspended. So a thread runs from its start again and again: it is given the answers to the
 * steps it has taken so far, and stopped by an exception at the next one. What it does between two steps depends on
 * these answers alone; threads with equal answers are in equal states and are looked at once.
 *
 * Atomic operations are sequentially consistent. Plain accesses happen at once, and vector clocks check that those of two
 * threads are always ordered by atomic operations or messages: such a program behaves in any memory model as it does here.
 */

import { createHash } from 'node:crypto';

export type Plain =
  | { readonly op: 'read'; readonly at: number }
  | { readonly op: 'write'; readonly at: number; readonly value: number };

export type Change =
  | { readonly op: 'store' | 'exchange' | 'add'; readonly at: number; readonly value: number }
  | { readonly op: 'swap'; readonly at: number; readonly expected: number; readonly value: number };

export type Step =
  | Plain
  | Change
  | { readonly op: 'load'; readonly at: number }
  /** Wakes `count` sleepers, whichever, or all of them. */
  | { readonly op: 'notify'; readonly at: number; readonly count?: number }
  | { readonly op: 'wait' | 'waitAsync'; readonly at: number; readonly expected: number }
  | { readonly op: 'send'; readonly to: string; readonly message: unknown }
  | { readonly op: 'receive'; readonly from: string }
  /** The event loop: blocks until there is a message, a notification or one of `own`, among them `timer` and `action`. */
  | { readonly op: 'event'; readonly from: readonly string[]; readonly own: readonly string[] }
  /** The turn of an event loop that may or may not bring a message. */
  | { readonly op: 'turn'; readonly from: string }
  /** Milliseconds that have passed: as many as timers show, or seldom 20 more. */
  | { readonly op: 'now' }
  /** The timer that was set at `since` for `ms` milliseconds is due: that many have passed. */
  | { readonly op: 'due'; readonly since: number; readonly ms: number };

export type Ask = (step: Step) => unknown;

/** What an event loop brings. */
export type Happening =
  | { readonly kind: 'message'; readonly from: string; readonly message: unknown }
  | { readonly kind: 'notified' }
  | { readonly kind: 'own'; readonly name: string };

export interface Thread {
  readonly name: string;
  /** `note` writes what the check at the end reads. `pretend` sets a global until the thread stops. */
  main(ask: Ask, note: (line: string) => void, pretend: Pretend): void;
}

export type Pretend = (object: object, key: string, value: unknown) => void;

export interface Model {
  readonly threads: readonly Thread[];
  /** How many seldom things happen at most: timeouts of waits, moments that take long, timers that are due while something else moves. */
  readonly seldom: number;
  /** Looks for races, but for those at words that may be read while they are written. */
  readonly racy?: (at: number) => boolean;
  /** What is wrong when nothing moves any more, given each thread's notes; undefined when nothing is. */
  readonly check: (notes: readonly (readonly string[])[]) => string | undefined;
  /** Steps that are not run in every order: until nothing moves, but for actions of the program's, and this holds. */
  readonly warm?: (notes: readonly (readonly string[])[]) => boolean;
  /** What is in memory at first, where it is not zero. */
  readonly memory?: ReadonlyMap<number, number>;
  /** Gives up beyond this. */
  readonly limit?: number;
}

export interface Report {
  readonly states: number;
  /** States in which nothing moves any more. */
  readonly ends: number;
  readonly problem: string | undefined;
  /** The steps that lead to the problem. */
  readonly trace: readonly string[];
}

/** A thread after some answers: what it asks next. */
interface Place {
  readonly id: number;
  readonly thread: number;
  readonly answers: readonly unknown[];
  readonly step: Step | undefined;
  readonly notes: readonly string[];
  readonly next: Map<string, Place>;
}

interface Message {
  readonly text: string;
  readonly message: unknown;
  readonly clock: readonly number[];
}

interface Access {
  readonly write: readonly [thread: number, time: number];
  readonly reads: readonly number[];
}

interface State {
  readonly places: readonly Place[];
  /** The address that a thread is asleep on. */
  readonly asleep: readonly (number | undefined)[];
  /** Addresses of asynchronous waits. */
  readonly listening: readonly (readonly number[])[];
  /** Asynchronous waits that were notified. */
  readonly notified: readonly number[];
  readonly memory: ReadonlyMap<number, number>;
  readonly channels: ReadonlyMap<string, readonly Message[]>;
  readonly seldom: number;
  readonly time: number;
  /** Empty where nobody looks for races. */
  readonly clocks: readonly (readonly number[])[];
  readonly released: ReadonlyMap<number, readonly number[]>;
  readonly accesses: ReadonlyMap<number, Access>;
  readonly before: State | undefined;
  readonly label: string;
}

/** Ends a run of a thread; no error of its own. */
class Stop extends RangeError {}

/** Runs all there is; stops at the first problem. */
export function explore(model: Model): Report {
  return new Explorer(model).run();
}

class Explorer {
  readonly #model: Model;
  readonly #roots: Place[];
  #places = 0;
  #problem: string | undefined;

  constructor(model: Model) {
    this.#model = model;
    this.#roots = model.threads.map((_, thread) => this.#place(thread, []));
  }

  run(): Report {
    const { threads, seldom, check, limit = 3_000_000 } = this.#model;
    const zeros = threads.map(() => 0);
    const seen = new Set<string>();
    let ends = 0;
    const start = this.#settle({
      places: this.#roots,
      asleep: threads.map(() => undefined),
      listening: threads.map(() => []),
      notified: zeros,
      memory: this.#model.memory ?? new Map(),
      channels: new Map(),
      seldom,
      time: 1000,
      clocks:
        this.#model.racy === undefined
          ? []
          : threads.map((_, thread) => zeros.map((_zero, other) => (other === thread ? 1 : 0))),
      released: new Map(),
      accesses: new Map(),
      before: undefined,
      label: 'start',
    });
    const first = this.#warm(start);
    const stack = [first];
    seen.add(keyOf(first));
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (seen.size > limit) throw new RangeError(`more than ${limit} states`);
      const { often, seldom: rare } = this.#successors(state);
      if (often.length === 0) {
        ends++;
        this.#problem ??= check(state.places.map((place) => place.notes));
      }
      if (this.#problem !== undefined) {
        return { states: seen.size, ends, problem: this.#problem, trace: traceOf(state) };
      }
      for (const next of [...often, ...rare]) {
        const key = keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        stack.push(next);
      }
    }
    return { states: seen.size, ends, problem: undefined, trace: [] };
  }

  /** One way through the beginning. */
  #warm(start: State): State {
    const { warm } = this.#model;
    if (warm === undefined) return start;
    for (let state = start; ;) {
      const all = this.#successors(state).often;
      const quiet = all.find(({ label }) => !label.endsWith(programs));
      if (quiet === undefined && warm(state.places.map((place) => place.notes))) return state;
      const next = quiet ?? all[0];
      if (next === undefined) {
        const trace = traceOf(state).join('\n');
        throw new RangeError(`the beginning does not lead where it should:\n${trace}`);
      }
      state = next;
    }
  }

  /** Runs a thread with these answers up to its next step. */
  #place(thread: number, answers: readonly unknown[]): Place {
    const { main } = this.#model.threads[thread] as Thread;
    const notes: string[] = [];
    const restore: (() => void)[] = [];
    let taken = 0;
    let step: Step | undefined;
    let over = false;
    const ask: Ask = (next) => {
      // A promise that the thread has left behind.
      if (over) return undefined;
      if (step === undefined && taken < answers.length) return answers[taken++];
      // Whoever catches this and goes on is stopped again.
      step ??= next;
      throw new Stop();
    };
    const pretend: Pretend = (object, key, value) => {
      const before = Object.getOwnPropertyDescriptor(object, key);
      Object.defineProperty(object, key, { value, configurable: true, writable: true });
      restore.push(() => {
        if (before === undefined) Reflect.deleteProperty(object, key);
        else Object.defineProperty(object, key, before);
      });
    };
    pretend(globalThis, 'Atomics', atomics(ask));
    try {
      main(ask, (line) => notes.push(line), pretend);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    } finally {
      over = true;
      for (const undo of restore.toReversed()) undo();
    }
    return { id: this.#places++, thread, answers, step, notes, next: new Map() };
  }

  #after(place: Place, answer: unknown, text = String(answer)): Place {
    let next = place.next.get(text);
    if (next === undefined) {
      next = this.#place(place.thread, [...place.answers, answer]);
      place.next.set(text, next);
    }
    return next;
  }

  /** Takes the plain accesses that come next: they are ordered already, or else a race. */
  #settle(state: State): State {
    let settled = state;
    for (let thread = 0; thread < settled.places.length; thread++) {
      for (;;) {
        const place = settled.places[thread] as Place;
        const { step } = place;
        if (step?.op !== 'read' && step?.op !== 'write') break;
        settled = this.#plain(settled, thread, place, step);
      }
    }
    return settled;
  }

  #plain(state: State, thread: number, place: Place, step: Plain): State {
    const { at } = step;
    const clock = state.clocks[thread];
    if (clock === undefined) {
      const memory = step.op === 'write' ? new Map(state.memory).set(at, step.value) : state.memory;
      const answer = step.op === 'write' ? undefined : (memory.get(at) ?? 0);
      return { ...state, memory, places: put(state.places, thread, this.#after(place, answer)) };
    }
    const time = clock[thread] as number;
    const access = state.accesses.get(at) ?? { write: [thread, 0], reads: clock.map(() => 0) };
    const [writer, written] = access.write;
    const unordered =
      (clock[writer] as number) < written ||
      (step.op === 'write' && access.reads.some((read, reader) => (clock[reader] as number) < read));
    const { racy } = this.#model;
    if (racy !== undefined && unordered && !racy(at)) {
      const { name } = this.#model.threads[thread] as Thread;
      this.#problem ??= `race: ${name} ${step.op}s ${at}, which another thread uses`;
    }
    const accesses = new Map(state.accesses);
    const memory = new Map(state.memory);
    let answer: number | undefined;
    if (step.op === 'write') {
      accesses.set(at, { write: [thread, time], reads: clock.map(() => 0) });
      memory.set(at, step.value);
    } else {
      answer = memory.get(at) ?? 0;
      accesses.set(at, { ...access, reads: access.reads.map((read, t) => (t === thread ? time : read)) });
    }
    return { ...state, memory, accesses, places: put(state.places, thread, this.#after(place, answer)) };
  }

  #successors(state: State): { often: State[]; seldom: State[] } {
    const often: State[] = [];
    const seldom: State[] = [];
    /** Timers: a step takes much less time than they do. */
    const late: State[] = [];
    // Time is read as early as can be: nothing but timers changes it, and later is more.
    const first = state.places.findIndex(({ step }) => step?.op === 'now' || step?.op === 'due');
    state.places.forEach((place, thread) => {
      const { step } = place;
      if (step === undefined || (first >= 0 && thread !== first)) return;
      const { name } = this.#model.threads[thread] as Thread;
      const label = `${name}: ${describe(step)}`;
      const go: Go = (change, ...answers) => {
        const timer = answers[0]?.[2] === 'timer';
        if (!timer) often.push(this.#next(state, label, change, answers));
        else late.push(this.#next(state, label, change, answers));
      };
      const rare: Go = (change, ...answers) =>
        seldom.push(this.#next(state, label, { ...change, seldom: state.seldom - 1 }, answers));
      if (state.asleep[thread] !== undefined) {
        if (state.seldom > 0) rare({ asleep: put(state.asleep, thread, undefined) }, [thread, 'timed-out']);
        return;
      }
      take(state, thread, step, go);
      if (step.op === 'now' && state.seldom > 0) rare({ time: state.time + 20 }, [thread, state.time + 20]);
    });
    if (often.every(({ label }) => label.endsWith(programs))) return { often: [...often, ...late], seldom };
    if (state.seldom > 0) for (const next of late) seldom.push({ ...next, seldom: state.seldom - 1 });
    return { often, seldom };
  }

  #next(state: State, label: string, change: Partial<State>, answers: readonly Answer[]): State {
    let { places } = state;
    for (const [thread, answer, text] of answers) {
      places = put(places, thread, this.#after(places[thread] as Place, answer, text));
    }
    const told = answers.length === 0 ? 'asleep' : (answers[0]?.[2] ?? String(answers[0]?.[1]));
    return this.#settle({ ...state, ...change, places, before: state, label: `${label} → ${told}` });
  }
}

/** How the label of a step of the program's own ends: it may come at any time, or never. */
const programs = '→ action';

/** What a thread is told, and in which words it is the same as before. */
type Answer = readonly [thread: number, answer: unknown, text?: string];
type Go = (change: Partial<State>, ...answers: readonly Answer[]) => void;

function take(state: State, thread: number, step: Step, go: Go): void {
  switch (step.op) {
    case 'load':
      return go(acquire(state, thread, step.at), [thread, state.memory.get(step.at) ?? 0]);
    case 'store':
    case 'exchange':
    case 'add':
    case 'swap':
      return change(state, thread, step, go);
    case 'wait': {
      if ((state.memory.get(step.at) ?? 0) !== step.expected) {
        return go(acquire(state, thread, step.at), [thread, 'not-equal']);
      }
      return go({ asleep: put(state.asleep, thread, step.at) });
    }
    case 'waitAsync': {
      if ((state.memory.get(step.at) ?? 0) !== step.expected) {
        return go(acquire(state, thread, step.at), [thread, false]);
      }
      const own = state.listening[thread] as readonly number[];
      return go({ listening: put(state.listening, thread, [...own, step.at]) }, [thread, true]);
    }
    case 'notify': {
      const asleep = state.asleep.flatMap((at, other) => (at === step.at ? [other] : []));
      const { count = Infinity } = step;
      if (count < asleep.length) {
        for (const woken of choices(asleep, count)) wake(state, thread, step.at, woken, false, go);
      } else wake(state, thread, step.at, asleep, true, go);
      return;
    }
    case 'send': {
      const { clocks, clock } = release(state, thread);
      const queue = state.channels.get(step.to) ?? [];
      const message: Message = { text: textOf(step.message), message: step.message, clock };
      return go({ clocks, channels: new Map(state.channels).set(step.to, [...queue, message]) }, [
        thread,
        undefined,
      ]);
    }
    case 'receive':
    case 'turn': {
      const queue = state.channels.get(step.from) ?? [];
      if (queue.length === 0 || step.op === 'turn') go({}, [thread, undefined]);
      if (queue.length > 0) deliver(state, thread, step.from, go, (message) => message);
      return;
    }
    case 'event': {
      for (const from of step.from) {
        if ((state.channels.get(from) ?? []).length === 0) continue;
        deliver(state, thread, from, go, (message) => ({ kind: 'message', from, message }));
      }
      const notified = state.notified[thread] as number;
      if (notified > 0) {
        const happening: Happening = { kind: 'notified' };
        go({ notified: put(state.notified, thread, notified - 1) }, [thread, happening, 'notified']);
      }
      for (const name of step.own) go({}, [thread, { kind: 'own', name } satisfies Happening, name]);
      return;
    }
    case 'now':
      return go({}, [thread, state.time]);
    case 'due':
      return go({ time: Math.max(state.time, step.since + step.ms) }, [thread, undefined]);
    default:
      throw new RangeError(`${step.op} is not a step of its own`);
  }
}

/** Wakes these sleepers, and with `listeners` those who wait asynchronously. */
function wake(
  state: State,
  thread: number,
  at: number,
  woken: readonly number[],
  listeners: boolean,
  go: Go,
): void {
  const heard = state.listening.map((own) => (listeners ? own.filter((one) => one === at).length : 0));
  const count = woken.length + heard.reduce((sum, n) => sum + n, 0);
  go(
    {
      asleep: state.asleep.map((one, other) => (woken.includes(other) ? undefined : one)),
      listening: listeners ? state.listening.map((own) => own.filter((one) => one !== at)) : state.listening,
      notified: state.notified.map((n, other) => n + (heard[other] as number)),
    },
    [thread, count],
    ...woken.map((other): Answer => [other, 'ok']),
  );
}

/** Every choice of so many. */
function choices<T>(from: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return from.flatMap((first, k) => choices(from.slice(k + 1), count - 1).map((rest) => [first, ...rest]));
}

function change(state: State, thread: number, step: Change, go: Go): void {
  const { at, value } = step;
  const old = state.memory.get(at) ?? 0;
  const acquired = step.op === 'store' ? {} : acquire(state, thread, at);
  if (step.op === 'swap' && old !== step.expected) return go(acquired, [thread, old]);
  const { clocks, clock } = release({ ...state, ...acquired }, thread);
  const memory = new Map(state.memory).set(at, step.op === 'add' ? (old + value) | 0 : value);
  go({ clocks, memory, released: new Map(state.released).set(at, clock) }, [thread, old]);
}

function deliver(
  state: State,
  thread: number,
  from: string,
  go: Go,
  wrap: (message: unknown) => unknown,
): void {
  const [first, ...rest] = state.channels.get(from) as readonly Message[] as [Message, ...Message[]];
  const clock = state.clocks[thread];
  const clocks = clock === undefined ? [] : put(state.clocks, thread, later(clock, first.clock));
  go({ clocks, channels: new Map(state.channels).set(from, rest) }, [
    thread,
    wrap(first.message),
    first.text,
  ]);
}

function acquire(state: State, thread: number, at: number): Partial<State> {
  const released = state.released.get(at);
  const clock = state.clocks[thread];
  if (released === undefined || clock === undefined) return {};
  return { clocks: put(state.clocks, thread, later(clock, released)) };
}

/** What the thread has done so far is told; its time goes on. */
function release(
  state: State,
  thread: number,
): { clocks: readonly (readonly number[])[]; clock: readonly number[] } {
  const clock = state.clocks[thread];
  if (clock === undefined) return { clocks: [], clock: [] };
  return { clocks: put(state.clocks, thread, put(clock, thread, (clock[thread] as number) + 1)), clock };
}

function later(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((time, k) => Math.max(time, b[k] as number));
}

function put<T>(list: readonly T[], at: number, value: T): readonly T[] {
  const copy = list.slice();
  copy[at] = value;
  return copy;
}

/** Two states with one key go on in the same way. */
function keyOf(state: State): string {
  const places = state.places.map((place) => place.id).join();
  const words = [...state.memory].toSorted(([a], [b]) => a - b).join();
  const channels = [...state.channels].map(
    ([name, queue]) => `${name}:${queue.map(({ text }) => text).join()}`,
  );
  const accesses = [...state.accesses].map(
    ([at, { write, reads }]) => `${at} ${write.join()} ${reads.join()}`,
  );
  const clocks = `${accesses.toSorted().join('|')}/${state.clocks.join('|')}/${[...state.released].toSorted(([a], [b]) => a - b).join('|')}`;
  const rest = `${state.asleep.join()};${state.listening.join('|')};${state.notified.join()};${state.seldom};${state.time}`;
  return createHash('md5').update(`${places};${words};${channels.join()};${clocks};${rest}`).digest('base64');
}

function textOf(message: unknown): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    typeof value === 'function' ? '[function]' : value,
  );
}

function describe(step: Step): string {
  const { op, ...rest } = step;
  return `${op} ${textOf(rest)}`;
}

function traceOf(last: State): string[] {
  const trace: string[] = [];
  for (let state: State | undefined = last; state !== undefined; state = state.before)
    trace.push(state.label);
  return trace.toReversed();
}

const bases = new WeakMap<object, number>();

/** Shared words as a thread sees them: plain accesses are steps. `base` is the address of the first. */
export function words(ask: Ask, base: number): Int32Array<SharedArrayBuffer> {
  const view = new Proxy(
    {},
    {
      get(_target, key) {
        if (key === 'buffer') return undefined;
        if (key === 'subarray') return (from: number) => words(ask, base + from);
        return ask({ op: 'read', at: base + Number(key) });
      },
      set(_target, key, value: number) {
        ask({ op: 'write', at: base + Number(key), value });
        return true;
      },
    },
  );
  bases.set(view, base);
  return view as Int32Array<SharedArrayBuffer>;
}

/** `array` is memory that begins at the address `base`. */
export function placeAt(array: object, base: number): void {
  bases.set(array, base);
}

/** `Atomics` whose operations are steps. */
function atomics(ask: Ask): unknown {
  const address = (array: object, index: number): number => (bases.get(array) as number) + index;
  return {
    load: (array: object, k: number) => ask({ op: 'load', at: address(array, k) }),
    store: (array: object, k: number, value: number) => ask({ op: 'store', at: address(array, k), value }),
    exchange: (array: object, k: number, value: number) =>
      ask({ op: 'exchange', at: address(array, k), value }),
    add: (array: object, k: number, value: number) => ask({ op: 'add', at: address(array, k), value }),
    compareExchange: (array: object, k: number, expected: number, value: number) =>
      ask({ op: 'swap', at: address(array, k), expected, value }),
    wait: (array: object, k: number, expected: number) =>
      ask({ op: 'wait', at: address(array, k), expected }),
    sub: (array: object, k: number, value: number) =>
      ask({ op: 'add', at: address(array, k), value: -value }),
    notify: (array: object, k: number, count?: number) =>
      ask({
        op: 'notify',
        at: address(array, k),
        ...(count !== undefined && count !== Infinity && { count }),
      }),
    waitAsync(array: object, k: number, expected: number) {
      const waits = ask({ op: 'waitAsync', at: address(array, k), expected });
      return waits === true
        ? { async: true, value: { then: heard.get(ask) } }
        : { async: false, value: 'not-equal' };
    },
  };
}

const heard = new WeakMap<Ask, (then: () => void) => void>();

/** What takes the functions that a thread passes to `then` of its asynchronous waits. */
export function onAsyncWait(ask: Ask, take: (then: () => void) => void): void {
  heard.set(ask, take);
}
