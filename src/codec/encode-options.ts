/** What the encoder is told, and what it gives. */

/** Options of `encode`. */
export interface EncodeOptions {
  /** What errors call the value; `value` by default. */
  readonly root?: string | undefined;
  /** What paths in errors lead through, when it is not the value: what a layer above made the value of. */
  readonly subject?: unknown;
  /** Buffers of at least so many bytes travel beside the frame, not in it; 8192 by default. */
  readonly outOfBandBytes?: number | undefined;
  /** Copy the buffers beside the frame now: without it they are the sender's memory and must be written before it changes. */
  readonly snapshot?: boolean | undefined;
  /** Whether a buffer changes hands: it is detached once everything is encoded, and its memory travels. */
  readonly moved?: ((buffer: ArrayBuffer) => boolean) | undefined;
  /**
   * Memory that need not travel: a plain handle by which the receiver finds it. Asked once for every SharedArrayBuffer and
   * for every buffer that would travel beside the frame; `undefined` leaves it to travel (or to be refused, if shared).
   */
  readonly share?: ((buffer: ArrayBufferLike) => Shared | undefined) | undefined;
  /**
   * The layer above: what stands for a function, a symbol or an object that frames cannot hold. Its result is any value
   * that can be encoded, and `revive` of the decoder makes the original of it; `undefined` refuses. Asked once per value.
   */
  readonly replace?: ((value: unknown) => unknown) | undefined;
}

/** A buffer that the receiver finds by its handle. */
export interface Shared {
  /** A plain value; small. */
  readonly handle: unknown;
  /** The receiver must not write to it. */
  readonly readOnly?: boolean | undefined;
}

/** A value as bytes. */
export interface Encoded {
  /** A view of memory that other frames lie in too: never transfer its buffer. */
  readonly frame: Uint8Array;
  /** What travels beside the frame, in order. */
  readonly buffers: readonly Uint8Array[];
}
