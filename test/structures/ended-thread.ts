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
  // Both at once: the thread may have ended before anybody here reads its message.
  const [[id]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[number], unknown];
  // The thread is gone a moment after Node says so.
  for (let i = 0; i < 1000 && !hasEnded(id); i++) await new Promise((resolve) => setTimeout(resolve, 1));
  return id;
}
