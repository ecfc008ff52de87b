/** Which buffers show mapped memory: what every worker needs of it, and no more. */
import { registrySlot } from '../base/registry.ts';

/** Where a mapping comes from, and what happens when it ends. */
export interface Origin {
  /** Mappings of this thread with the same key are one: the same buffer, used once more. */
  readonly key: string | undefined;
  /** What another thread or process needs to map the same memory; undefined for memory that only this buffer shows. */
  readonly handle: object | undefined;
  /** The mapping is gone. */
  ended(): void;
}

/** One mapping of this thread. */
export interface Mapping extends Origin {
  /** Where the buffer's first byte is. */
  readonly address: number;
  readonly byteLength: number;
  readonly buffer: WeakRef<ArrayBuffer>;
  /** Pages from here are mapped; files are mapped from whole pages on. */
  readonly pagesAt: number;
  readonly pagesLength: number;
  /** How often it was asked for and not let go of. */
  uses: number;
  /** Other threads and processes see what is written. */
  readonly shared: boolean;
}

/** The mappings of this thread. */
export interface Table {
  readonly ofBuffer: WeakMap<ArrayBufferLike, Mapping>;
  readonly ofKey: Map<string, Mapping>;
  readonly all: Set<Mapping>;
  readonly collected: FinalizationRegistry<Mapping>;
}

export const slot = registrySlot<Table>('mappings', 1);

/** The mapping under a buffer; undefined for ordinary memory, and when it has ended. */
export function mappingOf(buffer: ArrayBufferLike): Mapping | undefined {
  const mapping = slot.get()?.ofBuffer.get(buffer);
  return mapping !== undefined && mapping.uses > 0 ? mapping : undefined;
}

/** Whether a buffer or view shows mapped memory. */
export function isMapped(x: ArrayBufferLike | ArrayBufferView): boolean {
  // The buffer of a small array is made when it is asked for: not before anything is mapped.
  return slot.get() !== undefined && mappingOf(ArrayBuffer.isView(x) ? x.buffer : x) !== undefined;
}
