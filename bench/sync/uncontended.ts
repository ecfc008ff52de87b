/** What it costs to lock and unlock what nobody else wants, in nanoseconds. */
import { Mutex, ReentrantMutex, RwLock, Semaphore } from 'tutti/sync';
import { loadMutex } from '../peers/multithreading.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale } from '../suite.ts';

const pairs = ({ quick, smoke }: Scale): number => (smoke ? 10_000 : quick ? 200_000 : 1_000_000);
const RUNS = 9;

/** Median of nine loops; the first third, in which the engine compiles, is left out. */
function lockNs(scale: Scale, pair: () => void): Sample {
  const count = pairs(scale);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    for (let i = 0; i < count; i++) pair();
    times.push(((performance.now() - start) * 1e6) / count);
  }
  return { lockNs: median(times.slice(RUNS / 3)) };
}

/** What all of them are made of: two atomic operations. */
async function bareLock(scale: Scale): Promise<Sample> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  return lockNs(scale, () => {
    if (Atomics.compareExchange(word, 0, 0, 1) !== 0) throw new RangeError('was locked');
    if (Atomics.compareExchange(word, 0, 1, 0) !== 1) throw new RangeError('was not locked');
  });
}

async function mutex(scale: Scale): Promise<Sample> {
  const lock = new Mutex();
  return lockNs(scale, () => {
    lock.lock();
    lock.unlock();
  });
}

async function mutexRun(scale: Scale): Promise<Sample> {
  const lock = new Mutex();
  let count = 0;
  return lockNs(scale, () => lock.run(() => void count++));
}

async function reentrant(scale: Scale): Promise<Sample> {
  const lock = new ReentrantMutex();
  return lockNs(scale, () => {
    lock.lock();
    lock.unlock();
  });
}

async function semaphore(scale: Scale): Promise<Sample> {
  const permits = new Semaphore(1);
  return lockNs(scale, () => {
    permits.acquire();
    permits.release();
  });
}

async function rwRead(scale: Scale): Promise<Sample> {
  const lock = new RwLock();
  return lockNs(scale, () => {
    lock.lockRead();
    lock.unlockRead();
  });
}

async function rwWrite(scale: Scale): Promise<Sample> {
  const lock = new RwLock();
  return lockNs(scale, () => {
    lock.lockWrite();
    lock.unlockWrite();
  });
}

async function mtMutex(scale: Scale): Promise<Sample> {
  const lock = new (await loadMutex())();
  return lockNs(scale, () => lock.blockingLock().dispose());
}

export const uncontended = {
  bareLock,
  mutex,
  mutexRun,
  reentrant,
  semaphore,
  rwRead,
  rwWrite,
  mtMutex,
} as const;

export const uncontendedLabels: Readonly<Record<keyof typeof uncontended, string>> = {
  bareLock: 'two bare `Atomics.compareExchange`',
  mutex: '`Mutex`: `lock`, `unlock`',
  mutexRun: '`Mutex`: `run(fn)`',
  reentrant: '`ReentrantMutex`: `lock`, `unlock`',
  semaphore: '`Semaphore`: `acquire`, `release`',
  rwRead: '`RwLock`: `lockRead`, `unlockRead`',
  rwWrite: '`RwLock`: `lockWrite`, `unlockWrite`',
  mtMutex: 'multithreading (`Mutex`: `blockingLock`, `dispose`)',
};
