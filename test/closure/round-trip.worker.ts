/** Runs one function per message, the way a backend does it at its simplest. */
import { parentPort, workerData } from 'node:worker_threads';
import { pack, packError, unpack } from '#src/closure/index.js';
import { chunksOf, joiner, type Answer, type Request } from './round-trip.ts';

const answer = (message: unknown): void => void run(message as Request);
parentPort!.on('message', workerData === 'bytes' ? joiner(answer) : answer);

async function run({ id, fn, args }: Request): Promise<void> {
  try {
    const call = (await unpack(fn)) as (...args: unknown[]) => unknown;
    const list = (await unpack(args)) as unknown[];
    send({ id, value: pack(await call(...list), { reply: true, root: 'result' }) });
  } catch (error) {
    send({ id, error: packError(error) });
  }
}

function send(message: Answer): void {
  const messages = workerData === 'bytes' ? chunksOf(message) : [message];
  for (const each of messages) parentPort!.postMessage(each);
}
