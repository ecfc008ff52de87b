/**
 * What a worker thread runs: `init`, then parts until it is told to end.
 *
 * What this file and those that it imports load is what every worker waits for at its start: they import little, and get
 * Node's modules that they seldom need through `process.getBuiltinModule`.
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { unpack } from '../closure/unpack.ts';
import { Board } from '../executor/board.ts';
import type { FromWorker, ToWorker, Transferable } from '../executor/wire.ts';
import { contextStore, type ContextSource } from '../executor/context-store.ts';
import { WorkerLoop } from '../executor/worker-loop.ts';
import { enterWorker } from './nesting.ts';
import type { ThreadData } from './thread-link.ts';

const { setup, board: boardBuffer, port, kernelId, depth } = workerData as ThreadData;
const { bell } = setup;
const board = new Board(boardBuffer);

enterWorker(depth, setup.nestedWorkers);
if (process.platform === 'linux') noteKernelId();

const loop = new WorkerLoop({
  workerId: setup.id,
  board,
  post,
  receive: () => (receiveMessageOnPort(port) as { message: readonly ToWorker[] } | undefined)?.message,
  exit: () => void end(),
  memory: setup.reportMemory ? memoryInUse : undefined,
});

// Reached by process.exit(), by an uncaught error and at a natural end: finished results still get out.
process.on('exit', (code) => {
  loop.outbox.flush();
  board.announceExit(code);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
});

await begin();

function post(entries: readonly FromWorker[], transfer: Transferable[]): void {
  port.postMessage(entries, transfer);
  Atomics.add(bell, 0, 1);
  if (Atomics.load(bell, 1) !== 0) Atomics.notify(bell, 0);
}

async function begin(): Promise<void> {
  if (setup.init !== undefined) {
    try {
      const init = (await unpack(setup.init)) as () => unknown;
      await contextStore.run(initContext(), init);
    } catch (error) {
      const { packError } = await loop.outbox.load();
      post([['init failed', packError(error)]], []);
      return;
    }
  }
  port.on('message', (entries: readonly ToWorker[]) => loop.accept(entries));
  port.on('messageerror', (error: Error) => {
    throw error;
  });
  post([['ready']], []);
  // The first task comes before what it may need later; whoever needs it earlier waits for it.
  setTimeout(() => void loop.outbox.load(), 50).unref();
}

/** `init` knows its worker; it belongs to no task, is not cancelled and reports to nobody. */
function initContext(): ContextSource {
  return {
    workerId: setup.id,
    taskId: 0,
    seed: setup.id,
    base: 0,
    current: new Int32Array(1),
    abort: new AbortController(),
    poll() {},
    report() {},
  };
}

async function end(): Promise<void> {
  if (setup.teardown !== undefined) {
    try {
      const teardown = (await unpack(setup.teardown)) as () => unknown;
      await teardown();
    } catch (error) {
      // The executor is on its way out and nobody waits for a result: a warning, not a task's error.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.emitWarning(`\`teardown\` failed on worker ${setup.id}: ${text}`, 'TuttiWarning');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  process.exit(0);
}

function memoryInUse(): number {
  const heap = process.getBuiltinModule('node:v8').getHeapStatistics();
  return heap.used_heap_size + heap.external_memory;
}

/** `/proc/thread-self` points to `PID/task/TID`. */
function noteKernelId(): void {
  try {
    const id = Number(
      process.getBuiltinModule('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1),
    );
    if (Number.isInteger(id)) Atomics.store(kernelId, 0, id);
  } catch (error) {
    // No /proc here: the pool has two other signs of a dead worker.
    if ((error as { code?: string }).code === undefined) throw error;
  }
}
