/**
 * Messages between a pool and a worker process: frames and buffers (`../codec`) over one stream socket.
 *
 * Both ends read in two ways: from the event loop, and at once, without returning to it (`poll`), because a blocked thread and
 * a worker between two parts look for messages themselves. Both ways take the next bytes of the same stream and give them to
 * the same reader in the same thread, so nothing is overtaken. Writing waits only while the other end reads: what the
 * socket does not take then stays here and is tried again, also by `poll`, so that two ends that write to each other cannot block each other. Whoever has no event loop
 * to come back to waits for bytes only while they move.
 */
import { readSync, writevSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { TransferListItem } from 'node:worker_threads';
import { decode, encode, MessageReader, MessageWriter } from '../codec/index.ts';
import type { Luggage } from './luggage.ts';

export interface ChannelEvents {
  message(message: unknown): void;
  /** The other end is closed. Nothing comes any more. */
  closed(): void;
  /** What has come is no message. Nothing comes any more. */
  broken(error: unknown): void;
}

/** Bytes that are read at once. */
const CHUNK_BYTES = 65_536;
/** writev(2) takes no more chunks than this. */
const MAX_CHUNKS = 512;
/** A message is as large as memory allows: the other end is our own. */
const MAX_BYTES = 2 ** 46;
/** What is written on at once, and for how long nothing may move then. */
const LARGE_BYTES = 2 ** 20;
const STALLED_MS = 2;
/** … and for how long in all. */
const NOW_MS = 50;
/** How long to wait for room in a socket that is not emptied. */
const RETRY_MS = 1;
/** A socket is looked at this often by those who cannot wait in an event loop… */
const LOOK_MS = 0.1;
/** … after so many looks without a pause… */
const LOOKS = 16;
/** … until for so long nothing has moved: then the other end is busy with something else. */
const PATIENCE_MS = 5;
/** A worker has more patience: the task that it runs next may be endless, and what it has said must be out before. */
export const WORKER_PATIENCE_MS = 1000;
/** At its exit a process waits this long for the other end to read what it said last. */
const LAST_WORDS_MS = 2000;

const scratch = new Uint8Array(CHUNK_BYTES);
const nobody = new Int32Array(new SharedArrayBuffer(4));

export class Channel {
  readonly #fd: number | undefined;
  #luggage: Luggage;
  readonly #writer = new MessageWriter();
  readonly #reader = new MessageReader({ maxBytes: MAX_BYTES });
  #socket: Socket | undefined;
  #events: ChannelEvents | undefined;
  /** Messages that were read and not delivered. */
  readonly #inbox: unknown[] = [];
  /** Bytes that the socket did not take yet. */
  #unwritten: Uint8Array[] = [];
  #retrying = false;
  #over = false;

  /**
   * `fd` is where one reads and writes at once; undefined where only the event loop can (Windows). `luggage`: which memory
   * need not go through the socket.
   */
  constructor(fd: number | undefined, luggage: Luggage) {
    this.#fd = fd;
    this.#luggage = luggage;
  }

  /** From now on memory travels in other ways; returns this. */
  with(luggage: Luggage): this {
    this.#luggage = luggage;
    return this;
  }

  /** From now on messages are delivered from the event loop. */
  listen(socket: Socket, events: ChannelEvents): void {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => {
      if (this.#over) return;
      this.#guard(() => {
        for (const message of this.#reader.push(chunk)) this.#arrived(message);
        // The rest of a large message is read to where it belongs.
        while (this.#open && this.#reader.wanted().byteLength > CHUNK_BYTES && this.#read() > 0);
      });
      this.#deliver();
    });
    socket.on('error', () => {
      // The other end is gone: `close` follows.
    });
    socket.on('close', () => this.#end());
  }

  /**
   * Sends a message. Buffers in `transfer` change hands: they are detached here.
   *
   * @throws CaptureError when something in it cannot be encoded; nothing is sent then
   */
  post(message: unknown, transfer: readonly TransferListItem[] = []): void {
    const moved = transfer.length === 0 ? undefined : (buffer: ArrayBuffer) => transfer.includes(buffer);
    const encoded = this.#luggage.pack((share) => encode(message, { root: 'message', moved, share }));
    this.#writer.add(encoded);
    const chunks = this.#writer.take();
    if (this.#over || this.#socket?.destroyed === true) return;
    if (this.#fd === undefined) {
      for (const chunk of chunks) this.#socket?.write(chunk);
      return;
    }
    const rest = this.#unwritten.length > 0 ? chunks : this.#writeNow(chunks);
    if (rest.length === 0) return;
    // What waits must not change with the sender's arrays.
    for (const chunk of rest) this.#unwritten.push(chunk.slice());
    this.#retry();
  }

  /**
   * The next message, without returning to the event loop; undefined when there is none. Of one that is on its way the rest is
   * awaited, as long as it comes.
   */
  poll(): unknown {
    if (this.#inbox.length === 0 && this.#open) this.#guard(() => this.#move(() => this.#inbox.length > 0));
    const next = this.#inbox.shift();
    if (this.#inbox.length > 0) setImmediate(() => this.#deliver());
    return next;
  }

  /** Sends on what the socket did not take at once, as long as the other end takes it; returns whether something is left. */
  push(patienceMs = PATIENCE_MS): boolean {
    if (this.#unwritten.length > 0 && this.#open)
      this.#move(() => this.#unwritten.length === 0, false, patienceMs);
    return this.#unwritten.length > 0;
  }

  /** Has bytes move, both ways or out only, while they do and until `done()`. */
  #move(done: () => boolean, both = true, patienceMs = PATIENCE_MS): void {
    let looks = 0;
    for (let movedAt = -Infinity; ;) {
      const moved = this.#unwritten.length > 0 && this.#writeOn();
      const count = both ? this.#read() : -1;
      if (count === 0 || done()) return;
      if (moved || count > 0) {
        movedAt = performance.now();
        looks = 0;
        continue;
      }
      // Nothing at the moment.
      if (both ? !this.#reader.midway : this.#unwritten.length === 0) return;
      if (movedAt === -Infinity) movedAt = performance.now();
      else if (performance.now() - movedAt > patienceMs) return;
      // A socket is emptied in less time than it takes to sleep.
      if (++looks > LOOKS)
        Atomics.wait(nobody, 0, 0, movedAt < performance.now() - PATIENCE_MS ? RETRY_MS : LOOK_MS);
    }
  }

  /**
   * The next message of a socket that nobody listens to yet; blocks until it is there. Undefined at the stream's end.
   *
   * Reads not a byte more: what comes behind it may need {@link with}.
   */
  next(): unknown {
    while (this.#inbox.length === 0) {
      const count = this.#read(true);
      if (count === 0) return undefined;
      if (count < 0) Atomics.wait(nobody, 0, 0, RETRY_MS);
    }
    return this.#inbox.shift();
  }

  /** For a process that exits: waits for a while until all is written. */
  flush(): void {
    const end = performance.now() + LAST_WORDS_MS;
    while (this.push() && this.#open && performance.now() < end);
  }

  /** Delivers all that the other end has sent before it ended, and closes. */
  finish(): void {
    if (this.#open) {
      this.#guard(() => {
        while (this.#read() > 0);
      });
    }
    this.#deliver();
    this.close();
  }

  /** One can read and write at once: a socket that is destroyed has given its descriptor away. */
  get #open(): boolean {
    return this.#fd !== undefined && !this.#over && this.#socket?.destroyed !== true;
  }

  close(): void {
    this.#over = true;
    this.#unwritten = [];
    this.#socket?.destroy();
  }

  #deliver(): void {
    while (this.#inbox.length > 0) this.#events?.message(this.#inbox.shift());
  }

  #arrived({ frame, buffers }: { frame: Uint8Array; buffers: readonly Uint8Array[] }): void {
    this.#inbox.push(decode(frame, buffers, { resolve: this.#luggage.resolve }));
  }

  /** Reads once; the number of bytes, 0 at the end of the stream, −1 when there is nothing at the moment. */
  #read(exactly = false): number {
    const wanted = this.#reader.wanted();
    const target = exactly || wanted.byteLength > CHUNK_BYTES ? wanted : scratch;
    let count: number;
    try {
      count = readSync(this.#fd as number, target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return -1;
      if (code === 'ECONNRESET' || code === 'EBADF' || code === 'EPIPE') return 0;
      throw error;
    }
    if (target === scratch) {
      for (const message of this.#reader.push(scratch.subarray(0, count))) this.#arrived(message);
    } else if (count > 0) {
      const message = this.#reader.wrote(count);
      if (message !== undefined) this.#arrived(message);
    }
    return count;
  }

  /** Writes as much as the socket takes; returns what is left. */
  #write(chunks: Uint8Array[]): Uint8Array[] {
    let first = 0;
    let skip = 0;
    while (first < chunks.length) {
      const batch = chunks.slice(first, first + MAX_CHUNKS);
      if (skip > 0) batch[0] = (batch[0] as Uint8Array).subarray(skip);
      let count: number;
      try {
        count = writevSync(this.#fd as number, batch);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') break;
        // The other end is gone: whoever listens is told by the socket's end.
        if (code !== 'EPIPE' && code !== 'ECONNRESET' && code !== 'EBADF') this.#fail(error);
        return [];
      }
      for (const chunk of batch) {
        if (count < chunk.byteLength) break;
        count -= chunk.byteLength;
        first++;
        skip = 0;
      }
      skip += count;
    }
    if (first >= chunks.length) return [];
    const rest = chunks.slice(first);
    if (skip > 0) rest[0] = (rest[0] as Uint8Array).subarray(skip);
    return rest;
  }

  /** Writes, and of what is large goes on while the other end reads: to copy it for later would take as long. Returns what is left. */
  #writeNow(chunks: Uint8Array[]): Uint8Array[] {
    const rest = this.#write(chunks);
    if (byteLengthOf(rest) < LARGE_BYTES) return rest;
    this.#unwritten = rest;
    const end = performance.now() + NOW_MS;
    this.#move(() => this.#unwritten.length === 0 || performance.now() > end, false, STALLED_MS);
    const left = this.#unwritten;
    this.#unwritten = [];
    return left;
  }

  /** Writes on what waits; returns whether some of it went. */
  #writeOn(): boolean {
    const before = byteLengthOf(this.#unwritten);
    this.#unwritten = this.#write(this.#unwritten);
    return byteLengthOf(this.#unwritten) < before;
  }

  /** Tries again what was not written: at once while that helps, then now and then. */
  #retry(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    let movedAt = performance.now();
    const attempt = (): void => {
      if (!this.#open) this.#unwritten = [];
      const moved = this.#writeOn();
      this.#retrying = this.#unwritten.length > 0;
      if (!this.#retrying) return;
      const now = performance.now();
      if (moved) movedAt = now;
      // The socket holds little: whoever reads a large message empties it in less time than the shortest timer takes.
      if (now - movedAt < STALLED_MS) setImmediate(attempt);
      else setTimeout(attempt, RETRY_MS).unref();
    };
    setImmediate(attempt);
  }

  /** What has come may be no message: then the channel is of no use any more. */
  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.close();
      this.#events?.broken(error);
    }
  }

  /** Nobody knows how much of a message went: nothing can follow it. */
  #fail(error: unknown): void {
    this.close();
    queueMicrotask(() => this.#events?.broken(error));
  }

  #end(): void {
    if (this.#over) return;
    this.#deliver();
    this.#over = true;
    this.#unwritten = [];
    this.#events?.closed();
  }
}

function byteLengthOf(chunks: readonly Uint8Array[]): number {
  let sum = 0;
  for (const { byteLength } of chunks) sum += byteLength;
  return sum;
}
