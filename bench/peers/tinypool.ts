import { urlOf, type Peer } from './peer.ts';

interface Settings {
  /** Tasks at a time on each worker. */
  readonly concurrentTasksPerWorker?: number;
  readonly runtime?: 'child_process';
  readonly serialization?: 'advanced' | 'json';
}

/** tinypool for the functions of `file`. */
export function tinypool(settings: string, options: Settings, file = 'tasks.js'): Peer {
  return {
    name: 'tinypool',
    settings,
    async load() {
      const { Tinypool } = await import('tinypool');
      return (workers) => {
        const filename = urlOf(file).href;
        const pool = new Tinypool({ filename, minThreads: workers, maxThreads: workers, ...options });
        return {
          run: (name, argument) => pool.run(argument, { name }),
          ...(options.runtime === undefined
            ? { move: (name, argument) => pool.run(argument, { name, transferList: [argument.buffer] }) }
            : {}),
          close: () => pool.destroy(),
        };
      };
    },
  };
}
