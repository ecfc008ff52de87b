/** Child processes that arrays are sent to through {@link Transit}. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decode, encode, MessageReader, MessageWriter } from '#src/codec/index.js';
import type { Batch, Transit } from '#src/memory/transit.js';
import { ended } from './mapped.ts';
import { trackerId } from '#src/memory/tracker.js';

const processes = new Set<ChildProcess>();
after(() => {
  for (const child of processes) child.kill('SIGKILL'); // a failed test leaves its own
});

/** One of them, with a seat of its own. */
export class Peer {
  readonly process: ChildProcess;
  readonly seat: number;
  readonly #transit: Transit;
  readonly #socket: Socket;
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];

  constructor(transit: Transit, seat: number, maxBytes = 2 ** 30) {
    this.#transit = transit;
    this.seat = seat;
    const script = fileURLToPath(new URL('peer.process.js', import.meta.url));
    this.process = spawn(process.execPath, ['--expose-gc', script, String(seat), String(maxBytes)], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      env: { ...process.env, TUTTI_TRACKER: trackerId() },
    });
    processes.add(this.process);
    this.process.once('exit', () => processes.delete(this.process));
    this.#socket = this.process.stdio[3] as Socket;
    const reader = new MessageReader();
    this.#socket.on('data', (chunk: Uint8Array) => {
      for (const { frame, buffers } of reader.push(chunk)) {
        const { resolve, reject } = this.#waiting.shift()!;
        try {
          resolve(decode(frame, buffers, { resolve: transit.resolve }));
        } catch (error) {
          reject(error as Error);
        }
      }
    });
    const gone = (): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(new RangeError('the peer is gone'));
    };
    this.#socket.on('close', gone).on('error', gone);
  }

  /** Sends a command with an array; what the child answers. */
  async ask(command: string, x?: unknown, batch?: Batch): Promise<unknown> {
    const parcel = this.#transit.parcel(this.seat, batch);
    this.post(parcel.make((share) => encode([command, x], { share })));
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  post(message: { frame: Uint8Array; buffers: readonly Uint8Array[] }): void {
    const writer = new MessageWriter();
    writer.add(message);
    for (const chunk of writer.take()) this.#socket.write(chunk);
  }

  async end(): Promise<void> {
    this.#socket.destroy();
    await ended(this.process);
  }
}
