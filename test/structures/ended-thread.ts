/** A thread that is certainly no more. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { hasEnded } from '#src/structures/thread-identity.js';

/** The system's id of a worker thread, which then ends. */
export async function endedThread(): Promise<number> {
  const worker = new Worker(
    `require('node:worker_threads').parentPort.postMessage(
       Number(require('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1)))`,
    { eval: true },
  );
  const [id] = (await once(worker, 'message')) as [number];
  await once(worker, 'exit');
  // The thread is gone a moment after Node says so.
  for (let i = 0; i < 1000 && !hasEnded(id); i++) await new Promise((resolve) => setTimeout(resolve, 1));
  return id;
}
