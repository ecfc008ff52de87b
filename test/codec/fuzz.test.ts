/** Bytes that no encoder wrote: every one is refused with a FrameError or is some value, soon and within bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, FrameError } from '#src/codec/index.js';

const timeout = 60_000;
const seed = Number(process.env.TUTTI_FUZZ_SEED ?? Date.now() % 1_000_000);
/** How long the random part lasts. */
const FUZZ_MS = 3000;
console.log(`seed ${seed} (TUTTI_FUZZ_SEED repeats it)`);

/** mulberry32 */
function generator(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = generator(seed);
const below = (n: number): number => Math.floor(random() * n);

const revive = (value: unknown): unknown => value;
const memory = new SharedArrayBuffer(64);
const options = { revive, resolve: () => memory, maxReservedBytes: 1 << 20 };

/** A random value of everything that frames hold. */
function anything(depth: number, known: object[]): unknown {
  const kept = <T extends object>(object: T): T => {
    known.push(object);
    return object;
  };
  const some = (): unknown => anything(depth - 1, known);
  const list = (): unknown[] => Array.from({ length: below(6) }, some);
  switch (below(depth > 0 ? 26 : 11)) {
    case 0:
      return undefined;
    case 1:
      return random() < 0.5;
    case 2:
      return below(300) - 100;
    case 3:
      return (random() - 0.5) * 2 ** below(80);
    case 4:
      return BigInt(below(2 ** 31)) ** BigInt(below(20));
    case 5:
      return 'aé日😀'.repeat(below(30)).slice(below(3));
    case 6:
      return 'x'.repeat(below(100));
    case 7:
      return null;
    case 8:
      return new Date(below(1e9));
    case 9:
      return /a+/g;
    case 10:
      return known.length > 0 ? known[below(known.length)] : null;
    case 11:
    case 12: {
      const array = kept([] as unknown[]);
      array.push(...list());
      return array;
    }
    case 13:
      return kept(Array.from({ length: below(40) }, () => below(1000) - 500));
    case 14:
      return kept(Array.from({ length: below(40) }, random));
    case 15:
      return kept(Array.from({ length: below(40) }, () => 'ab'.repeat(below(9))));
    case 16:
      return kept(Object.assign([], { [below(5000)]: some(), name: some() }));
    case 17: {
      const map = kept(new Map());
      for (const key of list()) map.set(key, some());
      return map;
    }
    case 18: {
      const set = kept(new Set());
      for (const item of list()) set.add(item);
      return set;
    }
    case 19:
      return kept(new Float64Array(below(20)));
    case 20:
      return kept(new Uint8Array(100 + below(100)));
    case 21:
      return kept(new RangeError('message', { cause: some() }));
    case 22:
      return kept(Object(below(9)) as object);
    case 23:
      return kept(Object.fromEntries(Array.from({ length: below(50) }, (_, i) => [`k${i}`, some()])));
    default: {
      const object = kept({} as Record<string, unknown>);
      for (let i = below(6); i > 0; i--) object[`key${below(12)}`] = some();
      return object;
    }
  }
}

/** A frame of at most 2000 bytes: what is tried on it is tried at every byte. */
function sample(): { frame: Uint8Array; buffers: Uint8Array[] } {
  const value = { root: anything(5, []), f: () => 1, memory: new Int32Array(memory) };
  const { frame, buffers } = encode(value, {
    outOfBandBytes: 128,
    replace: () => ['stands for', { a: 1 }],
    share: (buffer) => (buffer === memory ? { handle: { name: 'm' }, readOnly: true } : undefined),
  });
  if (frame.length > 2000) return sample();
  return { frame: frame.slice(), buffers: buffers.map((each) => each.slice()) };
}

/** Decodes; undefined if it was refused as it should be. */
function attempt(frame: Uint8Array, buffers: readonly Uint8Array[]): { value: unknown } | undefined {
  try {
    return { value: decode(frame, buffers, options) };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    assert.equal(error.code, 'ERR_TUTTI_FRAME');
    assert.ok(error.offset >= 0 && error.offset <= frame.length, `offset ${error.offset}`);
    return undefined;
  }
}

// Not compared with structured clone, which fails for cycles through the cause of an error on Node 20.
test('random values arrive as they were', { timeout }, () => {
  for (let i = 0; i < 1500; i++) {
    const value = anything(5, []);
    const { frame, buffers } = encode(value, { outOfBandBytes: 128 });
    assert.deepStrictEqual(
      decode(
        frame.slice(),
        buffers.map((each) => each.slice()),
      ),
      value,
      `seed ${seed}, value ${i}`,
    );
  }
});

test('a frame cut at any byte is refused', { timeout }, () => {
  for (let round = 0; round < 40; round++) {
    const { frame, buffers } = sample();
    for (let length = 0; length < frame.length; length++)
      assert.equal(attempt(frame.subarray(0, length), buffers), undefined, `seed ${seed}, ${length} bytes`);
    assert.equal(attempt(Uint8Array.from([...frame, 0]), buffers), undefined);
    assert.ok(attempt(frame, buffers));
  }
});

test('a frame with any bit flipped is refused or some value', { timeout }, () => {
  for (let round = 0; round < 6; round++) {
    const { frame, buffers } = sample();
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const copy = frame.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      attempt(copy, buffers);
    }
  }
});

