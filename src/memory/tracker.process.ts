/**
 * The tracker: a process of its own that unlinks a segment when nobody holds it any more.
 *
 * It listens at file descriptor 3; its argument is the path of that socket. Each connection is a thread of some process,
 * which holds the names that it announced (`+name`) and did not give back (`-name`). The kernel closes the connection
 * when the thread or process ends, also by SIGKILL. The tracker ends with the last connection: it cannot outlive its users.
 */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { isObjectName, unlinkObject } from './shm-object.ts';

/** A user that died before its first connection leaves nobody to wait for. */
const FIRST_CONNECTION_MS = 10_000;

const [, , path] = process.argv;
/** How many times each name is held, by all connections together. */
const holders = new Map<string, number>();
let connections = 0;

process.title = `tutti-tracker ${path}`;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Users get these with the whole group or session; what they leave is cleaned up when they are gone.
  });
}

const server = createServer(serve);
server.listen({ fd: 3 });
setTimeout(() => {
  if (connections === 0) end();
}, FIRST_CONNECTION_MS).unref();

function serve(socket: Socket): void {
  connections++;
  const held = new Map<string, number>();
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const name = line.slice(1);
      if (!isObjectName(name)) continue;
      const count = held.get(name) ?? 0;
      if (line.startsWith('+')) {
        held.set(name, count + 1);
        holders.set(name, (holders.get(name) ?? 0) + 1);
      } else if (line.startsWith('-') && count > 0) {
        if (count === 1) held.delete(name);
        else held.set(name, count - 1);
        drop(name, 1);
      }
    }
  });
  socket.on('error', () => {
    // A user was killed: `close` follows.
  });
  socket.on('close', () => {
    for (const [name, count] of held) drop(name, count);
    connections--;
    settle();
  });
}

function drop(name: string, count: number): void {
  const left = (holders.get(name) ?? 0) - count;
  holders.set(name, left);
  if (left > 0) return;
  dropped.add(name);
  settle();
}

/** Names that nobody seems to hold. */
const dropped = new Set<string>();
let round = 0;

/**
 * Removes the dropped names when all that was written to us before they were dropped is read: who takes a segment over
 * says so before the one that hands it over lets go, but on another connection, which may not even be accepted yet.
 * One round of the event loop accepts all connections, the next one reads from them.
 */
function settle(): void {
  const ROUNDS = 3;
  const began = round === 0;
  round = ROUNDS;
  if (began) setImmediate(next);
}

function next(): void {
  if (--round > 0) {
    setImmediate(next);
    return;
  }
  for (const name of dropped) {
    if ((holders.get(name) ?? 0) > 0) continue;
    holders.delete(name);
    unlinkObject(name);
  }
  dropped.clear();
  if (connections === 0) end();
}

function end(): void {
  if (path !== undefined) rmSync(path, { force: true });
  // Who connected meanwhile sees the connection end and starts another tracker.
  process.exit();
}
