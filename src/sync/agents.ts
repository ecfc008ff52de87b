/**
 * Who takes part: a table in shared memory of the threads that have used an object of it, and whether they live.
 *
 * A lock says who holds it by a number. That number leads to an entry here, which says in which process the holder lives and
 * whether its thread has ended. Numbers are never given twice, entries are used again: a number whose entry is another's by now is
 * of somebody who has ended.
 *
 * A thread that ends by itself says so. One that is terminated cannot: the thread that started it does it when it gets its `exit`
 * event (`markEnded`). Of a process that has died the system knows.
 */
import { threadId } from 'node:worker_threads';
import { onThreadEnd, starterOfThis } from '../base/thread-ends.ts';
import { registrySlot } from '../base/registry.ts';
import { isProcessAlive, pidOf, processIdentity } from '../memory/process-identity.ts';
import { threadWords, wordsOver, type Words } from './words.ts';

/** Entries of a table: so many threads take part at once. */
const capacity = 1022;
const header = { magic: 0, next: 1, textBytes: 2 } as const;
const headerWords = 4;
/**
 * `bell` counts what its thread listens for; `waitsFor` is the holder of what it is blocked on, `looks` counts how often it was
 * found so; `starter` is the thread that has started its own, which ends with it.
 */
const field = { id: 0, process: 1, thread: 2, state: 3, bell: 4, waitsFor: 5, looks: 6, starter: 7 } as const;
const entryWords = 8;
const tableWords = headerWords + capacity * entryWords;

const State = { free: 0, joining: 1, alive: 2, dead: 3 } as const;

/** Longest number: lock words keep the sign for themselves. */
const largestId = 0x3fff_ffff;

/** Bytes of an agent's own words, where there are any. */
const textBytes = 2048;

/** How long the answer of the system about another process is taken for true. */
const aliveMs = 50;

/** What a thread knows of tables; one for all copies of this file. */
interface Known {
  readonly tables: Map<number, Agents>;
  /** Where objects of this thread take part, for threads and for processes. */
  own: Agents | undefined;
  ownAcross: Agents | undefined;
}

const known = registrySlot<Known>('sync agents', 1).take(() => {
  const made: Known = { tables: new Map(), own: undefined, ownAcross: undefined };
  onThreadEnd((ended) => {
    for (const table of made.tables.values()) table.markEnded(ended);
  });
  process.on('exit', () => {
    for (const table of made.tables.values()) table.markEnded(threadId);
  });
  return made;
});

/** The table that new objects of this thread go with. `texts`: agents may leave words about what they do. */
export function ownAgents(across: boolean, texts: boolean): Agents {
  const before = across ? known.ownAcross : known.own;
  if (before !== undefined) return before;
  const byteLength = tableWords * 4 + (texts ? capacity * textBytes : 0);
  const array = across ? wordsOver(byteLength, true) : threadWords(byteLength);
  array.words[header.textBytes] = texts ? textBytes : 0;
  Atomics.store(array.words, header.magic, 1 + Math.floor(Math.random() * 0x7fff_fffe));
  return remember(array, across);
}

/** The table that came with an object. */
export function agentsOf(words: Words, across: boolean): Agents {
  const magic = Atomics.load(words.words, header.magic);
  return known.tables.get(magic) ?? remember(words, across);
}

function remember(words: Words, across: boolean): Agents {
  const table = new Agents(words);
  known.tables.set(Atomics.load(words.words, header.magic), table);
  if (across) known.ownAcross ??= table;
  else known.own ??= table;
  return table;
}

/** One table as this thread sees it. */
export class Agents {
  readonly words: Words;
  readonly #array: Int32Array;
  readonly #textBytes: number;
  /** When this process's neighbours were last seen alive, by identity. */
  readonly #seenAlive = new Map<number, number>();
  #me = 0;

  constructor(words: Words) {
    this.words = words;
    this.#array = words.words;
    this.#textBytes = words.words[header.textBytes] as number;
  }

