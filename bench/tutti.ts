/** The pools of our own, driven like the peers. */
import type { Executor } from 'tutti';
import type { Peer, TaskName } from './peers/peer.ts';
import * as tasks from './peers/tasks.ts';

// Not the module itself: its properties are slow to read by name.
const byName = { ...tasks } as unknown as Readonly<Record<TaskName, (argument: unknown) => unknown>>;

export const tutti: Peer = executor('`threads()`', ({ threads }, workers) => threads({ workers }));

/** Worker processes with shared words. */
export const tuttiProcesses: Peer = executor('`processes()`', ({ processes }, workers) =>
  processes({ workers }),
);

/** Everything over sockets, as where koffi is not installed. */
export const tuttiSockets: Peer = executor('`processes({ sharedMemory: false })`', ({ processes }, workers) =>
  processes({ workers, sharedMemory: false }),
);

function executor(
  settings: string,
  open: (library: typeof import('tutti'), workers: number) => Executor,
): Peer {
  return {
    name: 'tutti',
    settings,
    async load() {
      const library = await import('tutti');
      const { move } = library;
      return (workers) => {
        const pool = open(library, workers);
        return {
          run: (task, argument) => pool.submit(byName[task], argument),
          move: (task, argument) => pool.submit(byName[task], move(argument)),
          squares: (items) => pool.map(items, (x) => x * x),
          close: () => pool.close(),
        };
      };
    },
  };
}
