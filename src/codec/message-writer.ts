/** Messages into chunks for a stream. */
import {
  LENGTH_BYTES,
  MESSAGE_HEAD_BYTES,
  MESSAGE_MAGIC_0,
  MESSAGE_MAGIC_1,
  MESSAGE_VERSION,
  type Message,
} from './message.ts';

const BLOCK_BYTES = 65_536;
/** Frames up to this size are copied next to each other: a chunk of its own costs a stream more than that. */
const COPIED_BYTES = 16_384;

/**
 * Collects messages for one write: `add` them, `take` the chunks, hand those to `writev` (or write them in order).
 *
 * Small frames share chunks, large ones and all buffers are chunks as they are, not copied: they must not change before they
 * are written. Chunks that were taken are never written to again.
 */
export class MessageWriter {
  #chunks: Uint8Array[] = [];
  #block: Buffer | undefined;
  /** Part of the block that waits: from here to `#end`. */
  #start = 0;
  #end = 0;
  #byteLength = 0;

  /** Bytes that wait to be taken. */
  get byteLength(): number {
    return this.#byteLength;
  }

  add({ frame, buffers }: Message): void {
    const headBytes = MESSAGE_HEAD_BYTES + LENGTH_BYTES * buffers.length;
    const isCopied = frame.byteLength <= COPIED_BYTES;
    const block = this.#room(headBytes + (isCopied ? frame.byteLength : 0));
    let at = this.#end;
    block[at] = MESSAGE_MAGIC_0;
    block[at + 1] = MESSAGE_MAGIC_1;
    block[at + 2] = MESSAGE_VERSION;
    block[at + 3] = 0;
    block.writeUInt32LE(frame.byteLength, at + 4);
    block.writeUInt32LE(buffers.length, at + 8);
    at += MESSAGE_HEAD_BYTES;
    for (const { byteLength } of buffers) {
      block.writeUInt32LE(byteLength % 0x1_0000_0000, at);
      block.writeUInt32LE(Math.floor(byteLength / 0x1_0000_0000), at + 4);
      at += LENGTH_BYTES;
    }
    if (isCopied) {
      block.set(frame, at);
      at += frame.byteLength;
    }
    this.#byteLength += at - this.#end;
    this.#end = at;
    if (!isCopied) this.#chunk(frame);
    for (const buffer of buffers) if (buffer.byteLength > 0) this.#chunk(buffer);
  }

  /** Everything added since the last time, in order. */
  take(): Uint8Array[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#byteLength = 0;
    return chunks;
  }

  #room(bytes: number): Buffer {
    if (this.#block === undefined || this.#block.length - this.#end < bytes) {
      this.#cut();
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes));
      this.#start = this.#end = 0;
    }
    return this.#block;
  }

  #chunk(chunk: Uint8Array): void {
    this.#cut();
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  /** What is in the block so far becomes a chunk. */
  #cut(): void {
    if (this.#end > this.#start) this.#chunks.push(this.#block!.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
