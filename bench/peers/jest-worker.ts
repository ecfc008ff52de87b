import { fileURLToPath } from 'node:url';
import { urlOf, type Peer } from './peer.ts';
import * as tasks from './tasks.ts';

export function jestWorker(kind: 'worker threads' | 'processes'): Peer {
  return {
    name: 'jest-worker',
    settings: kind,
    async load() {
      const { Worker } = await import('jest-worker');
      return (workers) => {
        const pool = new Worker(fileURLToPath(urlOf('tasks.js')), {
          numWorkers: workers,
          enableWorkerThreads: kind === 'worker threads',
          exposedMethods: Object.keys(tasks),
        });
        return {
          run: (name, argument) => (pool[name] as (argument: unknown) => Promise<unknown>)(argument),
          close: () => (pool['end'] as () => Promise<unknown>)(),
        };
      };
    },
  };
}
