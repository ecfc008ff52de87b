import type { Mutex } from 'multithreading';
import { MissingError } from '../missing.ts';
import type { Peer, TaskName } from './peer.ts';
import * as tasks from './tasks.ts';

const byName: Readonly<Partial<Record<TaskName, (argument: never) => unknown>>> = tasks;

/** It sends a function as its text, so each must stand by itself; those of `tasks.ts` do. What is movable is always moved. */
export const multithreading: Peer = {
  name: 'multithreading',
  settings: 'functions as text',
  async load() {
    supplyWhatNode20Lacks();
    const { initRuntime, move, shutdown, spawn } = await import('multithreading');
    return (workers) => {
      initRuntime({ maxWorkers: workers });
      const run = async (name: TaskName, argument: unknown): Promise<unknown> => {
        const result = await spawn(move(argument), byName[name] as (argument: never) => unknown).join();
        if (!result.ok) throw result.error;
        return result.value;
      };
      return { run, move: run, close: async () => shutdown() };
    };
  },
};

/** Its mutex, alone. */
export async function loadMutex(): Promise<typeof Mutex> {
  supplyWhatNode20Lacks();
  try {
    return (await import('multithreading')).Mutex;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new MissingError('multithreading is not installed: npm ci --prefix bench/peers');
  }
}

/** The package asks for `navigator` and `Promise.withResolvers` as soon as it is loaded. */
function supplyWhatNode20Lacks(): void {
  const global = globalThis as { navigator?: unknown };
  global.navigator ??= { hardwareConcurrency: 2 };
  const constructor = Promise as { withResolvers?: () => unknown };
  constructor.withResolvers ??= () => {
    let resolve: unknown;
    let reject: unknown;
    const promise = new Promise((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { promise, resolve, reject };
  };
}
