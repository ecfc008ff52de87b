/** Everyone who takes part in the comparisons of pools: of worker threads, and of worker processes. */
import { MissingError } from './missing.ts';
import { forked, forkedBatched } from './peers/fork.ts';
import { jestWorker } from './peers/jest-worker.ts';
import { multithreading } from './peers/multithreading.ts';
import type { Peer } from './peers/peer.ts';
import { piscina } from './peers/piscina.ts';
import { plain, plainBatched } from './peers/plain.ts';
import { poolifier } from './peers/poolifier.ts';
import { tinypool } from './peers/tinypool.ts';
import { workerpool } from './peers/workerpool.ts';
import { tutti, tuttiProcesses, tuttiSockets } from './tutti.ts';

export const contenders: Readonly<Record<string, Peer>> = {
  tutti,
  piscina: piscina('defaults', {}),
  piscina64: piscina('64 tasks per worker, no timing', {
    concurrentTasksPerWorker: 64,
    recordTiming: false,
  }),
  piscinaAsync: piscina('64 tasks per worker, no timing, async atomics', {
    concurrentTasksPerWorker: 64,
    recordTiming: false,
    atomics: 'async',
  }),
  piscinaNoAtomics: piscina('64 tasks per worker, no timing, no atomics', {
    concurrentTasksPerWorker: 64,
    recordTiming: false,
    atomics: 'disabled',
  }),
  tinypool: tinypool('defaults', {}),
  tinypool64: tinypool('64 tasks per worker', { concurrentTasksPerWorker: 64 }),
  workerpool: workerpool('threads'),
  poolifier: poolifier('fixed'),
  poolifierQueue: poolifier('fixed', 64),
  poolifierDynamic: poolifier('dynamic'),
  multithreading,
  jestWorker: jestWorker('worker threads'),
  plain,
  plainBatched,
};

export const processContenders: Readonly<Record<string, Peer>> = {
  tuttiProcesses,
  tuttiSockets,
  tinypoolProcess: tinypool('processes, `json`', { runtime: 'child_process', serialization: 'json' }),
  tinypoolProcess64: tinypool('processes, `json`, 64 tasks per worker', {
    runtime: 'child_process',
    serialization: 'json',
    concurrentTasksPerWorker: 64,
  }),
  tinypoolAdvanced: tinypool('processes, `advanced`', {
    runtime: 'child_process',
    serialization: 'advanced',
  }),
  workerpoolProcess: workerpool('json'),
  workerpoolAdvanced: workerpool('advanced'),
  jestWorkerProcess: jestWorker('processes'),
  forkAdvanced: forked('advanced'),
  forkJson: forked('json'),
  forkBatched: forkedBatched,
};

/** As the tables name it. */
export function labelOf({ name, settings }: Peer): string {
  return `${name} (${settings})`;
}

/** Loads a contender; a package that is not installed is a {@link MissingError}. */
export async function load(key: string): ReturnType<Peer['load']> {
  const peer = contenders[key] ?? processContenders[key];
  if (peer === undefined) throw new RangeError(`no contender ${key}`);
  return loadPeer(peer);
}

export async function loadPeer(peer: Peer): ReturnType<Peer['load']> {
  try {
    return await peer.load();
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new MissingError(`${peer.name} is not installed: npm ci --prefix bench/peers`, { cause: error });
  }
}
