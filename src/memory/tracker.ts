/**
 * Who holds which segments: this thread's link to the process that unlinks what nobody holds any more.
 *
 * The tracker (`tracker.process.ts`) listens at a socket whose place follows from its id; one serves a program and its
 * child processes. A thread that uses segments keeps one connection and writes `+name` or `-name` to it. The connection
 * ends with the thread or its process, however they end, and with it what they held: see README.md.
 */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type { SpawnSyncOptions } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { environmentVariable, environmentWith } from '../base/environment.ts';
import { SharedMemoryError } from '../base/errors.ts';
import { registrySlot } from '../base/registry.ts';
import { native } from './native.ts';

/** Modules that only users of segments need. */
const crypto = () => process.getBuiltinModule('node:crypto');

/** A thread's connection to one tracker. */
interface Link {
  readonly socket: Socket;
  readonly fd: number;
  readonly held: Map<string, number>;
  open: boolean;
}

const links = registrySlot<Map<string, Link>>('trackers', 1);

/** Ids are part of segment names, and of the path of a socket. */
const ID = /^[a-z0-9]{10}$/;

/**
 * The id of this program's tracker: handed to child processes as `TUTTI_TRACKER`, they use the same one.
 *
 * It follows from the process, so that all its threads find the same without speaking to each other.
 */
export function trackerId(): string {
  ownId ??= findId();
  return ownId;
}

let ownId: string | undefined;

function findId(): string {
  const inherited = environmentVariable('TUTTI_TRACKER');
  if (inherited !== undefined && ID.test(inherited)) return inherited;
  let born = `${process.pid}`;
  if (process.platform === 'linux') {
    // A pid is used again, and means something else in each container: the start time and the namespace tell them apart.
    const stat = readFileSync('/proc/self/stat', 'utf8');
    born += ` ${stat.slice(stat.lastIndexOf(')')).split(' ')[20]} ${readlinkSync('/proc/self/ns/pid')}`;
  }
  const digest = crypto().createHash('sha256').update(born).digest();
  return BigInt(`0x${digest.toString('hex', 0, 8)}`)
    .toString(36)
    .padStart(10, '0')
    .slice(-10);
}

/** A name for a new segment, which says who tracks it. */
export function newName(): string {
  const random = BigInt(`0x${crypto().randomBytes(8).toString('hex')}`)
    .toString(36)
    .padStart(13, '0')
    .slice(-13);
  return `tutti-${trackerId()}${random}`;
}

/**
 * Says that this thread holds the segment `name`, before it is made or opened. Counts.
 *
 * A segment of a tracker that is gone is held without one: nobody will remove its name.
 */
export function hold(name: string): void {
  const id = trackerOf(name);
  const link = id === undefined ? undefined : connect(id, id === trackerId());
  if (link === undefined) return;
  link.held.set(name, (link.held.get(name) ?? 0) + 1);
  tell(link, `+${name}\n`);
}

/** Says that this thread lets go of `name` once; the tracker unlinks it when nobody holds it any more. */
export function letGo(name: string): void {
  const id = trackerOf(name);
  const link = id === undefined ? undefined : links.get()?.get(id);
  const count = link?.held.get(name);
  if (link === undefined || count === undefined) return;
  if (count === 1) link.held.delete(name);
  else link.held.set(name, count - 1);
  tell(link, `-${name}\n`);
}

function trackerOf(name: string): string | undefined {
  const id = name.slice('tutti-'.length, 'tutti-'.length + 10);
  return ID.test(id) ? id : undefined;
}

/** The connection to the tracker `id`; it is started when there is none and `start`. */
function connect(id: string, start: boolean): Link | undefined {
  const table = links.take(() => new Map());
  const known = table.get(id);
  if (known?.open) return known;
  const path = `${socketFolder()}/${id}`;
  const RACES = 5;
  for (let attempt = 0; attempt < RACES; attempt++) {
    const link = dial(id, path);
    if (link !== undefined) {
      table.set(id, link);
      if (known !== undefined) takeOver(known, link);
      return link;
    }
    if (!start) return undefined;
    startTracker(path);
  }
  throw new SharedMemoryError(`cannot reach the tracker of shared memory at ${path}, nor start one`);
}

