/** The memory under structures: made in one place, and checked where a structure arrives. */
import { SharedMemoryError } from '../base/errors.ts';
import { oneOf } from '../base/options.ts';
import { mappingOf } from '../memory/mapped.ts';
import { native } from '../memory/native.ts';
import { segment } from '../memory/segment.ts';

/** Who sees a structure. */
export type Across = 'threads' | 'processes';

/** Options that all structures have. */
export interface AcrossOptions {
  /**
   * Who sees it: the `'threads'` of this process (the default), or all `'processes'` of this machine, which needs the optional
   * package koffi.
   */
  across?: Across;
}

/** The rule for {@link AcrossOptions}. */
export const across = oneOf('threads', 'processes');

/**
 * New memory of zeros, of at least that many bytes.
 *
 * @throws MissingPackageError across processes without koffi, UnsupportedError on Windows: a structure that others do not see
 *   would be wrong without a sign
 * @throws SharedMemoryError across processes, when there is not that much free
 * @throws RangeError when the engine cannot allocate it
 */
export function allocate(owner: string, byteLength: number, who: Across = 'threads'): ArrayBufferLike {
  const size = Math.max(8, byteLength);
  if (who === 'processes') {
    native(`${owner} across processes`);
    return segment(size).buffer;
  }
  try {
    return new SharedArrayBuffer(size);
  } catch (cause) {
    throw new RangeError(`${owner}: cannot allocate ${size} bytes: ${String(cause)}`, { cause });
  }
}

/** What stands for the memory in a message: a view, which travels as a handle where its buffer is mapped. */
export function outgoing(memory: ArrayBufferLike): Uint8Array {
  return new Uint8Array(memory);
}

/**
 * The memory that {@link outgoing} stood for.
 *
 * @throws SharedMemoryError when a copy arrived: what is written to it would be lost
 */
export function incoming(owner: string, view: Uint8Array): ArrayBufferLike {
  const { buffer } = view;
  if (buffer instanceof SharedArrayBuffer || mappingOf(buffer)?.shared === true) return buffer;
  throw new SharedMemoryError(
    `${owner} arrived in another process as a copy, which its own process does not see; ` +
      "make it with { across: 'processes' }",
    { byteLength: buffer.byteLength },
  );
}
