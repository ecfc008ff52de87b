import { urlOf, type Peer } from './peer.ts';

/** piscina with the given options beside its size, for the functions of `file`. */
export function piscina(
  settings: string,
  options: {
    concurrentTasksPerWorker?: number;
    recordTiming?: boolean;
    atomics?: 'sync' | 'async' | 'disabled';
  },
  file = 'tasks.js',
): Peer {
  return {
    name: 'piscina',
    settings,
    async load() {
      const { Piscina } = await import('piscina');
      return (workers) => {
        const filename = urlOf(file).href;
        const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers, ...options });
        return {
          run: (name, argument) => pool.run(argument, { name }),
          move: (name, argument) => pool.run(argument, { name, transferList: [argument.buffer] }),
          close: () => pool.destroy(),
        };
      };
    },
  };
}
