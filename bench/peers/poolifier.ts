import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { urlOf, type Peer } from './peer.ts';

/** poolifier's fixed pool, or its dynamic one that begins with one worker; with a queue of so many tasks per worker. */
export function poolifier(kind: 'fixed' | 'dynamic', queue?: number): Peer {
  const settings = `${kind}${queue === undefined ? '' : `, tasks queue, concurrency ${queue}`}`;
  return {
    name: 'poolifier',
    settings,
    async load() {
      const { FixedThreadPool, DynamicThreadPool } = await import('poolifier');
      return (workers) => {
        const file = fileURLToPath(urlOf('poolifier.worker.js'));
        const options =
          queue === undefined ? {} : { enableTasksQueue: true, tasksQueueOptions: { concurrency: queue } };
        const pool =
          kind === 'fixed'
            ? new FixedThreadPool(workers, file, options)
            : new DynamicThreadPool(Math.max(1, workers - 1), workers, file, options);
        return {
          run: (name, argument) => pool.execute(argument, name),
          move: (name, argument) => pool.execute(argument, name, undefined, [argument.buffer]),
          // With a tasks queue destroy() of 5.3.2 now and then never settles; nothing is measured any more by then.
          close: () => Promise.race([pool.destroy(), setTimeout(1000)]),
        };
      };
    },
  };
}
