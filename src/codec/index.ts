/** Values ⇄ frames: one small stream of bytes plus buffers beside it, for everything that has no structured clone. */
export { encode } from './encode.ts';
export type { Encoded, EncodeOptions, Shared } from './encode-options.ts';
export { decode } from './decode.ts';
export type { DecodeOptions, SharedMemory } from './decode-options.ts';
export { FrameError, type FrameFault } from './frame-error.ts';
export { isReadOnly, markReadOnly } from './read-only.ts';
export type { Message } from './message.ts';
export { MessageReader, type MessageReaderOptions } from './message-reader.ts';
export { MessageWriter } from './message-writer.ts';
