/**
 * The life of a worker, wherever it lives: `init`, then parts until it is told to end, then `teardown`.
 *
 * What this file and those that it imports load is what every worker waits for at its start: they import little, and get
 * Node's modules that they seldom need through `process.getBuiltinModule`.
 */
import { loading } from '../base/loading.ts';
import { rebuild as unpack } from '../closure/rebuild.ts';
import { ring, type Bell } from './bell.ts';
import type { Board } from './board.ts';
import { contextStore, type ContextSource } from './runner.ts';
import type { FromWorker, Post, ToWorker } from './wire.ts';
import type { WorkerSetup } from './worker-link.ts';
import { WorkerLoop } from './worker-loop.ts';

/** What a worker needs of the place that it lives in. */
export interface WorkerHost {
  readonly setup: Omit<WorkerSetup, 'bell'>;
  readonly board: Board;
  readonly bell: Bell;
  readonly post: Post<FromWorker>;
  /** Called when a message is on its way and the board says so: whoever waits for it may be woken. */
  readonly posted: () => void;
  /** The next waiting message, without returning to the event loop. */
  readonly receive: () => readonly ToWorker[] | undefined;
  /** From now on messages that nobody has fetched are given to `accept`. */
  readonly listen: (accept: (entries: readonly ToWorker[]) => void) => void;
  /** Bytes of memory in use. */
  readonly memory: () => number;
  /** What `process.getActiveResourcesInfo()` says of the channel to the scheduler. */
  readonly channel: string;
}

/** Runs a worker. It ends the process (or thread) itself when the scheduler asks for that. */
export async function runWorker(host: WorkerHost): Promise<void> {
  const { setup, board, bell } = host;
  const loop = new WorkerLoop({
    workerId: setup.id,
    board,
    bell,
    siblings: setup.siblings,
    post: host.post,
    posted: host.posted,
    receive: host.receive,
    exit: () => void end(setup),
    memory: setup.reportMemory ? host.memory : undefined,
    channel: host.channel,
  });

  // Reached by process.exit(), by an uncaught error and at a natural end: finished results still get out.
  process.on('exit', (code) => {
    loop.outbox.flush();
    board.announceExit(code);
    ring(bell);
  });

  if (setup.init !== undefined) {
    try {
      const init = (await unpack(setup.init)) as () => unknown;
      await contextStore.run(initContext(setup.id), init);
    } catch (error) {
      const { packError } = await loop.outbox.load();
      loop.outbox.send(['init failed', packError(error)]);
      loop.outbox.flush();
      return;
    }
  }
  host.listen((entries) => loop.accept(entries));
  loop.outbox.send(['ready']);
  loop.outbox.flush();
  // The first task comes before what it may need later; whoever needs it earlier waits for it. It has been sent: the loop finds
  // it in its next turn.
  if (board.direct) setImmediate(() => setImmediate(() => void loading(loop.openLane())));
  setTimeout(() => void loop.outbox.load(), 50).unref();
}

/** `init` knows its worker; it belongs to no task, is not cancelled and reports to nobody. */
function initContext(workerId: number): ContextSource {
  return {
    workerId,
    taskId: 0,
    seed: workerId,
    base: 0,
    current: new Int32Array(1),
    abort: new AbortController(),
    source() {
      return this;
    },
    poll() {},
    report() {},
  };
}

async function end({ id, teardown }: WorkerHost['setup']): Promise<void> {
  if (teardown !== undefined) {
    try {
      const run = (await unpack(teardown)) as () => unknown;
      await run();
    } catch (error) {
      // The executor is on its way out and nobody waits for a result: a warning, not a task's error.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.emitWarning(`\`teardown\` failed on worker ${id}: ${text}`, 'TuttiWarning');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  process.exit(0);
}