test(
  'random bytes behind a header, and frames with random parts, are refused or some value',
  { timeout },
  () => {
    const end = Date.now() + FUZZ_MS;
    let tried = 0;
    let refused = 0;
    const before = process.memoryUsage().rss;
    while (Date.now() < end) {
      const { frame, buffers } = sample();
      for (let i = 0; i < 50; i++) {
        let copy = frame.slice();
        switch (below(5)) {
          case 0:
            for (let n = 1 + below(4); n > 0; n--) copy[below(copy.length)] = below(256);
            break;
          case 1: // a huge varint somewhere
            copy.set(
              [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f].slice(below(7)),
              below(Math.max(1, copy.length - 7)),
            );
            break;
          case 2: // parts exchanged
            copy.copyWithin(
              8 + below(copy.length - 8),
              8 + below(copy.length - 8),
              8 + below(copy.length - 8),
            );
            break;
          case 3:
            copy = Uint8Array.from([
              ...copy.subarray(0, 8),
              ...Array.from({ length: below(60) }, () => below(256)),
            ]);
            break;
          default: // tags only
            copy = Uint8Array.from([
              ...copy.subarray(0, 8),
              ...Array.from({ length: below(60) }, () => below(0x24)),
            ]);
        }
        tried++;
        if (attempt(copy, buffers) === undefined) refused++;
      }
    }
    const grown = process.memoryUsage().rss - before;
    assert.ok(refused > 0 && refused < tried, `${refused} of ${tried} refused`);
    assert.ok(grown < 600e6, `seed ${seed}: ${grown} bytes`);
  },
);

const header = (buffers = 0): number[] => [...encode(0).frame.subarray(0, 4), buffers, 0, 0, 0];
/** 2^35 as a varint. */
const HUGE = [0x80, 0x80, 0x80, 0x80, 0x80, 0x01];