  /** The number of this thread, given at its first use of the table. */
  get me(): number {
    if (this.#me === 0) this.#me = this.#join();
    return this.#me;
  }

  #join(): number {
    const array = this.#array;
    const own = processIdentity(process.pid) ?? pidOf(process.pid);
    for (let tries = 0; tries < 4 * capacity; tries++) {
      const id = (Atomics.add(array, header.next, 1) % largestId) + 1;
      const at = entryOf(id);
      const state = Atomics.load(array, at + field.state);
      if (state === State.joining || (state === State.alive && !this.#isGone(at))) continue;
      if (Atomics.compareExchange(array, at + field.state, state, State.joining) !== state) continue;
      Atomics.store(array, at + field.process, own);
      Atomics.store(array, at + field.thread, threadId);
      Atomics.store(array, at + field.starter, starterOfThis());
      Atomics.store(array, at + field.waitsFor, 0);
      this.#write(id, '');
      Atomics.store(array, at + field.id, id);
      Atomics.store(array, at + field.state, State.alive);
      return id;
    }
    throw new RangeError(
      `sync: more than ${capacity} threads use the objects of one program at once; use fewer workers`,
    );
  }

  /** Whether the thread of a number has ended. */
  isDead(id: number): boolean {
    const at = entryOf(id);
    return Atomics.load(this.#array, at + field.id) !== id || this.#isGone(at);
  }

  #isGone(at: number): boolean {
    if (Atomics.load(this.#array, at + field.state) === State.dead) return true;
    const identity = Atomics.load(this.#array, at + field.process);
    if (pidOf(identity) === process.pid) return false;
    const now = performance.now();
    if (now - (this.#seenAlive.get(identity) ?? -Infinity) < aliveMs) return false;
    if (!isProcessAlive(identity)) return true;
    this.#seenAlive.set(identity, now);
    return false;
  }

  /** A thread of this process has ended. */
  markEnded(thread: number): void {
    const array = this.#array;
    if (array.length === 0) return; // its memory was released
    for (let at = headerWords; at < tableWords; at += entryWords) {
      if (Atomics.load(array, at + field.state) !== State.alive) continue;
      if (pidOf(Atomics.load(array, at + field.process)) !== process.pid) continue;
      const own = Atomics.load(array, at + field.thread);
      if (own === thread) Atomics.store(array, at + field.state, State.dead);
      // Whom a thread has started ends before it does; but it was the one to say so.
      else if (Atomics.load(array, at + field.starter) === thread) this.markEnded(own);
    }
  }

  /** How errors call the thread of a number. */
  nameOf(id: number): string {
    const at = entryOf(id);
    if (Atomics.load(this.#array, at + field.id) !== id) return 'a thread that has ended';
    const thread = Atomics.load(this.#array, at + field.thread);
    const pid = pidOf(Atomics.load(this.#array, at + field.process));
    const place = thread === 0 ? 'the main thread' : `thread ${thread}`;
    return pid === process.pid ? place : `${place} of process ${pid}`;
  }

  // ── bells ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The word of an agent that is counted up when something that it listens for may have happened. */
  bellOf(id: number): number {
    return entryOf(id) + field.bell;
  }

  ring(id: number): void {
    const at = entryOf(id);
    if (Atomics.load(this.#array, at + field.id) !== id) return;
    Atomics.add(this.#array, at + field.bell, 1);
    this.words.notify(at + field.bell, Infinity);
  }

  // ── who waits for whom ───────────────────────────────────────────────────────────────────────────────────────

  /** This thread is blocked on what `holder` holds, or on nothing (0); `text` describes it. */
  waitFor(holder: number, text: string): void {
    const { me } = this;
    if (holder !== 0) this.#write(me, text);
    Atomics.store(this.#array, entryOf(me) + field.waitsFor, holder);
    Atomics.add(this.#array, entryOf(me) + field.looks, 1);
  }

  /** How often a thread has said whom it waits for. */
  looksOf(id: number): number {
    return Atomics.load(this.#array, entryOf(id) + field.looks);
  }

  /** The circle that begins with this thread: the numbers in it, or none. */
  circle(): readonly number[] {
    const { me } = this;
    const way = [me];
    for (;;) {
      const next = this.#waitsFor(way.at(-1) as number);
      if (next === me) return way;
      if (next === 0 || way.includes(next)) return [];
      way.push(next);
    }
  }

  #waitsFor(id: number): number {
    const at = entryOf(id);
    return Atomics.load(this.#array, at + field.id) === id
      ? Atomics.load(this.#array, at + field.waitsFor)
      : 0;
  }

  /** What a thread has last said of itself. */
  textOf(id: number): string {
    if (this.#textBytes === 0) return '';
    const bytes = this.#bytes(id);
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    // A copy: decoders refuse shared memory.
    return new TextDecoder().decode(Uint8Array.from(bytes.subarray(4, 4 + Math.min(length, textBytes - 4))));
  }

  #write(id: number, text: string): void {
    if (this.#textBytes === 0) return;
    const bytes = this.#bytes(id);
    const encoded = new TextEncoder().encode(text).subarray(0, textBytes - 4);
    bytes.set(encoded, 4);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, encoded.length, true);
  }

  #bytes(id: number): Uint8Array {
    const { buffer, byteOffset } = this.#array;
    return new Uint8Array(buffer, byteOffset + tableWords * 4 + (id % capacity) * textBytes, textBytes);
  }
}

function entryOf(id: number): number {
  return headerWords + (id % capacity) * entryWords;
}
