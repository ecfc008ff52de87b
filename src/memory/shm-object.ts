/** Shared memory objects by name: files in /dev/shm on Linux, names of shm_open(3) elsewhere. */
import { closeSync, fstatSync, ftruncateSync, openSync, statfsSync, unlinkSync } from 'node:fs';
import { SharedMemoryError } from '../base/errors.ts';
import { native } from './native.ts';

const linux = process.platform === 'linux';
const FOLDER = '/dev/shm';

/** macOS allows 31 characters, slash included. */
const NAME = /^tutti-[a-z0-9]{1,24}$/;

/** Freed memory comes back a moment later, when the tracker has removed its name: how often and how long to wait for it. */
const TRIES = 6;
const BETWEEN_TRIES_MS = 20;

/** Whether `name` is one that {@link createObject} accepts: nothing else is ever opened or removed. */
export function isObjectName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Makes the object `name`, with its memory reserved: a later write cannot fail. The file descriptor is the caller's.
 *
 * @throws SharedMemoryError when there is not that much room, or the name is taken
 */
export function createObject(name: string, byteLength: number): number {
  let fd: number;
  try {
    fd = linux ? openSync(`${FOLDER}/${name}`, 'wx+', 0o600) : native('segment()').shmOpen(`/${name}`, true);
  } catch (cause) {
    throw new SharedMemoryError(`cannot create the shared memory ${name}: ${reason(cause)}`, {
      memory: name,
      byteLength,
      cause,
    });
  }
  try {
    reserve(fd, name, byteLength);
  } catch (error) {
    closeObject(fd);
    unlinkObject(name);
    throw error;
  }
  return fd;
}

/** Opens the object `name`; the file descriptor is the caller's. */
export function openObject(name: string): number {
  try {
    return linux ? openSync(`${FOLDER}/${name}`, 'r+') : native('segment()').shmOpen(`/${name}`, false);
  } catch (cause) {
    throw new SharedMemoryError(
      `cannot open the shared memory ${name}: ${reason(cause)}; ` +
        'it goes when the last one who mapped it lets go: keep it until the other side has it',
      { memory: name, cause },
    );
  }
}

/** The length of an open object; macOS rounds it up to whole pages. */
export function objectLength(fd: number): number {
  return fstatSync(fd).size;
}

export function closeObject(fd: number): void {
  if (linux) closeSync(fd);
  else native('segment()').close(fd);
}

/** Removes the name; mappings stay. Whether it was there. */
export function unlinkObject(name: string): boolean {
  try {
    if (linux) unlinkSync(`${FOLDER}/${name}`);
    else native('segment()').shmUnlink(`/${name}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function reserve(fd: number, name: string, byteLength: number): void {
  const { fallocate } = native('segment()');
  if (!linux) {
    ftruncateSync(fd, byteLength); // macOS reserves nothing: its shared memory is swapped like any other
    return;
  }
  const [EINTR, ENOSPC, EOPNOTSUPP, EINVAL] = [4, 28, 95, 22];
  for (let attempt = 1; ; attempt++) {
    const { bavail, bsize, blocks } = statfsSync(FOLDER);
    const free = bavail * bsize;
    // The system would take page after page before it finds that there are too few. 0 blocks in all: no limit.
    const errno = blocks > 0 && byteLength > free ? ENOSPC : fallocate(fd, byteLength);
    if (errno === 0) return;
    if (errno === EINTR) continue;
    if (errno === EOPNOTSUPP || errno === EINVAL) {
      ftruncateSync(fd, byteLength); // a file system that cannot reserve
      return;
    }
    if (errno === ENOSPC && attempt < TRIES) {
      // What fallocate got before it failed stays with the file: give it back while waiting.
      ftruncateSync(fd, 0);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BETWEEN_TRIES_MS);
      continue;
    }
    ftruncateSync(fd, 0);
    throw new SharedMemoryError(
      `cannot reserve ${bytes(byteLength)} of shared memory: ` +
        (errno === ENOSPC
          ? `${FOLDER} has ${bytes(free)} free of ${bytes(blocks * bsize)}; ` +
            'let go of other segments, or enlarge it (docker run --shm-size, mount -o remount,size=… /dev/shm)'
          : `error ${errno} of posix_fallocate, ${bytes(free)} are free in ${FOLDER}`),
      { memory: name, byteLength, free },
    );
  }
}

/** A number of bytes for people, and exactly. */
export function bytes(n: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = n < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  const short = `${Number((n / 1000 ** power).toPrecision(3))} ${units[power]}`;
  return power === 0 ? short : `${short} (${n} bytes)`;
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: linux ? `there is none of this name in ${FOLDER}` : 'there is none of this name',
    EEXIST: 'the name is taken',
    EACCES: 'it belongs to somebody else',
  };
  return known[code ?? ''] ?? message;
}
