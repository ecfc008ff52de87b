/**
 * What a worker thread runs. As little as possible is imported here: every worker waits for it at its start.
 *
 * The build makes a CommonJS file of it, without `await` at its top: Node starts that 3 ms sooner, as it need not set up its loader of
 * modules before the first task.
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { startedBy } from '../base/thread-ends.ts';
import { ringIfBlocked } from '../executor/bell.ts';
import { Board } from '../executor/board.ts';
import { enterWorker } from '../executor/nesting.ts';
import type { ToWorker } from '../executor/wire.ts';
import { runWorker } from '../executor/worker-main.ts';
import type { ThreadData } from './thread-link.ts';

const { setup, board, port, kernelId, starter, depth, cores } = workerData as ThreadData;
const { bell } = setup;

startedBy(starter);
enterWorker({ depth, cores, siblings: setup.siblings });
if (process.platform === 'linux') noteKernelId();

runWorker({
  setup,
  board: new Board(board),
  bell,
  post: (entries, transfer) => port.postMessage(entries, transfer),
  posted: () => ringIfBlocked(bell),
  receive: () => (receiveMessageOnPort(port) as { message: readonly ToWorker[] } | undefined)?.message,
  listen(accept) {
    port.on('message', accept);
    port.on('messageerror', (error: Error) => {
      throw error;
    });
  },
  memory() {
    const heap = process.getBuiltinModule('node:v8').getHeapStatistics();
    return heap.used_heap_size + heap.external_memory;
  },
  channel: 'MessagePort',
}).catch((error: unknown) =>
  setImmediate(() => {
    throw error;
  }),
);

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
