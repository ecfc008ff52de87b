/** The parts of the peers' interfaces that the adapters use, so that benchmarks compile where the peers are not installed. */

declare module 'piscina' {
  export class Piscina {
    constructor(options: {
      filename: string;
      minThreads: number;
      maxThreads: number;
      concurrentTasksPerWorker?: number;
      recordTiming?: boolean;
      atomics?: 'sync' | 'async' | 'disabled';
    });
    run(
      argument: unknown,
      options: { name: string; transferList?: readonly ArrayBuffer[] },
    ): Promise<unknown>;
    destroy(): Promise<void>;
  }
}

declare module 'tinypool' {
  export class Tinypool {
    constructor(options: {
      filename: string;
      minThreads: number;
      maxThreads: number;
      concurrentTasksPerWorker?: number;
      runtime?: 'child_process';
      serialization?: 'advanced' | 'json';
    });
    run(
      argument: unknown,
      options: { name: string; transferList?: readonly ArrayBuffer[] },
    ): Promise<unknown>;
    destroy(): Promise<void>;
  }
}

declare module 'workerpool' {
  interface Pool {
    exec(
      name: string,
      args: readonly unknown[],
      options?: { transfer: readonly ArrayBuffer[] },
    ): PromiseLike<unknown>;
    terminate(): PromiseLike<unknown>;
  }
  const workerpool: {
    pool(
      script: string,
      options: {
        minWorkers: number;
        maxWorkers: number;
        workerType: 'thread' | 'process';
        forkOpts?: { serialization: 'advanced' | 'json' };
      },
    ): Pool;
    worker(methods: Readonly<Record<string, (argument: never) => unknown>>): void;
  };
  export default workerpool;
}

declare module 'poolifier' {
  interface PoolOptions {
    enableTasksQueue?: boolean;
    tasksQueueOptions?: { concurrency?: number };
    enableEvents?: boolean;
    errorHandler?: (error: Error) => void;
  }
  class Pool {
    execute(
      data: unknown,
      name: string,
      abortSignal?: AbortSignal,
      transferList?: readonly ArrayBuffer[],
    ): Promise<unknown>;
    mapExecute(data: Iterable<unknown>, name: string): Promise<unknown[]>;
    destroy(): Promise<void>;
  }
  export class FixedThreadPool extends Pool {
    constructor(threads: number, file: string, options?: PoolOptions);
  }
  export class DynamicThreadPool extends Pool {
    constructor(min: number, max: number, file: string, options?: PoolOptions);
  }
  export class ThreadWorker {
    constructor(functions: Readonly<Record<string, (data: never) => unknown>>);
  }
}

declare module 'multithreading' {
  export function initRuntime(options: { maxWorkers: number }): void;
  export function move<T extends readonly unknown[]>(...args: T): T;
  export function spawn(
    args: readonly unknown[],
    fn: (argument: never) => unknown,
  ): { join(): Promise<{ ok: true; value: unknown } | { ok: false; error: unknown }> };
  export function shutdown(): void;
  export class Mutex {
    blockingLock(): { dispose(): void };
  }
}

declare module 'jest-worker' {
  export class Worker {
    constructor(
      file: string,
      options: { numWorkers: number; enableWorkerThreads: boolean; exposedMethods: readonly string[] },
    );
    [method: string]: (...args: readonly unknown[]) => Promise<unknown>;
  }
}
