import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { decode, encode, isReadOnly, markReadOnly, type EncodeOptions } from '#src/codec/index.js';
import { CaptureError } from '#src/base/errors.js';

const timeout = 20_000;

function there<T>(value: T, options?: EncodeOptions): T {
  const { frame, buffers } = encode(value, options);
  // As a transport does it: the bytes arrive in memory of their own.
  return decode(
    frame.slice(),
    buffers.map((each) => each.slice()),
  ) as T;
}

const cyclic: Record<string, unknown> = { list: [1], map: new Map(), set: new Set() };
cyclic.self = cyclic;
(cyclic.list as unknown[]).push(cyclic.list);
(cyclic.map as Map<unknown, unknown>).set(cyclic, cyclic.map);
(cyclic.set as Set<unknown>).add(cyclic.set);

const withHoles = [1, , 3, undefined, ,] as unknown[];
const named = Object.assign([1, 2, 'x'], { index: 3, '01': 'a', 4294967295: 'b' });
const many = Object.assign(
  Array.from({ length: 1000 }, (_, i) => i),
  { extra: true },
);
const numbers = [
  0,
  1,
  -1,
  127,
  128,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 53,
  0.1,
  NaN,
  Infinity,
  -Infinity,
  -0,
];
const texts = [
  '',
  'a',
  'é',
  'ÿ',
  'Ā',
  '日本語',
  '😀',
  '\ud800',
  'a\udc00b',
  '\0',
  'x'.repeat(64),
  'é'.repeat(100),
];

const same: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  booleans: [true, false],
  numbers,
  'numbers one by one': numbers.map((n) => ({ n })),
  'negative zero': -0,
  'negative zero among integers': [1, -0, 2],
  integers: [1, -2, 3, 2 ** 31 - 1],
  bigints: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 64n), 12n ** 345n],
  strings: texts,
  'strings one by one': texts.map((text) => ({ text })),
  'long strings': [
    'x'.repeat(70_000),
    'é'.repeat(70_000),
    '日'.repeat(70_000),
    `${'x'.repeat(3000)}\ud800`,
    `${'x'.repeat(300)}é`,
    `${'x'.repeat(300)}日\udc00`,
  ],
  'surrogates of neighbours': ['a\ud800', '\udc00b', 'c', 'd', '\ud83d', '\ude00'],
  'empty strings': ['', '', '', '', ''],
  objects: {
    a: 1,
    b: { c: [] },
    '': 0,
    ключ: 'значение',
    12: 'twelve',
    4294967294: 'far',
    4294967295: 'name',
  },
  'an own __proto__': JSON.parse('{"__proto__": {"x": 1}, "y": 2}'),
  'many keys': Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, i])),
  'far indices': Object.fromEntries(Array.from({ length: 50 }, (_, i) => [i * 1_000_003, i])),
  'objects of one shape': Array.from({ length: 100 }, (_, i) => ({ id: i, name: `n${i}`, at: [i] })),
  'objects of many shapes': Array.from({ length: 1000 }, (_, i) => ({ [`k${i}`]: i, [`l${i % 7}`]: null })),
  arrays: [[], [[]], [undefined], [null]],
  holes: withHoles,
  'nothing but holes': new Array(1000),
  'a length and nothing else': new Array(4_294_967_295),
  'far elements': Object.assign([], { 4_000_000_000: 'x', 3: 'y' }),
  'named properties of arrays': named,
  'named properties of long arrays': many,
  dates: [new Date(0), new Date(8.64e15)],
  'regular expressions': [/a(b)?/giu, /[/]\//, new RegExp('')],
  maps: new Map<unknown, unknown>([
    [{ a: 1 }, new Map()],
    ['x', new Set([1])],
    [NaN, -0],
  ]),
  sets: new Set([1, 'a', [2], undefined]),
  boxed: [Object(true), Object(1.5), Object('text'), Object(5n)],
  'array buffers': [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer],
  views: [
    new Int8Array([-1, 1]),
    new Uint8Array([255]),
    new Uint8ClampedArray([1]),
    new Int16Array([-300]),
    new Uint16Array([60_000]),
    new Int32Array([-70_000]),
    new Uint32Array([4e9]),
    new Float32Array([0.5]),
    new Float64Array([0.1, NaN]),
    new BigInt64Array([-1n]),
    new BigUint64Array([2n ** 64n - 1n]),
    new DataView(new ArrayBuffer(12), 3, 5),
    new Float64Array(0),
  ],
  'views of a part': new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2),
  'large views': new Float64Array(5000).map((_, i) => i / 3),
  cycles: cyclic,
};

