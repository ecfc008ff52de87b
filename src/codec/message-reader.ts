/** Chunks of a stream into messages. */
import { integer, optionChecker } from '../base/options.ts';
import { FrameError, type FrameFault } from './frame-error.ts';
import { HEADER_BYTES } from './format.ts';
import {
  LENGTH_BYTES,
  MESSAGE_HEAD_BYTES,
  MESSAGE_MAGIC_0,
  MESSAGE_MAGIC_1,
  MESSAGE_VERSION,
  type Message,
} from './message.ts';

/** Options of {@link MessageReader}. */
export interface MessageReaderOptions {
  /** Largest message that is accepted, frame and buffers together; 1 GiB by default. */
  readonly maxBytes?: number | undefined;
  /** Most buffers of a message; 65,536 by default. */
  readonly maxBuffers?: number | undefined;
}

const checkOptions = optionChecker('MessageReader', {
  maxBytes: integer({ min: HEADER_BYTES }),
  maxBuffers: integer({ min: 0, max: 2 ** 28 }),
});

/** What is being read: the head, the lengths of the buffers, the frame, or the buffer of this index. */
type Stage = 'head' | 'lengths' | 'frame' | number;

/**
 * Puts messages together from the chunks of a pipe or socket, however they are cut.
 *
 * The frame of a message that a chunk completes is a view of it where it lies in it whole, so a chunk must not be changed before the
 * messages that `push` returns for it are decoded; afterwards it may be used again. Any other frame and every buffer is copied
 * once, into memory of exactly its size, which `decode` makes memory of the value. Memory for a buffer is allocated when its
 * first byte is next, and never more than `maxBytes` at once.
 *
 * A stream has no place to go on after a fault: from the first FrameError on, every call throws it.
 */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #maxBuffers: number;
  readonly #head = new Uint8Array(MESSAGE_HEAD_BYTES);
  readonly #headView = new DataView(this.#head.buffer);
  #stage: Stage = 'head';
  /** What is filled now, unless it may be found whole in a chunk. */
  #target: Uint8Array | undefined = this.#head;
  #filled = 0;
  #lengths: readonly number[] = [];
  #frame: Uint8Array | undefined;
  #buffers: Uint8Array[] = [];
  /** Bytes of the stream before what is filled now. */
  #offset = 0;
  #failure: FrameError | undefined;

  constructor(options: MessageReaderOptions = {}) {
    const { maxBytes = 2 ** 30, maxBuffers = 65_536 } = checkOptions(options);
    this.#maxBytes = maxBytes;
    this.#maxBuffers = maxBuffers;
  }

  /** Takes the next chunk and returns the messages that it completes. */
  push(chunk: Uint8Array): Message[] {
    this.#check();
    const messages: Message[] = [];
    let at = 0;
    while (at < chunk.byteLength) {
      const available = chunk.byteLength - at;
      if (this.#target === undefined) {
        const length = this.#headView.getUint32(4, true);
        if (available >= length) {
          this.#done(chunk.subarray(at, at + length), messages);
          at += length;
          continue;
        }
        this.#target = new Uint8Array(length);
      }
      const target: Uint8Array = this.#target;
      const count = Math.min(available, target.byteLength - this.#filled);
      target.set(chunk.subarray(at, at + count), this.#filled);
      at += count;
      this.#filled += count;
      if (this.#filled === target.byteLength) this.#done(target, messages);
    }
    // The buffers of this frame are still to come, and the chunk may be used for them.
    if (this.#frame?.buffer === chunk.buffer) this.#frame = new Uint8Array(this.#frame);
    return messages;
  }

  /**
   * Where the next bytes of the stream belong, for readers that can read into memory: fill it from the start, then say
   * {@link wrote}. Never empty. Copies nothing, which pays for large buffers.
   */
  wanted(): Uint8Array {
    this.#check();
    this.#target ??= new Uint8Array(this.#headView.getUint32(4, true));
    return this.#target.subarray(this.#filled);
  }

  /** `count` bytes were put into what {@link wanted} gave; returns the message that they complete, if they do. */
  wrote(count: number): Message | undefined {
    this.#check();
    const target = this.#target;
    if (target === undefined || count > target.byteLength - this.#filled || count < 0)
      throw new RangeError(`wrote(): ${count} bytes are more than were wanted`);
    this.#filled += count;
    const messages: Message[] = [];
    if (this.#filled === target.byteLength) this.#done(target, messages);
    return messages[0];
  }

  /** Some bytes of a message are here, the rest of it is under way. */
  get midway(): boolean {
    return this.#stage !== 'head' || this.#filled > 0;
  }

  /** The stream ends here: throws a FrameError if that is inside a message. */
  end(): void {
    this.#check();
    if (this.midway) throw this.#fail('truncated', this.#filled, 'the stream ends inside a message');
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(fault: FrameFault, at: number, message: string): FrameError {
    return (this.#failure = new FrameError(fault, this.#offset + at, message));
  }

  /** A part is complete: goes on to the next ones, past those that are empty. */
  #done(part: Uint8Array, messages: Message[]): void {
    if (this.#stage === 'head') this.#headRead();
    else if (this.#stage === 'lengths') this.#lengthsRead(part);
    else if (this.#stage === 'frame') {
      this.#frame = part;
      this.#stage = 0;
    } else {
      this.#buffers.push(part);
      this.#stage++;
    }
    this.#offset += part.byteLength;
    this.#filled = 0;
    if (typeof this.#stage === 'number') this.#bufferOrEnd(this.#stage, messages);
    this.#target = this.#next();
  }

  /** Buffers without bytes are there already; behind the last one the message is complete. */
  #bufferOrEnd(index: number, messages: Message[]): void {
    while (this.#lengths[index] === 0) {
      this.#buffers.push(new Uint8Array(0));
      index++;
    }
    this.#stage = index;
    if (index < this.#lengths.length) return;
    messages.push({ frame: this.#frame!, buffers: this.#buffers });
    this.#frame = undefined;
    this.#buffers = [];
    this.#lengths = [];
    this.#stage = 'head';
  }

  #next(): Uint8Array | undefined {
    const stage = this.#stage;
    if (stage === 'head') return this.#head;
    if (stage === 'frame') return undefined;
    if (stage === 'lengths') return new Uint8Array(LENGTH_BYTES * this.#headView.getUint32(8, true));
    return this.#allocate(this.#lengths[stage]!);
  }

  #headRead(): void {
    const head = this.#head;
    if (head[0] !== MESSAGE_MAGIC_0 || head[1] !== MESSAGE_MAGIC_1)
      throw this.#fail('magic', 0, 'the stream has no message here; something else writes to it');
    if (head[2] !== MESSAGE_VERSION)
      throw this.#fail('version', 2, `a message of version ${head[2]}, this side knows ${MESSAGE_VERSION}`);
    if (head[3] !== 0) throw this.#fail('tag', 3, 'a byte of a message that is always 0 is not');
    const frameBytes = this.#headView.getUint32(4, true);
    const count = this.#headView.getUint32(8, true);
    if (frameBytes < HEADER_BYTES) throw this.#fail('count', 4, `no frame has ${frameBytes} bytes`);
    this.#bound(frameBytes, 4);
    if (count > this.#maxBuffers)
      throw this.#fail(
        'limit',
        8,
        `a message has ${count} buffers, more than maxBuffers (${this.#maxBuffers})`,
      );
    this.#stage = count > 0 ? 'lengths' : 'frame';
  }

  #lengthsRead(part: Uint8Array): void {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    const lengths: number[] = [];
    let total = this.#headView.getUint32(4, true);
    for (let at = 0; at < part.byteLength; at += LENGTH_BYTES) {
      const length = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
      total += length;
      this.#bound(total, at);
      lengths.push(length);
    }
    this.#lengths = lengths;
    this.#stage = 'frame';
  }

  #bound(bytes: number, at: number): void {
    if (bytes > this.#maxBytes)
      throw this.#fail(
        'limit',
        at,
        `a message has ${bytes} bytes or more, and maxBytes is ${this.#maxBytes}`,
      );
  }

  #allocate(byteLength: number): Uint8Array {
    try {
      return new Uint8Array(byteLength);
    } catch (cause) {
      throw (this.#failure = new FrameError(
        'limit',
        this.#offset,
        `no memory for a buffer of ${byteLength} bytes`,
        cause,
      ));
    }
  }
}
