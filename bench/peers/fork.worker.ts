/** Runs the calls of each message and answers them with one message. */
import * as tasks from './tasks.ts';

const byName = tasks as unknown as Readonly<Record<string, (argument: unknown) => unknown>>;

process.on('message', (calls: readonly [id: number, task: string, argument: unknown][]) => {
  process.send?.(
    calls.map(([id, task, argument]) => [id, (byName[task] as (argument: unknown) => unknown)(argument)]),
  );
});