for (const [name, value] of Object.entries(same)) {
  test(`${name} arrive as structured clone brings them`, { timeout }, () => {
    assert.deepStrictEqual(there(value), structuredClone(value));
  });
}

test('every length of a string around the borders of its encodings arrives', { timeout }, () => {
  for (const unit of ['a', 'é', '日', '\ud800'])
    for (const length of [1, 6, 7, 17, 18, 19, 20, 63, 64, 65, 127, 128, 2047, 2048, 2049, 4096, 5000]) {
      const text = unit.repeat(length);
      assert.equal(there(text), text);
      assert.equal(there(`a${text}`), `a${text}`);
      assert.deepEqual(there([text, 'x', text, 'y', text]), [text, 'x', text, 'y', text]);
    }
});

test('a frame may outgrow its memory at any byte', { timeout }, () => {
  // Each step ends the first part somewhere else before the border of the memory that frames are written into.
  for (let size = 65_400; size < 65_560; size++) {
    const value = [
      'x'.repeat(size),
      { [`key${size}`]: 'é'.repeat(30), b: 1.5 },
      'text',
      [1, 2.5],
      2n ** 70n,
      size,
    ];
    assert.deepStrictEqual(there(value), value);
  }
});

test('an invalid date stays invalid', { timeout }, () => {
  assert.ok(Number.isNaN(there(new Date(NaN)).getTime()));
});

test('aliases stay aliases', { timeout }, () => {
  const shared = { deep: [new Date(5)] };
  const result = there({ a: shared, b: [shared], c: shared.deep, d: new Map([[shared, shared]]) });
  assert.equal(result.a, result.b[0]);
  assert.equal(result.a.deep, result.c);
  assert.equal(result.d.get(result.a), result.a);
});

test('views over one buffer arrive over one buffer, of any size', { timeout }, () => {
  for (const size of [16, 100_000]) {
    const buffer = new ArrayBuffer(size);
    const value = {
      bytes: new Uint8Array(buffer),
      half: new Uint32Array(buffer, 4, 2),
      buffer,
      view: new DataView(buffer),
    };
    const result = there(value);
    assert.equal(result.bytes.buffer, result.buffer);
    assert.equal(result.half.buffer, result.buffer);
    assert.equal(result.view.buffer, result.buffer);
    result.bytes[4] = 7;
    assert.equal(result.half[0], 7);
  }
});

test('a small Buffer brings its own bytes only, as a Uint8Array', { timeout }, () => {
  const result = there(Buffer.from('abc'));
  assert.equal(Object.getPrototypeOf(result), Uint8Array.prototype);
  assert.deepEqual([...result], [97, 98, 99]);
  assert.equal(result.buffer.byteLength, 3);
});

test('resizable buffers stay resizable, and views that follow them follow', { timeout }, () => {
  const Resizable = ArrayBuffer as unknown as new (
    n: number,
    o: object,
  ) => ArrayBuffer & { resize(n: number): void };
  const buffer = new Resizable(8, { maxByteLength: 64 });
  const follows = new Uint8Array(buffer);
  const stays = new Uint8Array(buffer, 0, 8);
  const result = there({ buffer, follows, stays });
  result.buffer.resize(16);
  assert.equal(result.follows.length, 16);
  assert.equal(result.stays.length, 8);
  assert.equal(buffer.byteLength, 8);
});

test(
  'Float16Array arrives where the engine has it',
  { timeout, skip: !('Float16Array' in globalThis) && 'this Node has no Float16Array' },
  () => {
    const Half = (globalThis as unknown as { Float16Array: new (values: number[]) => ArrayBufferView })
      .Float16Array;
    assert.deepStrictEqual(there(new Half([1.5, -2])), new Half([1.5, -2]));
  },
);

