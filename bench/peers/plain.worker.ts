/** Runs the calls of each message and answers them with one message. */
import { parentPort, workerData } from 'node:worker_threads';

const byName = (await import(workerData as string)) as Readonly<
  Record<string, (argument: unknown) => unknown>
>;

parentPort?.on('message', (calls: readonly [id: number, task: string, argument: unknown][]) => {
  parentPort?.postMessage(
    calls.map(([id, task, argument]) => [id, (byName[task] as (argument: unknown) => unknown)(argument)]),
  );
});
