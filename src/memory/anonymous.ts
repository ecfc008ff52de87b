/** Memory without a name: child processes inherit its file descriptor, so that nothing can be left behind. */
import { mappingOf } from './mapped.ts';
import { mapPart } from './mapping.ts';
import { MAP_SHARED, native } from './native.ts';

/**
 * So many zero bytes, mapped here, and a file descriptor by which child processes map them, too.
 *
 * The descriptor is the caller's to close; it does not pass to child processes by itself. The mapping ends when the buffer is
 * garbage.
 *
 * @throws MissingPackageError without koffi, UnsupportedError on Windows, SharedMemoryError when there is none to be had
 */
export function anonymousMemory(owner: string, byteLength: number): { buffer: ArrayBuffer; fd: number } {
  const fd = native(owner).anonymous(byteLength);
  try {
    return { buffer: map(owner, fd, byteLength), fd };
  } catch (error) {
    native(owner).close(fd);
    throw error;
  }
}

/** Closes a descriptor of {@link anonymousMemory} or {@link makePipe}: Node would warn of one that it has not opened. */
export function closeDescriptor(owner: string, fd: number): void {
  native(owner).close(fd);
}

/** Maps memory whose descriptor this process has inherited; the descriptor is closed. */
export function inheritedMemory(owner: string, fd: number, byteLength: number): ArrayBuffer {
  try {
    return map(owner, fd, byteLength);
  } finally {
    native(owner).close(fd);
  }
}

function map(owner: string, fd: number, byteLength: number): ArrayBuffer {
  const part = { byteOffset: 0, byteLength, flags: MAP_SHARED, shared: true };
  return mapPart(owner, fd, part, { key: undefined, handle: undefined, ended() {} });
}

/** Sleeps and wakes on words of a mapping; undefined where the system cannot do that. */
export interface Sleep {
  /** Blocks while the word at `byteOffset` is `value`, at most `ms`; may return for no reason. */
  wait(byteOffset: number, value: number, ms: number): void;
  /** Wakes all who sleep there. */
  wake(byteOffset: number): void;
}

/** Longest sleep in one go. */
const SLICE_MS = 1000;
/** Where the system has no such call, everybody looks this often. */
const POLL_MS = 1;

/** How threads of all processes sleep on the words of a mapped buffer, which must stay mapped. */
export function sleepOn(owner: string, buffer: ArrayBuffer): Sleep {
  const mapping = mappingOf(buffer);
  if (mapping === undefined) throw new TypeError(`${owner}: this buffer is not mapped`);
  const { futex } = native(owner);
  const { address } = mapping;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  if (futex === undefined) {
    return {
      wait: (_byteOffset, _value, ms) => void Atomics.wait(nobody, 0, 0, Math.min(ms, POLL_MS)),
      wake: () => undefined,
    };
  }
  return {
    wait: (byteOffset, value, ms) => futex.wait(address + byteOffset, value, Math.min(ms, SLICE_MS)),
    wake: (byteOffset) => void futex.wake(address + byteOffset, 2 ** 31 - 1),
  };
}

/** A pipe: `[where one reads, where one writes]`. Neither end blocks, neither passes to child processes by itself. */
export function makePipe(owner: string): readonly [reading: number, writing: number] {
  return native(owner).pipe();
}

/** What writes a byte to a pipe, if there is room and somebody to read it. */
export function callBy(owner: string): (fd: number) => void {
  return native(owner).writeByte;
}