test('errors arrive as their standard kind with message, stack and cause', { timeout }, () => {
  class Mine extends RangeError {}
  const error = new Mine('too far', { cause: new TypeError('deep') });
  const result = there(error);
  assert.equal(Object.getPrototypeOf(result), RangeError.prototype);
  assert.equal(result.message, 'too far');
  assert.equal(result.stack, error.stack);
  assert.ok(result.cause instanceof TypeError);
  assert.deepEqual(Object.keys(result), []);
});

test('nothing is too deep', { timeout }, () => {
  let list: unknown = null;
  for (let i = 0; i < 100_000; i++)
    list = i % 3 === 0 ? { list } : i % 3 === 1 ? [list] : new Map([['list', list]]);
  let at = there(list);
  let depth = 0;
  while (at !== null) {
    at = at instanceof Map ? at.get('list') : Array.isArray(at) ? at[0] : (at as { list: unknown }).list;
    depth++;
  }
  assert.equal(depth, 100_000);
  let error = new Error('0');
  for (let i = 1; i < 10_000; i++) error = new Error(String(i), { cause: error });
  let last: unknown = there(error);
  while ((last as Error).cause !== undefined) last = (last as Error).cause;
  assert.equal((last as Error).message, '0');
});

test('plain objects of other realms are plain objects', { timeout }, () => {
  const foreign: unknown = runInNewContext(
    '({ a: [1, new Map([[1, 2]])], d: new Date(3), f: new Float32Array(2) })',
  );
  assert.deepStrictEqual(there(foreign), {
    a: [1, new Map([[1, 2]])],
    d: new Date(3),
    f: new Float32Array(2),
  });
});

test('a getter is read, and may encode itself', { timeout }, () => {
  const value = {
    a: 1,
    get b() {
      return encode({ x: 'inner' }).frame.slice();
    },
    c: 2,
  };
  const result = there(value);
  assert.deepEqual(decode(result.b), { x: 'inner' });
  assert.equal(result.c, 2);
});

test('buffers travel beside the frame from a size on, and become memory of the value', { timeout }, () => {
  const value = { small: new Uint8Array(10), large: new Uint8Array(20), again: null as unknown };
  value.again = value.large;
  const { frame, buffers } = encode(value, { outOfBandBytes: 20 });
  assert.equal(buffers.length, 1);
  assert.equal(buffers[0]!.buffer, value.large.buffer);
  const mine = buffers[0]!.slice();
  const result = decode(frame, [mine]) as typeof value;
  assert.equal(result.large.buffer, mine.buffer);
  assert.equal(result.again, result.large);
  // A part of larger memory is copied: `.buffer` is as large as it was.
  const part = new Uint8Array(100).subarray(8, 28);
  assert.equal((decode(frame, [part]) as typeof value).large.buffer.byteLength, 20);
});

test('a snapshot does not change with its original', { timeout }, () => {
  const value = new Uint8Array(100_000);
  const snapshot = encode(value, { snapshot: true });
  const live = encode(value);
  value[0] = 1;
  assert.equal(snapshot.buffers[0]![0], 0);
  assert.equal(live.buffers[0]![0], 1);
});

test('what moves is detached once all is encoded, and not before', { timeout }, () => {
  const large = new Float64Array(10_000).fill(2);
  const small = new Uint8Array([1, 2]);
  const moved = (buffer: ArrayBuffer): boolean => buffer === large.buffer || buffer === small.buffer;
  assert.throws(() => encode([large, small, Symbol('x')], { moved }), CaptureError);
  assert.equal(large.length, 10_000);
  const { frame, buffers } = encode([large, small], { moved });
  assert.equal(large.length, 0);
  assert.equal(small.length, 0);
  const [a, b] = decode(frame, buffers) as [Float64Array, Uint8Array];
  assert.equal(a[9999], 2);
  assert.deepEqual([...b], [1, 2]);
  assert.throws(() => encode({ it: large }), /cannot encode `value\.it` .*changed hands/);
});

