/** What one would write by hand: turns, rounds and records between two workers, with bare atomics and a bare port. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { now, objectOf, recordOf, sumOf, type Kind } from './records.ts';

/** What a worker of this file is told. */
export interface Job {
  readonly what: 'turn' | 'round' | 'send' | 'receive';
  readonly count: number;
  /** First or second of the two. */
  readonly side: 0 | 1;
  readonly kind: Kind;
  /** Records in a message; 0: one by one. */
  readonly batch: number;
}

const { words, port } = workerData as { words: Int32Array; port: MessagePort };

parentPort?.on('message', (job: Job) => {
  const start = now();
  if (job.what === 'turn') turns(job);
  else if (job.what === 'round') rounds(job);
  else if (job.what === 'send') send(job);
  else return receive(job);
  parentPort?.postMessage({ start, end: now(), sum: 0 });
});

/** Waits for its turn, and gives it to the other side. */
function turns({ count, side }: Job): void {
  for (let i = 0; i < count; i++) {
    while (Atomics.load(words, 0) !== side) Atomics.wait(words, 0, 1 - side);
    Atomics.store(words, 0, 1 - side);
    Atomics.notify(words, 0, 1);
  }
}

/** A barrier for two: the first sleeps until the second has counted the round. */
function rounds({ count }: Job): void {
  for (let i = 0; i < count; i++) {
    const round = Atomics.load(words, 2);
    if (Atomics.add(words, 1, 1) === 0) {
      while (Atomics.load(words, 2) === round) Atomics.wait(words, 2, round);
    } else {
      Atomics.store(words, 1, 0);
      Atomics.store(words, 2, (round + 1) | 0);
      Atomics.notify(words, 2, 1);
    }
  }
}

function send({ count, kind, batch }: Job): void {
  if (batch === 0) {
    for (let i = 0; i < count; i++) {
      port.postMessage(kind === 'record' ? recordOf(i) : kind === 'number' ? i : objectOf(i));
    }
    return;
  }
  for (let from = 0; from < count; from += batch) {
    const records = new Float64Array(2 * Math.min(batch, count - from));
    for (let k = 0; k < records.length >> 1; k++) {
      records[2 * k] = from + k;
      records[2 * k + 1] = 0.5;
    }
    port.postMessage(records);
  }
}

function receive({ count }: Job): void {
  let got = 0;
  let sum = 0;
  const listen = (message: unknown): void => {
    if (message instanceof Float64Array) {
      got += message.length >> 1;
      for (let k = 0; k < message.length; k += 2) sum += message[k] as number;
    } else {
      got++;
      sum += sumOf(message);
    }
    if (got < count) return;
    port.off('message', listen);
    parentPort?.postMessage({ start: 0, end: now(), sum });
  };
  port.on('message', listen);
}
