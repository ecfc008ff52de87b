/** Memory of the system's under ArrayBuffers: what each buffer maps, who uses it, and its end. */
import { constants } from 'node:buffer';
import { isMainThread } from 'node:worker_threads';
import { SharedMemoryError, UnsupportedError } from '../base/errors.ts';
import { mappingOf, slot, type Mapping, type Origin, type Table } from './mapped.ts';
import { native } from './native.ts';
import { bytes } from './shm-object.ts';

/** All that systems have in common; macOS on ARM has pages of 16 KB. */
export const PAGE = 65_536;

/** Refuses what would abort the process: Node 20 has no buffers over 4 GiB. */
export function checkViewLength(owner: string, byteLength: number): void {
  if (byteLength <= constants.MAX_LENGTH) return;
  throw new UnsupportedError(
    `${owner}: ${bytes(byteLength)} do not fit into an ArrayBuffer of Node ${process.versions.node}, ` +
      `which holds ${bytes(constants.MAX_LENGTH)}; use a part of it (byteOffset), or Node 22 or later`,
  );
}

/** This thread's mapping with that key, used once more; undefined when there is none. */
export function mappedBefore(key: string): ArrayBuffer | undefined {
  const mapping = slot.get()?.ofKey.get(key);
  const buffer = mapping?.buffer.deref();
  if (mapping === undefined || buffer === undefined) return undefined;
  mapping.uses++;
  return buffer;
}

/**
 * Maps a part of an open file and returns the buffer that shows it. The file descriptor may be closed afterwards.
 *
 * The mapping ends when the buffer is collected, with the last {@link release}, or with the thread.
 */
export function mapPart(
  owner: string,
  fd: number,
  part: {
    readonly byteOffset: number;
    readonly byteLength: number;
    readonly flags: number;
    readonly shared: boolean;
  },
  origin: Origin,
): ArrayBuffer {
  checkViewLength(owner, part.byteLength);
  const system = native(owner);
  const lead = part.byteOffset % PAGE;
  const pagesLength = lead + part.byteLength;
  let pagesAt: number;
  try {
    pagesAt = system.mmap(pagesLength, part.flags, fd, part.byteOffset - lead);
  } catch (cause) {
    throw new SharedMemoryError(
      `${owner}: cannot map ${bytes(part.byteLength)}: ${(cause as Error).message}`,
      {
        byteLength: part.byteLength,
        cause,
      },
    );
  }
  const address = pagesAt + lead;
  const buffer = system.view(address, part.byteLength);
  const mapping: Mapping = {
    key: origin.key,
    handle: origin.handle,
    ended: () => origin.ended(),
    address,
    byteLength: part.byteLength,
    buffer: new WeakRef(buffer),
    pagesAt,
    pagesLength,
    uses: 1,
    shared: part.shared,
  };
  if (mapping.handle === undefined && !part.shared) copyOnTransfer(buffer);
  else protect(buffer);
  const table = slot.take(newTable);
  table.ofBuffer.set(buffer, mapping);
  table.all.add(mapping);
  if (mapping.key !== undefined) table.ofKey.set(mapping.key, mapping);
  table.collected.register(buffer, mapping, mapping);
  return buffer;
}

/**
 * Lets go of a buffer once; the last time its mapping ends: the buffer has length 0 from then on (on Node 20 it reads
 * as zeros, and what is written to it is lost).
 *
 * @returns whether the mapping has ended
 */
export function release(buffer: ArrayBufferLike): boolean {
  const mapping = mappingOf(buffer);
  if (mapping === undefined || --mapping.uses > 0) return false;
  end(mapping);
  return true;
}

function newTable(): Table {
  // A thread's end takes no memory of the process with it: see what it leaves.
  if (!isMainThread) process.once('exit', endAll);
  return {
    ofBuffer: new WeakMap(),
    ofKey: new Map(),
    all: new Set(),
    collected: new FinalizationRegistry((mapping) => {
      forget(mapping);
      native('segment()').munmap(mapping.pagesAt, mapping.pagesLength);
      mapping.ended();
    }),
  };
}

function endAll(): void {
  // The last first: the end of one may use memory that was mapped before it, and end that, too.
  for (const mapping of [...(slot.get()?.all ?? [])].toReversed()) if (mapping.uses > 0) end(mapping);
}

function end(mapping: Mapping): void {
  mapping.uses = 0;
  forget(mapping);
  const buffer = mapping.buffer.deref();
  const system = native('segment()');
  if (buffer === undefined || detach(buffer)) {
    slot.get()?.collected.unregister(mapping);
    system.munmap(mapping.pagesAt, mapping.pagesLength);
    mapping.ended();
    return;
  }
  // Node 20 cannot take a buffer's memory away: it keeps addresses without pages of their own until it is collected.
  system.discard(mapping.pagesAt, mapping.pagesLength);
  mapping.ended();
  slot.get()?.collected.unregister(mapping);
  slot.get()?.collected.register(buffer, { ...mapping, ended: () => undefined }, mapping);
}

function forget(mapping: Mapping): void {
  const table = slot.get();
  table?.all.delete(mapping);
  if (mapping.key !== undefined && table?.ofKey.get(mapping.key) === mapping) table.ofKey.delete(mapping.key);
}

type Transfer = (newByteLength?: number) => ArrayBuffer;
const transfer = (ArrayBuffer.prototype as { transfer?: Transfer }).transfer;

function detach(buffer: ArrayBuffer): boolean {
  if (transfer === undefined) return false;
  transfer.call(buffer, 0);
  return true;
}

/** `buffer.transfer()` of a private mapping, which only this buffer shows: its content moves to ordinary memory. */
function copyOnTransfer(buffer: ArrayBuffer): void {
  for (const name of ['transfer', 'transferToFixedLength', 'transferToImmutable']) {
    const original = (ArrayBuffer.prototype as unknown as Record<string, Transfer | undefined>)[name];
    if (original === undefined) continue;
    const value = (newByteLength?: number): ArrayBuffer => {
      const copy = buffer.slice(0);
      release(buffer);
      return original.call(copy, newByteLength);
    };
    Object.defineProperty(buffer, name, { value, enumerable: false });
  }
}

/**
 * `buffer.transfer()` would hand the memory to a buffer that nobody watches, and the mapping would end under it.
 * Structured clone refuses to transfer such buffers by itself (Node 20 copies them).
 */
function protect(buffer: ArrayBuffer): void {
  const refuse = () => {
    throw new TypeError(
      'cannot transfer the buffer of mapped memory: it is seen by others; copy it with slice()',
    );
  };
  for (const name of ['transfer', 'transferToFixedLength', 'transferToImmutable']) {
    Object.defineProperty(buffer, name, { value: refuse, enumerable: false });
  }
}
