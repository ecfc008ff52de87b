/** Files as typed arrays: pages are read when they are looked at, so a file may be larger than memory. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SharedMemoryError } from '../base/errors.ts';
import { boolean, integer, oneOf, optionChecker, show } from '../base/options.ts';
import { type Origin } from './mapped.ts';
import { mappedBefore, mapPart } from './mapping.ts';
import { MAP_COPY_ON_WRITE, MAP_SHARED, native } from './native.ts';
import { bytes } from './shm-object.ts';
import { isTypedArrayClass, type TypedArrayConstructor, type TypedArrayOver } from './typed-array.ts';

/** What writes to a mapped file's array do. */
export type MapMode = 'read' | 'copy' | 'shared';

/** Options of {@link mapFile}. */
export interface MapFileOptions {
  /** `'read'` (default), `'copy'`: writes are private, or `'shared'`: writes go to the file. */
  mode?: MapMode;
  /** Where the array begins in the file: a multiple of the element's size, 0 by default. */
  byteOffset?: number;
  /** With `'shared'`: make the file, or lengthen it with zeros, when it is missing or too short. Off by default. */
  create?: boolean;
}

/** The array of a file; in mode `'read'` the compiler refuses assignments to its elements. */
export type MappedArray<C extends TypedArrayConstructor, M extends MapMode = 'read'> = M extends 'read'
  ? Readonly<TypedArrayOver<C, ArrayBuffer>>
  : TypedArrayOver<C, ArrayBuffer>;

/** What finds a mapped file again, in any thread or process of this machine: a plain object that travels in messages. */
export interface FileHandle {
  readonly kind: 'file';
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Device and inode: another file of the same name is refused. */
  readonly file: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly mode: 'read' | 'shared';
}

/**
 * A typed array over a file, without reading it: its pages come from the disk when they are first looked at, and the system
 * drops them again when memory is short. Files may be larger than memory.
 *
 * In a task of `threads()`, the file is mapped there too and nothing is copied. The three modes:
 *
 * - `'read'` (default): for reading. The type is read-only. An assignment that gets past the compiler changes a private
 *   page of this thread's view and never the file: a truly read-only page would end the whole process at once, without an error.
 * - `'copy'`: copy-on-write. Writes are private to this array; pages that are written take memory. Sent to a worker it is
 *   copied, with what was written.
 * - `'shared'`: writes go to the file, and are seen by everyone who maps it so. The system writes them to the disk in its own
 *   time.
 *
 * The file must not be truncated while it is mapped: reading behind its new end kills the process (SIGBUS). {@link unmap}
 * ends the mapping now, otherwise it ends when the array and its buffer are garbage. Blocks for opening only.
 *
 * @param path the file: a path or a `file:` URL
 * @param Ctor the class of the array
 * @param shape how many elements: a number, or the sizes of several dimensions, whose product it is (the array is flat, the last
 *   dimension varies fastest); without it, all up to the end of the file
 * @param options `mode`, `byteOffset`, `create`
 * @returns the array. Its `buffer` has exactly its size
 * @throws SharedMemoryError when the file is shorter than that, or cannot be opened or mapped
 * @throws MissingPackageError without the optional package koffi; UnsupportedError on Windows, and for more than 4 GiB on Node 20
 *   (map parts of it)
 * @throws TypeError for arguments of a wrong type, RangeError for sizes that are none, an offset that is not a multiple of the
 *   element's size, and for an empty array
 *
 * @example
 * ```ts
 * import { mapFile, unmap } from 'tutti';
 * import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
 *
 * const folder = mkdtempSync('/tmp/map-file-');
 * writeFileSync(`${folder}/grid.f32`, Float32Array.of(1, 2, 3, 4, 5, 6));
 * const grid = mapFile(`${folder}/grid.f32`, Float32Array, [2, 3]);
 * grid[1 * 3 + 2]; // => 6
 * const out = mapFile(`${folder}/out.f32`, Float32Array, 6, { mode: 'shared', create: true });
 * out.set(grid.map((x) => x * 10));
 * mapFile(`${folder}/out.f32`, Float32Array)[5]; // => 60
 * unmap(grid); // => true
 * rmSync(folder, { recursive: true });
 * ```
 */
export function mapFile<const C extends TypedArrayConstructor, const M extends MapMode = 'read'>(
  path: string | URL,
  Ctor: C,
  shape?: number | readonly number[],
  options?: MapFileOptions & { mode?: M },
): MappedArray<C, M> {
  if (typeof path !== 'string' && !(path instanceof URL)) {
    throw new TypeError(`mapFile(): the path must be a string or a file: URL, not ${show(path)}`);
  }
  if (!isTypedArrayClass(Ctor)) {
    throw new TypeError(
      `mapFile(): the second argument must be a typed array class such as Float32Array, not ${show(Ctor)}`,
    );
  }
  const { mode = 'read', byteOffset = 0, create = false } = checkOptions(options);
  if (create && mode !== 'shared') {
    throw new TypeError("mapFile(): only { mode: 'shared' } can create a file");
  }
  const length = shape === undefined ? undefined : elements(shape);
  const size = Ctor.BYTES_PER_ELEMENT;
  if (byteOffset % size !== 0) {
    throw new RangeError(
      `mapFile(): byteOffset must be a multiple of ${size}, the size of an element, but got ${byteOffset}`,
    );
  }
  const name = typeof path === 'string' ? path : fileURLToPath(path);
  const byteLength = length === undefined ? undefined : length * size;
  const buffer = openFile(name, mode, create, (stats) => {
    const wanted = byteLength ?? Number(stats.size) - byteOffset - ((Number(stats.size) - byteOffset) % size);
    if (wanted < size)
      throw new RangeError(`mapFile(): there is nothing to map: ${name} has ${stats.size} bytes`);
    return { byteOffset, byteLength: wanted };
  });
  const Typed = Ctor as unknown as new (buffer: ArrayBuffer) => MappedArray<C, M>;
  return new Typed(buffer);
}

