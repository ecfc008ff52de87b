/** The system's own calls for memory, through koffi: an optional package that is loaded when first needed. */
import { ftruncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MissingPackageError, TuttiError, UnsupportedError } from '../base/errors.ts';

/** What this folder calls of the C library. Addresses are numbers: user space ends far below 2^53. */
export interface Native {
  /** Maps `length` bytes of the file from `offset` (a multiple of the page size); the address. */
  mmap(length: number, flags: number, fd: number, offset: number): number;
  /** Puts fresh zeros of nobody's in place of a mapping, whose pages are given back at once. */
  discard(address: number, length: number): void;
  munmap(address: number, length: number): void;
  /** Reserves the whole file; returns an error number, 0 for success. */
  fallocate(fd: number, length: number): number;
  /** An ArrayBuffer over memory that the caller keeps mapped for as long as anybody uses it. */
  view(address: number, length: number): ArrayBuffer;
  /** A socket that listens at a path; its file descriptor. */
  listen(path: string): number;
  close(fd: number): void;
  /** `open` and `unlink` for a system whose segments are no files. */
  shmOpen(name: string, create: boolean): number;
  shmUnlink(name: string): void;
  /** So many zero bytes without a name, as a file; its descriptor. */
  anonymous(byteLength: number): number;
  /** A pipe whose ends do not block. */
  pipe(): readonly [reading: number, writing: number];
  /** Writes a byte to a pipe if there is room and somebody to read it; half as dear as `writeSync`. */
  writeByte(fd: number): void;
  /** FUTEX_WAIT on a word that several processes map; `undefined` where the system has no such call. */
  readonly futex: Futex | undefined;
}

/** Sleeping on a word of memory, across processes (futex(2), without FUTEX_PRIVATE_FLAG). */
export interface Futex {
  /** Sleeps while the word is `value`, at most `ms` (≥ 0); may return for no reason. Blocks this thread. */
  wait(address: number, value: number, ms: number): void;
  /** The same on a thread of libuv's pool. */
  waitAsync(address: number, value: number, ms: number): Promise<void>;
  /** Wakes at most `count` sleepers; the number woken. */
  wake(address: number, count: number): number;
}

const linux = process.platform === 'linux';

/** Flags of mmap(2) that differ between systems. */
const MAP_ANONYMOUS = linux ? 0x20 : 0x1000;
const MAP_FIXED = 0x10;
const MAP_NORESERVE = linux ? 0x4000 : 0x40;
export const MAP_SHARED = 0x1;
/** A private copy of the pages that are written. No swap is set aside for it: files may be larger than memory. */
export const MAP_COPY_ON_WRITE = 0x2 | MAP_NORESERVE;
const PROT_READ_WRITE = 3;
const MFD_CLOEXEC = 1;
const O_CLOEXEC_NONBLOCK = 0o2004000;

/** The number of the system call futex (Linux, machines with 64 bits). */
const FUTEX_CALLS: Readonly<Record<string, number>> = {
  x64: 202,
  arm64: 98,
  riscv64: 98,
  loong64: 98,
  ppc64: 221,
  s390x: 238,
};

let loaded: Native | undefined;

/**
 * The native calls, loaded the first time.
 *
 * @param purpose begins the message when they cannot be had: `segment()`
 * @throws MissingPackageError when koffi is not installed; UnsupportedError on Windows
 */
export function native(purpose: string): Native {
  loaded ??= load(purpose);
  return loaded;
}

/** Why there are no native calls here; undefined when there are. */
export function nativeProblem(purpose: string): TuttiError | undefined {
  try {
    native(purpose);
    return undefined;
  } catch (error) {
    if (error instanceof TuttiError) return error;
    throw error;
  }
}

function load(purpose: string): Native {
  if (process.platform === 'win32') {
    throw new UnsupportedError(
      `${purpose}: memory shared between processes is not supported on Windows; ` +
        'threads() shares memory there: use shared() without options',
    );
  }
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  } catch (cause) {
    throw new MissingPackageError(
      `${purpose} needs the package koffi, which could not be loaded; run: npm install koffi`,
      'koffi',
      cause,
    );
  }
  if (typeof koffi.view !== 'function') {
    throw new MissingPackageError(
      `${purpose} needs koffi 3, but an older one is installed; run: npm install koffi@3`,
      'koffi',
    );
  }
  return bind(koffi);
}

