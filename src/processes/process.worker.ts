/** What a worker process runs. */
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { allowBlocking } from '../base/blocking.ts';
import { ringIfBlocked, makeBell } from '../executor/bell.ts';
import { enterWorker } from '../executor/nesting.ts';
import type { ToWorker } from '../executor/wire.ts';
import { Transit } from '../memory/transit.ts';
import { runWorker } from '../executor/worker-main.ts';
import { Channel, WORKER_PATIENCE_MS } from './channel.ts';
import { inTasksWords } from './entry-paths.ts';
import { workerFds, workerMemory } from './pool-memory.ts';
import { handLuggage, SharedLuggage } from './luggage.ts';
import { unframed } from './sent-functions.ts';
import type { ProcessSetup } from './process-link.ts';
import { WorkerBoard } from './split-board.ts';

const first = new Channel(workerFds.channel, handLuggage);
const setup = first.next() as ProcessSetup | undefined;
// Whoever started this process is gone already.
if (setup === undefined) process.exit(0);

// Ctrl-C reaches the whole group. What becomes of a worker is up to its pool, and without a pool it ends.
process.on('SIGINT', () => undefined);
process.title = `tutti worker ${setup.id}`;

const luggage =
  setup.seat === undefined ? handLuggage : new SharedLuggage(new Transit({ seat: setup.seat }), 0);
const channel = first.with(luggage);

// Its event loop belongs to its tasks.
allowBlocking();
enterWorker({ depth: setup.depth, cores: setup.cores, siblings: setup.siblings });

let accept: ((entries: readonly ToWorker[]) => void) | undefined;
const split = setup.direct
  ? undefined
  : new WorkerBoard(
      (message) => channel.post(message),
      () => {
        for (let entries = channel.poll(); entries !== undefined; entries = channel.poll())
          arrived(entries as readonly ToWorker[]);
      },
    );
const { board, bell } = split === undefined ? workerMemory() : { board: split, bell: makeBell() };

process.on('uncaughtException', (error: unknown) => {
  // A task may handle what goes uncaught itself, as it could anywhere.
  if (process.listenerCount('uncaughtException') > 1) return;
  tellUncaught(error);
  process.exit(1);
});

const ended = runWorker({
  setup,
  board,
  bell,
  post(entries, transfer) {
    try {
      channel.post(entries, transfer);
    } catch (error) {
      throw inTasksWords(error, entries);
    }
  },
  posted() {
    ringIfBlocked(bell);
    // The next part may take long: what is done must be out before.
    channel.push(WORKER_PATIENCE_MS);
  },
  receive() {
    if (split !== undefined) return undefined;
    const entries = channel.poll() as readonly ToWorker[] | undefined;
    return entries && unframed(entries, luggage);
  },
  listen(take) {
    accept = take;
    const socket = new Socket({ fd: workerFds.channel, readable: true, writable: true });
    channel.listen(socket, {
      message: (entries) => arrived(entries as readonly ToWorker[]),
      closed: () => process.exit(0),
      broken: (error) => {
        throw error;
      },
    });
  },
  memory: privateBytes,
  channel: 'PipeWrap',
});
// Behind what the loop says last.
process.on('exit', () => channel.flush());
await ended;

function arrived(entries: readonly ToWorker[]): void {
  const ready = unframed(entries, luggage);
  split?.note(ready);
  accept?.(ready);
}

function tellUncaught(error: unknown): void {
  try {
    channel.post({ uncaught: error });
  } catch {
    // An error of a class of the task's own: its name, message and stack travel.
    const { name, message, stack } = error as Error;
    channel.post({ uncaught: Object.assign(new Error(message), { name, stack }) });
  }
}

/** Memory of this process's own: what it shares with others, mapped files among it, does not count (Linux; elsewhere all). */
function privateBytes(): number {
  if (process.platform === 'linux') {
    const kilobytes = /^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  }
  return process.memoryUsage.rss();
}