test('shared memory travels as a handle, with read-only kept', { timeout }, () => {
  const memory = new SharedArrayBuffer(64);
  const large = new Float64Array(5000);
  const table = new Map<unknown, ArrayBufferLike>([
    [1, memory],
    [2, large.buffer],
  ]);
  const asked: [unknown, unknown][] = [];
  const { frame, buffers } = encode([new Int32Array(memory, 4, 2), memory, large], {
    share: (buffer) => (buffer === memory ? { handle: { id: 1 } } : { handle: { id: 2 }, readOnly: true }),
  });
  assert.equal(buffers.length, 0);
  const result = decode(frame, [], {
    resolve: (handle, about) => {
      asked.push([handle, about]);
      return table.get((handle as { id: number }).id)!;
    },
  }) as [Int32Array, SharedArrayBuffer, Float64Array];
  assert.equal(result[0].buffer, memory);
  assert.equal(result[1], memory);
  assert.equal(result[2].buffer, large.buffer);
  assert.deepEqual(asked, [
    [{ id: 1 }, { byteLength: 64, readOnly: false }],
    [{ id: 2 }, { byteLength: 40_000, readOnly: true }],
  ]);
  assert.ok(isReadOnly(large.buffer));
  assert.throws(() => encode(memory), /only the threads of one process/);
});

test('a read-only mark travels with a buffer', { timeout }, () => {
  const value = new Float64Array(5000);
  markReadOnly(value.buffer);
  assert.ok(isReadOnly(there(value).buffer));
  assert.ok(isReadOnly(there(there(value)).buffer));
});

test('what cannot be encoded is refused with its path', { timeout }, () => {
  class Point {
    x = 1;
  }
  class Sub extends Map {}
  const cases: [unknown, RegExp, string][] = [
    [{ a: [0, { f: () => 1 }] }, /cannot encode `value\.a\[1\]\.f` \(the function f\)/, 'value.a[1].f'],
    [{ 'x-y': Symbol('s') }, /value\["x-y"\]/, 'value["x-y"]'],
    [
      new Map([['k', new Point()]]),
      /value\.get\("k"\)` \(a Point\): its class would be lost/,
      'value.get("k")',
    ],
    [[new Sub()], /value\[0\]/, 'value[0]'],
    [new Error('x', { cause: new WeakMap() }), /value\.cause/, 'value.cause'],
    [new Set([Promise.resolve()]), /value\.values\(\)\[0\]/, 'value.values()[0]'],
    [new Proxy({}, { getPrototypeOf: () => null }), /`value`/, 'value'],
    [() => 1, /`value`/, 'value'],
  ];
  for (const [value, message, path] of cases)
    assert.throws(
      () => encode(value),
      (error) => error instanceof CaptureError && message.test(error.message) && error.path === path,
    );
  assert.throws(() => encode([() => 1], { root: 'args' }), /`args\[0\]`/);
  // The memory lent to what was refused is good for what follows.
  assert.equal(there('fine'), 'fine');
});

test('the layer above replaces and revives, once per value', { timeout }, () => {
  class Point {
    readonly x: number;
    readonly list: unknown[];
    constructor(x: number, list: unknown[]) {
      this.x = x;
      this.list = list;
    }
  }
  const f = (): number => 1;
  const point = new Point(3, [1, [f]]);
  let replaced = 0;
  const { frame, buffers } = encode(
    { a: point, b: point, f },
    {
      replace: (value) => {
        replaced++;
        return value instanceof Point ? { x: value.x, list: value.list } : value === f ? 'f' : undefined;
      },
    },
  );
  assert.equal(replaced, 2);
  const result = decode(frame, buffers, {
    revive: (value) => (value === 'f' ? f : new Point((value as Point).x, (value as Point).list)),
  }) as { a: Point; b: Point; f: unknown };
  assert.ok(result.a instanceof Point);
  assert.equal(result.a, result.b);
  assert.deepEqual(result.a, point);
  assert.equal(result.f, f);
});
