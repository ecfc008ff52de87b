import { fileURLToPath } from 'node:url';
import { urlOf, type Peer, type PeerPool } from './peer.ts';

/** workerpool on threads, or on processes with the given way to make bytes of messages. */
export function workerpool(kind: 'threads' | 'json' | 'advanced'): Peer {
  return {
    name: 'workerpool',
    settings: kind === 'threads' ? kind : `processes, \`${kind}\``,
    async load() {
      const { default: library } = await import('workerpool');
      return (workers): PeerPool => {
        const pool = library.pool(fileURLToPath(urlOf('workerpool.worker.js')), {
          minWorkers: workers,
          maxWorkers: workers,
          ...(kind === 'threads'
            ? { workerType: 'thread' }
            : { workerType: 'process', forkOpts: { serialization: kind } }),
        });
        return {
          run: async (name, argument) => pool.exec(name, [argument]),
          ...(kind === 'threads'
            ? { move: async (name, argument) => pool.exec(name, [argument], { transfer: [argument.buffer] }) }
            : {}),
          close: async () => pool.terminate(),
        };
      };
    },
  };
}