test('hostile numbers are refused before anything is allocated', { timeout }, () => {
  const TAGS = {
    latin1: 8,
    utf8: 9,
    utf16: 10,
    bytes: 0x1b,
    array: 0x0f,
    ints: 0x10,
    doubles: 0x11,
    map: 0x15,
    set: 0x16,
  };
  const frames: Record<string, number[]> = {
    ...Object.fromEntries(Object.entries(TAGS).map(([name, tag]) => [name, [tag, ...HUGE, 1, 2, 3]])),
    bigint: [7, 0, ...HUGE, 0x31],
    dictionary: [0x0e, ...HUGE, 1, 1],
    strings: [0x21, ...HUGE, 1, 1],
    'strings of one block': [0x21, 4, ...HUGE, 1, 1],
    'lengths of strings': [0x21, 1, 1, ...HUGE, 0x41, 0x61],
    'shape keys': [0x0c, 3, 0xff, 0x7f, 0x40],
    'length of a sparse array': [0x12, ...HUGE, 0],
    'count of a sparse array': [0x12, 10, ...HUGE],
    reference: [0x0b, 0],
    'own reference of a view': [0x1e, 2, 0, 0, 0x0b, 0],
    'reference to no buffer': [0x0f, 2, 0x0f, 0, 0x1e, 2, 0, 0, 0x0b, 1],
    'record without shape': [0x0d, 0],
    'offset of a view': [0x1e, 9, ...HUGE, 0, 0x1b, 0],
    'length of a view': [0x1e, 9, 0, ...HUGE, 0x1b, 0],
    'misaligned view': [0x1e, 9, 1, 0, 0x1b, 0x08, 0, 0, 0, 0, 0, 0, 0, 0],
    'reserved address space': [0x1c, ...HUGE, 0],
    'endless number': [8, ...Array.from({ length: 100 }, () => 0x80)],
    'number of 60 bits': [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
    'regular expression': [0x19 - 1, 0x41, 0x28, 0x40],
    'flags of a regular expression': [0x18, 0x41, 0x61, 0x41, 0x7a],
    'boxed object': [0x19, 0, 0x0f, 0],
    'boxed itself': [0x19, 1, 0x0b, 0],
    'error of no kind': [0x1a, 9, 0],
    'error with all flags': [0x1a, 0, 0x1f],
    'buffer that did not come': [0x1d, 0, 1],
    'mark 3': [0x1d, 3, 1],
    'shared without a resolver of its size': [0x1d, 2, 65, 0x80],
    'later without content': [0x1f, 0],
    'later of another kind': [0x1f, 0, 0x0f, 0],
    'later of later': [0x1f, 0, 0x1f, 0],
    hole: [0x14],
    'unknown tag': [0x3f],
  };
  for (const [name, body] of Object.entries(frames)) {
    const before = process.memoryUsage().rss;
    assert.equal(attempt(Uint8Array.from([...header(), ...body]), []), undefined, name);
    assert.ok(process.memoryUsage().rss - before < 64e6, name);
  }
});

test('a few bytes make no large array', { timeout }, () => {
  const before = process.memoryUsage().rss;
  // Arrays of length 2^25 − 1 without elements: the engine would take 256 MB each.
  const sparse = [0x12, 0xff, 0xff, 0xff, 0x0f, 0];
  const value = attempt(
    Uint8Array.from([...header(), 0x0f, 20, ...Array.from({ length: 20 }, () => sparse).flat()]),
    [],
  );
  assert.equal((value!.value as unknown[][]).length, 20);
  assert.equal((value!.value as unknown[][])[3]!.length, 2 ** 25 - 1);
  // Objects with the element 1023 only: the engine would take 12 kB each.
  const count = 10_000;
  const key = [0x44, ...Buffer.from('1023')];
  const records = [0x0c, 1 + key.length, 1, ...key, 0x80];
  for (let i = 1; i < count; i++) records.push(0x0d, 0, 0x80);
  const objects = attempt(
    Uint8Array.from([...header(), 0x0f, (count & 0x7f) | 0x80, count >> 7, ...records]),
    [],
  );
  assert.deepEqual((objects!.value as unknown[])[9999], { 1023: 0 });
  assert.ok(process.memoryUsage().rss - before < 64e6, String(process.memoryUsage().rss - before));
});

test('depth that no encoder writes is refused, whatever is nested', { timeout }, () => {
  const nests: Record<string, number[]> = {
    arrays: [0x0f, 1],
    maps: [0x15, 1, 0x80],
    sets: [0x16, 1],
    dictionaries: [0x0e, 1, 1, 1, 0x41, 0x61],
    causes: [0x1a, 0, 4],
    replaced: [0x20],
    handles: [0x1d, 2, 64],
    'named arrays': [0x13, 0x0f, 1],
  };
  for (const [name, unit] of Object.entries(nests)) {
    const body = Array.from({ length: 20_000 }, () => unit).flat();
    assert.throws(
      () => decode(Uint8Array.from([...header(), ...body]), [], options),
      (error) => error instanceof FrameError && ['depth', 'count', 'tag'].includes(error.fault),
      name,
    );
  }
});

test('faults are told apart', { timeout }, () => {
  const { frame } = encode([1, 'two']);
  const changed = (at: number, byte: number): Uint8Array => {
    const copy = frame.slice();
    copy[at] = byte;
    return copy;
  };
  const large = encode(new Uint8Array(10_000));
  const faults: [string, () => unknown][] = [
    ['truncated', () => decode(new Uint8Array(0))],
    ['truncated', () => decode(frame.subarray(0, 9))],
    ['magic', () => decode(changed(0, 1))],
    ['version', () => decode(changed(2, 2))],
    ['endian', () => decode(changed(3, frame[3]! ^ 1))],
    ['tag', () => decode(changed(3, frame[3]! | 0x80))],
    ['trailing', () => decode(Uint8Array.from([...frame, 0]))],
    ['buffers', () => decode(frame, [new Uint8Array(1)])],
    ['buffers', () => decode(large.frame)],
    ['buffers', () => decode(large.frame, [new Uint8Array(9999)])],
    ['buffers', () => decode(Uint8Array.from([...header(1), 0x80]), [new Uint8Array(1)])],
    ['handle', () => decode(encode(memory, { share: () => ({ handle: 1 }) }).frame)],
    ['handle', () => decode(encode(() => 1, { replace: () => 1 }).frame)],
  ];
  for (const [fault, run] of faults)
    assert.throws(
      run,
      (error) => error instanceof FrameError && error.fault === fault && error.name === 'FrameError',
      fault,
    );
});

test('what resolve and revive throw passes through', { timeout }, () => {
  const mine = new RangeError('mine');
  const thrower = (): never => {
    throw mine;
  };
  assert.throws(
    () => decode(encode(memory, { share: () => ({ handle: 1 }) }).frame, [], { resolve: thrower }),
    (error) => error === mine,
  );
  assert.throws(
    () => decode(encode(() => 1, { replace: () => 1 }).frame, [], { revive: thrower }),
    (error) => error === mine,
  );
});
