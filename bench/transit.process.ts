/** A child process that sends arrays back, or how long they are: `ipc`, or `frames <seat> <maxBytes>` at descriptor 3. */
import { Socket } from 'node:net';
import { decode, encode, MessageReader, MessageWriter } from '#src/codec/index.js';
import { Transit } from '#src/memory/transit.js';

type Request = readonly [back: boolean, array: Float64Array];

const [, , way, seat, maxBytes] = process.argv;
const answer = ([back, array]: Request): unknown => (back ? array : array.length + array[array.length - 1]!);

if (way === 'ipc') {
  process.on('message', (request) => process.send!(answer(request as Request)));
} else {
  const transit = new Transit({ seat: Number(seat), maxBytes: Number(maxBytes) });
  const socket = new Socket({ fd: 3, readable: true, writable: true });
  const reader = new MessageReader();
  socket.on('data', (chunk: Uint8Array) => {
    for (const { frame, buffers } of reader.push(chunk)) {
      const request = decode(frame, buffers, { resolve: transit.resolve }) as Request;
      const writer = new MessageWriter();
      writer.add(transit.parcel(0).make((share) => encode(answer(request), { share })));
      for (const part of writer.take()) socket.write(part);
    }
  });
  socket.on('close', () => process.exit());
}
