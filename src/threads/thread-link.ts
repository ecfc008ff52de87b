/** A worker thread as its pool sees it: the thread, one port, one board. */
import { existsSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { MessageChannel, receiveMessageOnPort, threadId as ownThreadId, Worker } from 'node:worker_threads';
import type { MessagePort, ResourceLimits } from 'node:worker_threads';
import { environmentWith } from '../base/environment.ts';
import { UnsupportedError } from '../base/errors.ts';
import { threadEnded } from '../base/thread-ends.ts';
import { Board } from '../executor/board.ts';
import type { FromWorker, ToWorker, Transferable } from '../executor/wire.ts';
import type {
  StartWorker,
  WorkerEvents,
  WorkerExit,
  WorkerLink,
  WorkerSetup,
} from '../executor/worker-link.ts';
import { workerFlags } from './worker-flags.ts';

export interface ThreadOptions {
  readonly name: string;
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly execArgv?: readonly string[] | undefined;
}

/** What a thread is started with. */
export interface ThreadData {
  readonly setup: WorkerSetup;
  readonly board: SharedArrayBuffer;
  readonly port: MessagePort;
  /** `[0]`: the thread's id in the kernel, where it has one to show (Linux). */
  readonly kernelId: Int32Array<SharedArrayBuffer>;
  /** The thread that starts it. */
  readonly starter: number;
  /** Depth of the thread below the main one, 1 for its own workers. */
  readonly depth: number;
  /** Cores that the pool's workers share; undefined: the usable ones. */
  readonly cores: number | undefined;
}

const entry = new URL('./thread.worker.cjs', import.meta.url);

/** Starts worker threads at `depth` below the main thread, which share `cores`. */
export function startThreads(
  options: ThreadOptions,
  place: Pick<ThreadData, 'depth' | 'cores'>,
): StartWorker {
  return (setup, events) => new ThreadLink(options, place, setup, events);
}

class ThreadLink implements WorkerLink {
  readonly threads = true;
  readonly board = new Board();
  readonly #thread: Worker;
  readonly #threadId: number;
  readonly #port: MessagePort;
  readonly #kernelId = new Int32Array(new SharedArrayBuffer(4));
  readonly #limits: ResourceLimits;
  #error: unknown;

  constructor(
    options: ThreadOptions,
    place: Pick<ThreadData, 'depth' | 'cores'>,
    setup: WorkerSetup,
    events: WorkerEvents,
  ) {
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = {
      setup,
      board: this.board.buffer as SharedArrayBuffer,
      port: port2,
      kernelId: this.#kernelId,
      starter: ownThreadId,
      ...place,
    };
    const execArgv = workerFlags(options.execArgv);
    this.#port = port1;
    this.#thread = new Worker(entry, {
      name: `${options.name} ${setup.id}`,
      workerData: data,
      transferList: [port2],
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
      ...(options.env === undefined ? {} : { env: environmentWith(options.env) }),
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    this.#limits = this.#thread.resourceLimits ?? {};
    port1.on('message', (entries: readonly FromWorker[]) => events.message(entries));
    port1.on('messageerror', (error: Error) => {
      // Which results were lost is unknown: the worker is given up, and what it held runs again or fails by name.
      this.#error = error;
      this.kill();
    });
    this.#thread.on('error', (error: unknown) => (this.#error = error));
    // Its id is −1 once it has ended.
    const id = this.#thread.threadId;
    this.#threadId = id;
    this.#thread.on('exit', (code: number) => {
      threadEnded(id);
      events.exit(this.#describeExit(code));
      port1.close();
    });
    this.hold(false);
  }

  post(entries: readonly ToWorker[], transfer: Transferable[]): void {
    this.#port.postMessage(entries, transfer);
  }

  poll(): readonly FromWorker[] | undefined {
    return (receiveMessageOnPort(this.#port) as { message: readonly FromWorker[] } | undefined)?.message;
  }

  /**
   * Three signs, because the `exit` event needs an event loop that turns: the worker announced its exit; its loop's
   * clock has stopped (known once its `online` event has been seen); on Linux, its kernel thread is gone.
   */
  ended(): WorkerExit | undefined {
    if (!this.#isDead()) return undefined;
    threadEnded(this.#threadId);
    return { code: this.board.exitCode() };
  }

  #isDead(): boolean {
    if (this.board.exitCode() !== undefined) return true;
    if (this.#thread.performance.eventLoopUtilization().idle < 0) return true;
    const kernelId = Atomics.load(this.#kernelId, 0);
    return kernelId > 0 && !existsSync(`/proc/self/task/${kernelId}`);
  }

  kill(): void {
    void this.#thread.terminate();
  }

  hold(keepAlive: boolean): void {
    if (keepAlive) {
      this.#port.ref();
      this.#thread.ref();
    } else {
      this.#port.unref();
      this.#thread.unref();
    }
  }

  #describeExit(code: number): WorkerExit {
    const error = this.#error;
    if ((error as { code?: string } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return { code, error, memoryLimit: heapLimit(this.#limits) };
    }
    if (error !== undefined && !existsSync(entry)) {
      const message =
        `the file that workers start with is missing (${entry.href}); a bundle must not contain Tutti: keep it ` +
        'external (esbuild --external:tutti) and install it beside the bundle';
      return { code, error: new UnsupportedError(message, { cause: error }) };
    }
    return { code, error };
  }
}

/** The old generation's limit: the caller's, or the one that V8 chose for this process. */
function heapLimit(limits: ResourceLimits): string {
  const own = limits.maxOldGenerationSizeMb ?? 0;
  return `heap ${own > 0 ? own : Math.round(getHeapStatistics().heap_size_limit / 2 ** 20)} MB`;
}
