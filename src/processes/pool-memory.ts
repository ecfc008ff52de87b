/**
 * The words that a pool and its worker processes have in common: a bell for all, a board for each.
 *
 * They lie in memory without a name. Workers inherit its file descriptors, and that of a pipe by which they reach a scheduler
 * that sits in its event loop; one that blocks, and workers that do, sleep on the words themselves (futex(2)).
 */
import { isMainThread } from 'node:worker_threads';
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { bellWords, type Bell } from '../executor/bell.ts';
import { Board } from '../executor/board.ts';
import { totalWords } from '../executor/layout.ts';
import { waitBy, type Waiting } from '../executor/waiting.ts';
import {
  anonymousMemory,
  callBy,
  closeDescriptor,
  inheritedMemory,
  makePipe,
  sleepOn,
} from '../memory/anonymous.ts';
import { SEATS } from '../memory/transit-segments.ts';
import { Transit } from '../memory/transit.ts';
import { SentFunctions } from './sent-functions.ts';

const owner = 'processes()';

/** File descriptors as a worker finds them. */
export const workerFds = { channel: 3, bell: 4, call: 5, board: 6 } as const;

/** The scheduler's side. */
export class PoolMemory {
  readonly bell: Bell;
  readonly bellFd: number;
  /** Where workers write to call the scheduler. */
  readonly callFd: number;
  /** Large arrays on their way to workers and back. */
  readonly transit = new Transit();
  readonly #descriptors: Descriptors;
  /** Resolves what waits in the event loop. */
  #called: (() => void) | undefined;
  readonly #seats = new Set<number>();
  readonly functions = new SentFunctions(this.transit);

  /** @throws TuttiError where processes cannot share memory; what the system refuses has the `code` of its error */
  constructor() {
    const { buffer, fd } = anonymousMemory(owner, bellWords * 4);
    this.bellFd = fd;
    this.bell = new Int32Array(buffer);
    const [reading, writing] = undoneUnlessMade(
      () => makePipe(owner),
      () => closeDescriptor(owner, fd),
    );
    this.callFd = writing;
    const calls = PoolMemory.#callsFor(new WeakRef(this), reading);
    this.#descriptors = new Descriptors([fd, writing], calls);
    dropped.register(this, this.#descriptors);
    const { wait } = blocking(buffer);
    waitBy(buffer, {
      wait,
      waitAsync: () => new Promise<void>((resolve) => (this.#called = resolve)),
      wake: () => undefined, // workers ring, nobody else
    });
  }

  /** The system holds the socket: it must not hold a pool that nobody else does, and no closure that sees `this` either. */
  static #callsFor(memory: WeakRef<PoolMemory>, reading: number): Socket {
    const calls = callsFrom(reading, () => {
      const self = memory.deref();
      if (self !== undefined) self.#tell();
    });
    return calls.unref();
  }

  #tell(): void {
    const tell = this.#called;
    this.#called = undefined;
    tell?.();
  }

  /** A board for a new worker, the file descriptor that the worker inherits, and how to close it once it has. */
  newBoard(): { readonly board: Board; readonly fd: number; close(): void } {
    const { buffer, fd } = anonymousMemory(owner, totalWords * 4);
    waitBy(buffer, blocking(buffer));
    return { board: new Board(buffer), fd, close: () => closeDescriptor(owner, fd) };
  }

  /** A seat in {@link transit} for a new worker; undefined when all are taken. The scheduler's own is 0. */
  takeSeat(): number | undefined {
    for (let seat = 1; seat < SEATS; seat++) {
      if (this.#seats.has(seat)) continue;
      this.#seats.add(seat);
      return seat;
    }
    return undefined;
  }

  /** The worker on a seat is gone. */
  freeSeat(seat: number): void {
    this.transit.forget(seat);
    this.#seats.delete(seat);
  }

  /** No worker will ring any more. */
  close(): void {
    this.transit.close();
    this.#descriptors.close();
  }
}

/** Those of a pool that end with it, however it ends: closed, dropped, or with its thread, which leaves them to the process. */
class Descriptors {
  static readonly #open = new Set<Descriptors>();
  readonly #fds: readonly number[];
  readonly #calls: Socket;

  constructor(fds: readonly number[], calls: Socket) {
    this.#fds = fds;
    this.#calls = calls;
    if (Descriptors.#open.size === 0 && !isMainThread) process.on('exit', Descriptors.#closeAll);
    Descriptors.#open.add(this);
  }

  close(): void {
    // Once: the numbers are somebody else's afterwards.
    if (!Descriptors.#open.delete(this)) return;
    if (Descriptors.#open.size === 0) process.off('exit', Descriptors.#closeAll);
    this.#calls.destroy();
    for (const fd of this.#fds) closeDescriptor(owner, fd);
  }

  static #closeAll(): void {
    for (const each of Descriptors.#open) each.close();
  }
}

/** No worker of a pool that is garbage lives: a live one keeps it. */
const dropped = new FinalizationRegistry<Descriptors>((descriptors) => descriptors.close());

/** `make()`; when it throws, `undo()` takes back what was done for it. */
export function undoneUnlessMade<T>(make: () => T, undo: () => void): T {
  try {
    return make();
  } catch (error) {
    undo();
    throw error;
  }
}

/** Calls are read into one small buffer and thrown away: a stream's own way makes a buffer of 64 KiB for each byte. */
function callsFrom(fd: number, called: () => void): Socket {
  const buffer = new Uint8Array(256);
  const callback = (): boolean => {
    called();
    return true;
  };
  // The types know `onread` for connect() only; the constructor takes it as well (net.Socket in Node's documentation).
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd,
    readable: true,
    writable: false,
    onread: { buffer, callback },
  };
  return new Socket(options);
}

/** The worker's side of the same. */
export function workerMemory(): { readonly board: Board; readonly bell: Bell } {
  const bell = inheritedMemory(owner, workerFds.bell, bellWords * 4);
  const board = inheritedMemory(owner, workerFds.board, totalWords * 4);
  waitBy(board, blocking(board));
  const { wait, waitAsync, wake } = blocking(bell);
  const call = callBy(owner);
  waitBy(bell, {
    wait,
    waitAsync,
    wake(words, at, inEventLoop) {
      if (inEventLoop) call(workerFds.call);
      else wake(words, at, false);
    },
  });
  return { board: new Board(board), bell: new Int32Array(bell) };
}

/** For those who never wait in their event loop. */
function blocking(buffer: ArrayBuffer): Waiting {
  const sleep = sleepOn(owner, buffer);
  return {
    wait: (words, at, value, ms) => sleep.wait(words.byteOffset + 4 * at, value, ms),
    waitAsync: () => new Promise(() => undefined),
    wake: (words, at) => sleep.wake(words.byteOffset + 4 * at),
  };
}