function bind(koffi: typeof import('koffi')): Native {
  const libc = koffi.load(null); // the C library that Node itself runs on, glibc or musl
  type Call = (...args: (number | string | ArrayBufferView | null)[]) => number;
  const fn = (name: string, result: string, args: string[]): Call => libc.func(name, result, args) as Call;
  const mmap = fn('mmap', 'intptr_t', ['intptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const munmap = fn('munmap', 'int', ['intptr_t', 'size_t']);
  const fallocate = linux ? fn('posix_fallocate', 'int', ['int', 'int64_t', 'int64_t']) : undefined;
  const close = fn('close', 'int', ['int']);
  const write = fn('write', 'intptr_t', ['int', 'void *', 'size_t']);
  const byte = new Uint8Array(1);
  const failed = (call: string): NodeJS.ErrnoException => {
    const errno = koffi.errno();
    const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0];
    return Object.assign(new SystemCallError(`${call}: ${code ?? `error ${errno}`}`), { errno, code });
  };
  const mapped = (address: number): number => {
    if (address === -1) throw failed('mmap');
    return address;
  };
  return {
    mmap: (length, flags, fd, offset) => mapped(mmap(0, length, PROT_READ_WRITE, flags, fd, offset)),
    discard(address, length) {
      const flags = MAP_COPY_ON_WRITE | MAP_ANONYMOUS | MAP_FIXED;
      mapped(mmap(address, length, PROT_READ_WRITE, flags, -1, 0));
    },
    munmap(address, length) {
      if (munmap(address, length) !== 0) throw failed('munmap');
    },
    fallocate: (fd, length) => fallocate?.(fd, 0, length) ?? 0,
    view: (address, length) => koffi.view(address, length),
    listen(path) {
      const fd = fn('socket', 'int', ['int', 'int', 'int'])(1, 1 | (linux ? 0o2000000 : 0), 0);
      if (fd < 0) throw failed('socket');
      const bytes = Buffer.from(path);
      const address = Buffer.alloc(2 + (linux ? 108 : 104));
      if (bytes.length > address.length - 3)
        throw new RangeError(`the path of a socket is too long: ${path}`);
      // sockaddr_un: the family (1) in the first two bytes, or behind the length where BSD came from.
      if (linux) new Uint16Array(address.buffer, address.byteOffset, 1)[0] = 1;
      else address.set([address.length, 1]);
      address.set(bytes, 2);
      const bound = fn('bind', 'int', ['int', 'void *', 'uint32_t'])(fd, address, address.length) === 0;
      if (bound && fn('listen', 'int', ['int', 'int'])(fd, 128) === 0) return fd;
      const error = failed(bound ? 'listen' : 'bind');
      close(fd);
      throw error;
    },
    close: (fd) => void close(fd),
    shmOpen(name, create) {
      const open = libc.func('int shm_open(const char *name, int flags, ...)');
      const flags = create ? 0x2 | 0x200 | 0x800 : 0x2; // O_RDWR, O_CREAT, O_EXCL as macOS numbers them
      const fd = open(name, flags, 'int', 0o600) as number;
      if (fd < 0) throw failed('shm_open');
      return fd;
    },
    shmUnlink(name) {
      if (fn('shm_unlink', 'int', ['const char *'])(name) !== 0) throw failed('shm_unlink');
    },
    anonymous(byteLength) {
      let fd: number;
      if (linux) fd = fn('memfd_create', 'int', ['const char *', 'uint32_t'])('tutti', MFD_CLOEXEC);
      else {
        // A name for a moment only.
        const name = `/tutti-${process.pid}-${Math.random().toString(36).slice(2, 12)}`;
        fd = this.shmOpen(name, true);
        this.shmUnlink(name);
      }
      if (fd < 0) throw failed('memfd_create');
      try {
        ftruncateSync(fd, byteLength);
      } catch (error) {
        close(fd);
        throw error;
      }
      return fd;
    },
    pipe() {
      const ends = new Int32Array(2);
      const flags = linux ? O_CLOEXEC_NONBLOCK : 0;
      const done = linux
        ? fn('pipe2', 'int', ['void *', 'int'])(ends, flags)
        : fn('pipe', 'int', ['void *'])(ends);
      if (done !== 0) throw failed('pipe');
      const [reading, writing] = ends as unknown as [number, number];
      if (!linux) {
        const control = libc.func('int fcntl(int fd, int command, ...)');
        // F_SETFD FD_CLOEXEC; F_SETFL O_NONBLOCK as BSD numbers it.
        for (const fd of [reading, writing]) {
          control(fd, 2, 'int', 1);
          control(fd, 4, 'int', 4);
        }
      }
      return [reading, writing];
    },
    writeByte(fd) {
      if (write(fd, byte, 1) >= 0) return;
      const error = failed('write');
      // Full of bytes that nobody has read yet, or nobody is there any more.
      if (error.code !== 'EAGAIN' && error.code !== 'EPIPE') throw error;
    },
    futex: bindFutex(libc),
  };
}

function bindFutex(libc: import('koffi').LibraryHandle): Futex | undefined {
  const number = FUTEX_CALLS[process.arch];
  if (!linux || number === undefined) return undefined;
  const WAIT = 0;
  const WAKE = 1;
  const call = libc.func('syscall', 'long', [
    'long',
    'intptr_t',
    'int',
    'uint32_t',
    'void *',
    'intptr_t',
    'uint32_t',
  ]);
  const wake = libc.func('syscall', 'long', ['long', 'intptr_t', 'int', 'uint32_t']);
  /** struct timespec: seconds and nanoseconds. */
  const span = (ms: number): BigInt64Array => {
    const whole = Math.floor(ms / 1000);
    return BigInt64Array.of(BigInt(whole), BigInt(Math.floor((ms - whole * 1000) * 1e6)));
  };
  // Sleeps are mostly of one length, and making a timespec costs as much as the call itself.
  let lastMs = 0;
  let last = span(lastMs);
  return {
    wait(address, value, ms) {
      if (ms !== lastMs) {
        last = span(ms);
        lastMs = ms;
      }
      call(number, address, WAIT, value >>> 0, last, 0, 0);
    },
    waitAsync: (address, value, ms) =>
      new Promise((resolve, reject) => {
        const timeout = span(ms);
        call.async(number, address, WAIT, value >>> 0, timeout, 0, 0, (error: unknown) => {
          if (error && timeout)
            reject(error as Error); // mentions `timeout`, so that it lives until here
          else resolve();
        });
      }),
    wake: (address, count) => Number(wake(number, address, WAKE, count)),
  };
}

/** A system call failed; `code` says how, as in the errors of `node:fs`. */
class SystemCallError extends TuttiError {
  readonly code: string = 'ERR_TUTTI_SYSTEM_CALL';
}
