/** A child process that answers messages over its file descriptor 3; its argument is its seat. */
import { Socket } from 'node:net';
import { pack, unpack, type Packed } from '#src/closure/index.js';
import { decode, encode, MessageReader, MessageWriter } from '#src/codec/index.js';
import { Transit } from '#src/memory/transit.js';

const transit = new Transit({ seat: Number(process.argv[2]), maxBytes: Number(process.argv[3] ?? 2 ** 30) });
const socket = new Socket({ fd: 3, readable: true, writable: true });
const reader = new MessageReader();
let kept: unknown;

const collect = (globalThis as { gc?: () => void }).gc;

const commands: Record<string, (x: Float64Array) => unknown> = {
  /** What a function that arrives packed returns, packed. */
  call: (x) => pack((unpack(x as unknown as Packed) as () => unknown)(), { reply: true }),
  sum: (x) => x.reduce((a, b) => a + b, 0),
  length: (x) => x.length,
  double(x) {
    for (let i = 0; i < x.length; i++) x[i]! *= 2;
    return x;
  },
  echo: (x) => x,
  keep(x) {
    kept = x;
    return x.length;
  },
  kept: () => (kept as Float64Array)[0],
  drop() {
    kept = undefined;
    return 0;
  },
  make: (x) => new Float64Array(x[0]!).fill(7),
  leave() {
    kept = new Float64Array(1e6).fill(3);
    return kept;
  },
  gc() {
    collect?.();
    return 0;
  },
};

socket.on('data', (chunk: Uint8Array) => {
  for (const { frame, buffers } of reader.push(chunk)) {
    let [command, x] = decode(frame, buffers, { resolve: transit.resolve }) as [
      string,
      Float64Array | undefined,
    ];
    const result = commands[command]!(x!);
    x = undefined;
    const writer = new MessageWriter();
    writer.add(transit.parcel(0).make((share) => encode(result, { share })));
    for (const part of writer.take()) socket.write(part);
  }
});
socket.on('close', () => process.exit());
socket.on('error', () => process.exit());
