/** What the decoder is told. */

/** Options of `decode`. */
export interface DecodeOptions {
  /** The memory of a handle that `share` of the encoder gave: of exactly `byteLength` bytes. */
  readonly resolve?: ((handle: unknown, memory: SharedMemory) => ArrayBufferLike) | undefined;
  /** The original of what `replace` of the encoder gave. */
  readonly revive?: ((standsFor: unknown) => unknown) | undefined;
  /** Address space that resizable buffers may reserve, together; 1 GiB by default. */
  readonly maxReservedBytes?: number | undefined;
}

/** What a frame says about shared memory. */
export interface SharedMemory {
  readonly byteLength: number;
  /** To be mapped read-only. */
  readonly readOnly: boolean;
}
