/** Ports, streams and file handles that `move()` marked change hands, wherever they are. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CaptureError, move, processes, threads, type Executor } from 'tutti';
import { assertNoLeaks } from '../leaks.js';

after(assertNoLeaks);

async function withPool(pool: Executor, run: (pool: Executor) => Promise<void>): Promise<void> {
  try {
    await run(pool);
  } finally {
    await pool.close();
  }
}

/** What the other end says. */
async function heard(send: (port: MessagePort) => Promise<unknown>): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  try {
    const message = once(port1, 'message');
    await send(move(port2));
    const [said] = (await message) as unknown[];
    return said;
  } finally {
    port1.close();
  }
}

const hello = (port: MessagePort): void => {
  port.postMessage('hello');
  port.close();
};

describe('move()', { timeout: 60_000 }, () => {
  test('of a port: as an argument, within one, beside functions, as an item', () =>
    withPool(threads({ workers: 1 }), async (pool) => {
      assert.equal(await heard((port) => pool.submit(hello, port)), 'hello');
      assert.equal(
        await heard((port) => pool.submit(([one]: MessagePort[]) => hello(one!), [port])),
        'hello',
      );
      const call = (it: { port: MessagePort; say: typeof hello }) => it.say(it.port);
      assert.equal(await heard((port) => pool.submit(call, { port, say: hello })), 'hello');
      assert.equal(await heard((port) => pool.map([port], hello)), 'hello');
    }));

  test('of a port as a result', () =>
    withPool(threads({ workers: 1 }), async (pool) => {
      const port = await pool.submit(() => {
        const { port1, port2 } = new MessageChannel();
        port1.on('message', (x: number) => {
          port1.postMessage(x + 1);
          port1.close();
        });
        return move(port2);
      });
      const answer = once(port, 'message');
      port.postMessage(1);
      assert.deepEqual(await answer, [2]);
      port.close();
    }));

  test('of a stream and a file handle', () =>
    withPool(threads({ workers: 1 }), async (pool) => {
      const stream = new ReadableStream<string>({
        start(controller) {
          controller.enqueue('a');
          controller.enqueue('b');
          controller.close();
        },
      });
      const text = await pool.submit(async (parts) => {
        let all = '';
        for await (const part of parts) all += part as string;
        return all;
      }, move(stream));
      assert.equal(text, 'ab');
      const file = await open(import.meta.filename);
      const start = await pool.submit(async (handle) => {
        const head = (await (handle as typeof file).readFile('utf8')).slice(0, 3);
        await handle.close();
        return head;
      }, move(file));
      assert.equal(start, '/**');
    }));

  test('of a captured one is refused: variables are copied', () =>
    withPool(threads({ workers: 1 }), async (pool) => {
      const { port1, port2 } = new MessageChannel();
      move(port2);
      await assert.rejects(
        pool.submit(() => port2.postMessage(1)),
        (error: unknown) =>
          error instanceof CaptureError && /pass move\(port\) as an argument/.test(error.message),
      );
      port1.close();
    }));

  test('to a process is refused', () =>
    withPool(processes({ workers: 1 }), async (pool) => {
      const { port1, port2 } = new MessageChannel();
      await assert.rejects(
        pool.submit(hello, move(port2)),
        (error: unknown) => error instanceof CaptureError && /cannot leave its process/.test(error.message),
      );
      port1.close();
    }));
});
