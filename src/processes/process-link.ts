/** A worker process as its pool sees it: the process, one socket, one board. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import { UnsupportedError } from '../base/errors.ts';
import type { Board } from '../executor/board.ts';
import type { FromWorker, ToWorker, Transferable } from '../executor/wire.ts';
import type {
  StartWorker,
  WorkerEvents,
  WorkerExit,
  WorkerLink,
  WorkerSetup,
} from '../executor/worker-link.ts';
import { trackerId } from '../memory/tracker.ts';
import { Channel } from './channel.ts';
import { inCallersWords } from './entry-paths.ts';
import { exitStatus } from './exit-status.ts';
import { handLuggage, SharedLuggage } from './luggage.ts';
import { tie, untie } from './lifeline.ts';
import type { PoolMemory } from './pool-memory.ts';
import { processEnvironment, processFlags } from './process-flags.ts';
import { SchedulerBoard, type Began } from './split-board.ts';

export interface ProcessOptions {
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly execArgv?: readonly string[] | undefined;
}

/** Where a worker stands among nested pools. */
export interface ProcessPlace {
  readonly depth: number;
  readonly cores: number | undefined;
  /** Threads that native libraries should use in a worker. */
  readonly nativeThreads: number;
}

/** The first message to a worker. */
export interface ProcessSetup extends Omit<WorkerSetup, 'bell'> {
  readonly depth: number;
  readonly cores: number | undefined;
  /** The worker has inherited the memory of a board and a bell. */
  readonly direct: boolean;
  /** Its seat in the transit of large arrays. */
  readonly seat: number | undefined;
}

/** What a worker says outside of its parts; everything else from it is a list of entries. */
export type Aside = Began | { readonly uncaught: unknown };

const entry = fileURLToPath(new URL('./process.worker.js', import.meta.url));

/** A worker that has closed its channel ends; one that does not is ended after this. */
const silentMs = 1000;

/** Starts worker processes; with `memory` they share words with the scheduler, without it everything goes by message. */
export function startProcesses(
  options: ProcessOptions,
  place: ProcessPlace,
  memory: PoolMemory | undefined,
): StartWorker {
  return (setup, events) => {
    if (!existsSync(entry)) {
      throw new UnsupportedError(
        `processes(): there is no ${entry}, which workers run; a bundler must leave tutti out of the bundle ` +
          "(esbuild: `external: ['tutti']`)",
      );
    }
    return new ProcessLink(options, place, memory, setup, events);
  };
}

class ProcessLink implements WorkerLink {
  readonly threads = false;
  readonly board: Board;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #channel: Channel;
  readonly #events: WorkerEvents;
  /** What went uncaught in the worker, or why there is none. */
  #error: unknown;
  #gone = false;
  readonly #memory: PoolMemory | undefined;
  readonly #seat: number | undefined;

  constructor(
    options: ProcessOptions,
    place: ProcessPlace,
    memory: PoolMemory | undefined,
    { bell: _, ...setup }: WorkerSetup,
    events: WorkerEvents,
  ) {
    const { nativeThreads, ...nesting } = place;
    this.#events = events;
    this.#memory = memory;
    const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'pipe'];
    const tracker = memory === undefined ? {} : { TUTTI_TRACKER: trackerId() };
    const shared = memory?.newBoard();
    if (memory !== undefined && shared !== undefined) stdio.push(memory.bellFd, memory.callFd, shared.fd);
    this.board = shared?.board ?? new SchedulerBoard();
    try {
      this.#child = spawn(
        process.execPath,
        [...processFlags(options.execArgv, options.resourceLimits), entry],
        { stdio, env: processEnvironment(nativeThreads, options.env, tracker) },
      );
    } finally {
      shared?.close();
    }
    const { pid } = this.#child;
    if (pid === undefined && !Array.isArray(this.#child.stdio)) {
      // Node tells why later; this is what it has no sockets for.
      this.#child.on('error', () => undefined);
      throw new UnsupportedError(
        'no process can be started: this one has run out of file descriptors; close some, or raise their limit (ulimit -n)',
      );
    }
    if (pid !== undefined) tie(pid);
    this.#child.on('error', (error) => {
      this.#error ??= error;
      if (pid === undefined) this.#exited({});
    });
    this.#child.on('exit', (code, signal) => {
      if (pid !== undefined) untie(pid);
      this.#exited({ code: code ?? undefined, signal: signal ?? undefined });
    });
    this.#socket = this.#child.stdio[3] as Socket;
    this.#seat = memory?.takeSeat();
    const luggage =
      memory === undefined || this.#seat === undefined
        ? handLuggage
        : new SharedLuggage(memory.transit, this.#seat);
    this.#channel = new Channel(handleOf(this.#socket), handLuggage);
    this.#channel.listen(this.#socket, {
      message: (message) => {
        if (this.#isEntries(message)) events.message(message);
      },
      // The exit comes with it, unless a task has closed what is not its own.
      closed: () => setTimeout(() => this.kill(), silentMs).unref(),
      broken: (error) => {
        // Which results were lost is unknown: the worker is given up, and what it held runs again or fails by name.
        this.#error ??= error;
        this.kill();
      },
    });
    const first: ProcessSetup = { ...setup, ...nesting, direct: memory !== undefined, seat: this.#seat };
    // A worker learns with its first message how large arrays travel.
    this.#channel.post(first);
    this.#channel.with(luggage);
    this.hold(false);
  }

  post(entries: readonly ToWorker[], transfer: Transferable[]): void {
    try {
      const seat = this.#seat;
      const post = (sent: readonly ToWorker[]): void => this.#channel.post(sent, transfer);
      if (seat === undefined || this.#memory === undefined) post(entries);
      else this.#memory.functions.send(entries, seat, post);
    } catch (error) {
      throw inCallersWords(error, entries);
    }
  }

  poll(): readonly FromWorker[] | undefined {
    for (;;) {
      const message = this.#channel.poll();
      if (message === undefined || this.#isEntries(message)) return message;
    }
  }

  push(): boolean {
    return this.#channel.push();
  }

  ended(): WorkerExit | undefined {
    const { pid } = this.#child;
    if (pid === undefined) return { error: this.#error };
    const exit = exitStatus(pid);
    return exit && { ...exit, error: this.#error };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  hold(keepAlive: boolean): void {
    if (keepAlive) {
      this.#child.ref();
      this.#socket.ref();
    } else {
      this.#child.unref();
      this.#socket.unref();
    }
  }

  /** Whether it is for the pool; what the worker says aside is noted here. */
  #isEntries(message: unknown): message is readonly FromWorker[] {
    const { board } = this;
    if (Array.isArray(message)) {
      if (board instanceof SchedulerBoard)
        for (const one of message as readonly FromWorker[])
          if (one[0] === 'results') board.received(one[1], one[2] + one[3].length);
      return true;
    }
    const aside = message as Aside;
    if ('uncaught' in aside) this.#error = aside.uncaught;
    else if (board instanceof SchedulerBoard) board.began(...aside.began);
    return false;
  }

  #exited(exit: WorkerExit): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#channel.finish();
    if (this.#seat !== undefined) this.#memory?.freeSeat(this.#seat);
    this.#events.exit({ ...exit, error: this.#error });
  }
}

/** The file descriptor under a socket; undefined on Windows, which has none. */
function handleOf(socket: Socket): number | undefined {
  const { fd } = (socket as unknown as { _handle?: { fd?: number } })._handle ?? {};
  return fd === undefined || fd < 0 ? undefined : fd;
}
