/** What it costs to make bytes of a value and a value of bytes, beside what the engine has for it. */
import { deserialize, serialize } from 'node:v8';
import { expectEqual } from '../pool-suites.ts';
import type { Row, Sample, Scale, Suite } from '../suite.ts';

interface Payload {
  readonly label: string;
  make(): unknown;
  /** JSON has another value or none. */
  readonly noJson?: true;
}

const record = (i: number): object => ({
  id: i,
  name: `name ${i}`,
  score: i / 3,
  tags: ['a', 'b'],
  ok: true,
  at: null,
});
const list = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

const PAYLOADS: Readonly<Record<string, Payload>> = {
  record: { label: 'one record', make: () => record(7) },
  call: {
    label: 'a packed function',
    noJson: true,
    make: () => ({
      nodes: [
        {
          t: 'fn',
          id: 'a1b2.17',
          code: {
            text: '(function () { let factor; return [() => (x) => x * factor,',
            variables: ['factor'],
            values: 'v',
            late: undefined,
            file: 'file:///home/user/project/src/main.js',
            line: 3,
            column: 4,
            module: false,
            kind: 'function',
          },
          env: [3],
          name: 'f',
        },
      ],
      root: 0,
      imports: false,
    }),
  },
  records: { label: '1000 records', make: () => list(1000, record) },
  integers: { label: '10,000 integers', make: () => list(10_000, (i) => i) },
  doubles: { label: '10,000 fractions', make: () => list(10_000, (i) => i / 7) },
  strings: { label: '1000 strings', make: () => list(1000, (i) => `a string that is a little longer ${i}`) },
  text: { label: '100 kB of text', make: () => 'plain text in one piece. '.repeat(4000) },
  map: { label: 'a Map of 1000', noJson: true, make: () => new Map(list(1000, (i) => [`key ${i}`, i])) },
  dictionary: {
    label: 'an object of 1000 keys',
    make: () => Object.fromEntries(list(1000, (i) => [`key ${i}`, i])),
  },
  small: { label: 'Float64Array of 100', noJson: true, make: () => new Float64Array(100).fill(0.5) },
  large: { label: 'Float64Array of 8 MB', noJson: true, make: () => new Float64Array(1_000_000).fill(0.5) },
};

/** Microseconds of one round trip of every payload: the best of a few stretches, as nothing else is measured beside. */
function times(scale: Scale, roundTrip: (value: unknown) => unknown, json = false): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const [name, payload] of Object.entries(PAYLOADS)) {
    if (json && payload.noJson === true) continue;
    const value = payload.make();
    expectEqual(JSON.stringify(roundTrip(value))?.length, JSON.stringify(value)?.length);
    // What is written in JavaScript needs some thousand calls until it is compiled.
    const warmUntil = performance.now() + (scale.smoke ? 0 : scale.quick ? 100 : 400);
    while (performance.now() < warmUntil) roundTrip(value);
    const stretchMs = scale.smoke ? 1 : scale.quick ? 10 : 40;
    let best = Number.POSITIVE_INFINITY;
    for (let stretch = 0; stretch < (scale.smoke ? 1 : 6); stretch++) {
      const start = performance.now();
      let count = 0;
      let spent: number;
      do {
        for (let i = 0; i < 10; i++) roundTrip(value);
        count += 10;
        spent = performance.now() - start;
      } while (spent < stretchMs);
      best = Math.min(best, (spent / count) * 1000);
    }
    sample[name] = best;
  }
  return Promise.resolve(sample);
}

async function tutti(scale: Scale): Promise<Sample> {
  const { decode, encode } = await import('#src/codec/index.js');
  return times(scale, (value) => {
    const { frame, buffers } = encode(value);
    // The buffers arrive in memory of their own: this copy is what a transport does.
    return decode(
      frame,
      buffers.map((each) => each.slice()),
    );
  });
}

const OTHERS: Readonly<Record<string, string>> = {
  v8: 'v8.serialize + deserialize',
  clone: 'structuredClone',
  json: 'JSON',
};

const rows: Row[] = [];
for (const [metric, { label, noJson }] of Object.entries(PAYLOADS))
  for (const [variant, name] of Object.entries(OTHERS))
    if (variant !== 'json' || noJson !== true)
      rows.push({
        label: `${label} ÷ ${name}`,
        value: { variant: 'tutti', metric },
        over: { variant, metric },
        unit: 'µs',
      });

export const suite: Suite = {
  title: 'Values as bytes and back',
  about:
    'Encoding and decoding in one thread, warm, without a transport. Buffers that travel beside the frame are copied once, as a ' +
    'transport would.',
  rounds: { full: 5, quick: 2 },
  variants: {
    tutti,
    v8: (scale) => times(scale, (value) => deserialize(serialize(value)) as unknown),
    clone: (scale) => times(scale, (value) => structuredClone(value)),
    json: (scale) => times(scale, (value) => JSON.parse(JSON.stringify(value)) as unknown, true),
  },
  rows,
};
