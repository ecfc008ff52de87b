/** Fails a test file that leaves something behind: `after(assertNoLeaks)`. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

/** Kinds of resources that only unfinished work holds; streams and files also belong to the test runner. */
const HELD_BY_WORK =
  /^(?:MessagePort|Timeout|Immediate|ProcessWrap|TCPSocketWrap|TCPServerWrap|PipeServerWrap)$/;

/** How often and how long to look: handles close asynchronously, and some only when another thread has ended. */
const LOOKS = 100;
const BETWEEN_LOOKS_MS = 20;

/** Workers do not show among the active resources; the process announces each one that starts. */
const workers = new Set<Worker>();
process.on('worker', (worker) => {
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
});

/** What keeps this process alive, by kind, its workers and the ids of its child processes. */
function leftovers(): string[] {
  const resources = process.getActiveResourcesInfo().filter((kind) => HELD_BY_WORK.test(kind));
  const threads = [...workers].map((worker) => `Worker ${worker.threadId}`);
  return [...resources, ...threads, ...childProcesses().map((pid) => `child process ${pid}`)];
}

/** Linux only; elsewhere a child process shows as a ProcessWrap unless it was unref'ed. */
function childProcesses(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      const children = readFileSync(`/proc/self/task/${thread}/children`, 'utf8');
      return children.split(' ').filter((pid) => pid !== '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // the thread has ended meanwhile
      throw error;
    }
  });
}

/** The test runner's own, from before the first test. */
const before = leftovers();

/** `now` without what was there before, each as often as it was. */
function added(now: readonly string[]): string[] {
  const old = [...before];
  return now.filter((kind) => {
    const k = old.indexOf(kind);
    if (k !== -1) old.splice(k, 1);
    return k === -1;
  });
}

/**
 * Rejects when workers, ports, timers, sockets or child processes outlive the tests of this file.
 *
 * Workers and child processes count even when they do not keep the process alive, also the idle ones of the
 * default executor; ports, timers and sockets count when they do.
 *
 * ```
 * import { after } from 'node:test';
 * import { assertNoLeaks } from '../leaks.ts';
 * after(assertNoLeaks);
 * ```
 */
export async function assertNoLeaks(): Promise<void> {
  const left = await findLeaks(LOOKS);
  assert.ok(left.length === 0, `the tests left behind: ${left.join(', ')}`);
}

/** What is left after that many looks; nothing as soon as one look finds nothing. */
export async function findLeaks(looks: number): Promise<string[]> {
  let left: string[] = [];
  for (let look = 0; look < looks; look++) {
    if (look > 0) await sleep(BETWEEN_LOOKS_MS);
    await turn();
    left = added(leftovers());
    if (left.length === 0) return left;
  }
  return left;
}