const checkOptions = optionChecker('mapFile', {
  mode: oneOf('read', 'copy', 'shared'),
  byteOffset: integer({ min: 0 }),
  create: boolean(),
});

/** Whether `x` is the handle of a mapped file. */
export function isFileHandle(x: unknown): x is FileHandle {
  if (typeof x !== 'object' || x === null) return false;
  const { kind, path, file, byteOffset, byteLength, mode } = x as Partial<Record<keyof FileHandle, unknown>>;
  return (
    kind === 'file' &&
    typeof path === 'string' &&
    typeof file === 'string' &&
    Number.isSafeInteger(byteOffset) &&
    Number.isSafeInteger(byteLength) &&
    (mode === 'read' || mode === 'shared')
  );
}

/** Maps the same part of the same file as in the thread or process that the handle comes from. */
export function openFileHandle(handle: FileHandle): ArrayBuffer {
  const { path, mode, byteOffset, byteLength } = handle;
  return openFile(path, mode, false, (stats) => {
    if (identity(stats) !== handle.file) {
      throw new SharedMemoryError(`cannot map ${path}: another file was put in its place`, { memory: path });
    }
    return { byteOffset, byteLength };
  });
}

interface Part {
  readonly byteOffset: number;
  readonly byteLength: number;
}

function openFile(
  name: string,
  mode: MapMode,
  create: boolean,
  choose: (stats: BigIntStats) => Part,
): ArrayBuffer {
  native('mapFile()');
  const fd = openOrSay(name, mode, create);
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) {
      throw new SharedMemoryError(`cannot map ${name}: it is not a regular file`, { memory: name });
    }
    const part = choose(stats);
    const end = part.byteOffset + part.byteLength;
    if (end > Number(stats.size)) {
      if (!create) throw tooShort(name, part, Number(stats.size));
      ftruncateSync(fd, end);
    }
    return map(fd, realpathSync(name), identity(stats), part, mode);
  } finally {
    closeSync(fd);
  }
}

function map(fd: number, path: string, file: string, part: Part, mode: MapMode): ArrayBuffer {
  const shared = mode === 'shared';
  const handle =
    mode === 'copy' ? undefined : ({ kind: 'file', path, file, ...part, mode } satisfies FileHandle);
  const key = handle && JSON.stringify(handle);
  const before = key === undefined ? undefined : mappedBefore(key);
  if (before !== undefined) return before;
  const origin: Origin = {
    key,
    handle,
    ended() {
      // A file stays what it is.
    },
  };
  const flags = shared ? MAP_SHARED : MAP_COPY_ON_WRITE;
  return mapPart('mapFile()', fd, { ...part, flags, shared }, origin);
}

function openOrSay(name: string, mode: MapMode, create: boolean): number {
  const { O_RDONLY, O_RDWR, O_CREAT } = constants;
  try {
    return openSync(name, mode === 'shared' ? O_RDWR | (create ? O_CREAT : 0) : O_RDONLY);
  } catch (cause) {
    const hint = mode === 'shared' && !create ? '; { create: true } makes a missing file' : '';
    throw new SharedMemoryError(`cannot map a file: ${(cause as Error).message}${hint}`, {
      memory: name,
      cause,
    });
  }
}

/** The number of elements of a shape. */
function elements(shape: unknown): number {
  const sizes: readonly unknown[] = Array.isArray(shape) ? shape : [shape];
  for (const size of sizes) {
    if (typeof size !== 'number') {
      throw new TypeError(`mapFile(): the shape must be a number or an array of numbers, not ${show(shape)}`);
    }
  }
  const product = (sizes as number[]).reduce((a, b) => a * b, 1);
  if (product >= 1 && sizes.every((size) => Number.isSafeInteger(size)) && Number.isSafeInteger(product * 8))
    return product;
  throw new RangeError(
    `mapFile(): the shape must have integers of at least 1, but got ${(sizes as number[]).join(' × ')}`,
  );
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function tooShort(name: string, { byteOffset, byteLength }: Part, size: number): SharedMemoryError {
  return new SharedMemoryError(
    `cannot map ${bytes(byteLength)} from byte ${byteOffset} on of ${name}: the file has ${bytes(size)}`,
    { memory: name, byteLength },
  );
}