/** Connects at once; undefined when nobody listens. */
function dial(id: string, path: string): Link | undefined {
  const socket = process.getBuiltinModule('node:net').createConnection({ path });
  socket.on('error', () => {
    // Told by `close`, and for a connection that never was, by the write below.
  });
  const { fd } = (socket as unknown as { _handle?: { fd?: number } })._handle ?? {};
  const link: Link = { socket, fd: fd ?? -1, held: new Map(), open: true };
  try {
    writeSync(link.fd, '\n');
  } catch {
    socket.destroy(); // not connected: nobody listens there
    return undefined;
  }
  socket.unref();
  socket.resume();
  socket.once('close', () => {
    link.open = false;
    reconnect(id, link, RECONNECT_MS);
  });
  return link;
}

/** The tracker was killed: another takes over what this thread holds, as soon as one can be had. */
function reconnect(id: string, old: Link, retryMs: number): void {
  if (old.held.size === 0) return;
  try {
    connect(id, true);
  } catch {
    // No descriptor is left, or no process can be started. Nobody called who could be told.
    setTimeout(() => reconnect(id, old, retryMs * 2), retryMs).unref();
  }
}

function takeOver(old: Link, link: Link): void {
  for (const [name, count] of old.held) {
    link.held.set(name, (link.held.get(name) ?? 0) + count);
    for (let k = 0; k < count; k++) tell(link, `+${name}\n`);
  }
  old.held.clear();
}

/** Until the first new attempt to get a tracker; then twice as long each time. */
const RECONNECT_MS = 250;

/** Writes now, so that it is in the kernel's hands whatever becomes of this thread. */
function tell(link: Link, line: string): void {
  // Its descriptor may be somebody else's by now.
  if (!link.open) return;
  for (;;) {
    try {
      writeSync(link.fd, line);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') {
        link.open = false; // the tracker was killed: `close` follows, and what is held is told to the next one
        return;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // it is behind; let it read
    }
  }
}

/**
 * Starts a tracker that listens at `path`. The socket listens before the process runs, so that nobody waits for it.
 *
 * A shell starts it in the background and ends: it is nobody's child, is not signalled with our group, and leaves no zombie.
 */
function startTracker(path: string): void {
  const system = native('segment()');
  const draft = `${path}.${crypto().randomBytes(4).toString('hex')}`;
  const fd = system.listen(draft);
  try {
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // Somebody was faster, or it is what a killed tracker left: then nobody answers there.
      const probe = dial('', path);
      if (probe === undefined) rmSync(path, { force: true });
      else probe.socket.destroy();
      return;
    }
    const script = fileURLToPath(new URL('tracker.process.js', import.meta.url));
    const command = [process.execPath, '--max-old-space-size=16', script, path];
    process.getBuiltinModule('node:child_process').spawnSync('/bin/sh', ['-c', '"$@" &', 'sh', ...command], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      detached: true,
      cwd: '/',
      env: environmentWith({ NODE_OPTIONS: '', NODE_V8_COVERAGE: '', NODE_CHANNEL_FD: '' }),
    } as SpawnSyncOptions);
  } finally {
    rmSync(draft, { force: true });
    system.close(fd);
  }
}

/** The folder of the trackers' sockets; nobody else can enter it. */
function socketFolder(): string {
  const uid = process.getuid?.() ?? 0;
  const folder = `/tmp/tutti-${uid}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = lstatSync(folder);
  if (owner !== uid) throw new SharedMemoryError(`${folder} belongs to somebody else; remove it`);
  if ((mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
  return folder;
}
