/** Runs one function per message, the way a backend does it at its simplest. */
import { parentPort } from 'node:worker_threads';
import { pack, packError, unpack, type Packed } from '#src/closure/index.js';

parentPort!.on('message', (message: { id: number; fn: Packed; args: Packed }) => {
  void answer(message);
});

async function answer({ id, fn, args }: { id: number; fn: Packed; args: Packed }): Promise<void> {
  try {
    const call = (await unpack(fn)) as (...args: unknown[]) => unknown;
    const list = (await unpack(args)) as unknown[];
    parentPort!.postMessage({ id, value: pack(await call(...list), { reply: true, root: 'result' }) });
  } catch (error) {
    parentPort!.postMessage({ id, error: packError(error) });
  }
}
