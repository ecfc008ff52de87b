/** What one writes by hand with `fork`: a message per task, or a message per batch of tasks. */
import { fork, type ChildProcess, type SerializationType } from 'node:child_process';
import { Desk } from './plain.ts';
import { urlOf, type Peer } from './peer.ts';

type Call = [id: number, task: string, argument: unknown];

function open(count: number, serialization: SerializationType): Desk<ChildProcess> {
  return new Desk(
    Array.from({ length: count }, () => fork(urlOf('fork.worker.js'), { serialization })),
    (child) => {
      child.removeAllListeners('exit');
      child.kill();
    },
  );
}

/** A message there and one back per task, workers in turn. */
export function forked(serialization: SerializationType): Peer {
  return {
    name: 'child_process.fork',
    settings: `by hand, \`${serialization}\`, a message per task`,
    load: async () => (count) => {
      const desk = open(count, serialization);
      return {
        run: (task, argument) =>
          desk.open((id) => {
            (desk.workers[id % count] as ChildProcess).send([[id, task, argument]] satisfies Call[]);
          }),
        close: () => desk.close(),
      };
    },
  };
}

/** Calls of one turn of the event loop go out together, at most 512 in a message. */
export const forkedBatched: Peer = {
  name: 'child_process.fork',
  settings: 'by hand, `advanced`, batches of at most 512',
  load: async () => (count) => {
    const desk = open(count, 'advanced');
    return {
      run: desk.batched((worker, calls) => worker.send(calls as unknown as Call[])),
      close: () => desk.close(),
    };
  },
};
