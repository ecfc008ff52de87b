/**
 * Messages: a frame and its buffers as consecutive bytes of a stream.
 *
 * `7a 4d`, version, 0; 4 bytes length of the frame; 4 bytes number of buffers; 8 bytes length of each; the frame; the buffers.
 * All numbers are little-endian.
 */
export const MESSAGE_MAGIC_0 = 0x7a;
export const MESSAGE_MAGIC_1 = 0x4d;
export const MESSAGE_VERSION = 1;
export const MESSAGE_HEAD_BYTES = 12;
export const LENGTH_BYTES = 8;

/** A frame with the buffers beside it: what `encode` gives and `decode` takes. */
export interface Message {
  readonly frame: Uint8Array;
  readonly buffers: readonly Uint8Array[];
}
