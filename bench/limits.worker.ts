/** Answers as directly as the engine allows, in the way that `workerData.mode` names. */
import { parentPort, workerData } from 'node:worker_threads';

/** Words: the number of the call, the number of the answer, and 1 as soon as the worker listens. */
const { mode, words } = workerData as { mode: 'echo' | 'wait' | 'spin'; words: Int32Array };

if (mode === 'echo') {
  parentPort?.on('message', (value: unknown) => parentPort?.postMessage(value));
} else {
  Atomics.store(words, 32, 1);
  Atomics.notify(words, 32);
  for (let seen = 0; seen >= 0; seen = answer(seen));
}

/** Waits for another call than `seen`, answers it and returns it. */
function answer(seen: number): number {
  while (Atomics.load(words, 0) === seen) if (mode === 'wait') Atomics.wait(words, 0, seen);
  const call = Atomics.load(words, 0);
  Atomics.store(words, 16, call);
  if (mode === 'wait') Atomics.notify(words, 16, 1);
  return call;
}
