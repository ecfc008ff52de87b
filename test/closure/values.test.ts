import { runInNewContext } from 'node:vm';
import { cases, type Case } from './cases.js';
import { deserialize, serialize } from '#src/closure/index.js';

const touch = (): number => 1;
/** Sends `value` beside a function, so that it does not take the plain path, and looks at it over there. */
function there<T>(name: string, value: T, look: (value: T) => unknown, expect: unknown): Case {
  return {
    name,
    run: (call) =>
      call(
        (box: { value: T; f: unknown }, l: (value: T) => unknown) => l(box.value),
        { value, f: touch },
        look,
      ),
    expect,
  };
}

class Money {
  #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents() {
    return this.#cents;
  }
  [serialize]() {
    return { cents: this.#cents };
  }
  static [deserialize]({ cents }: { cents: number }) {
    return new Money(cents);
  }
}
/** The compiler's library knows no WebAssembly without the DOM's. */
const wasm = (globalThis as unknown as Record<string, unknown>).WebAssembly as {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (options: object) => { buffer: unknown };
};
const cyclic: { n: number; self?: unknown; read?: () => number } = { n: 1 };
cyclic.self = cyclic;
cyclic.read = () => cyclic.n;
const cell = { n: 0 };
const unique = Symbol('unique');
const sharedMemory = new Int32Array(new SharedArrayBuffer(8));
sharedMemory[0] = 7;
const buffer = new ArrayBuffer(8);
const views = { bytes: new Uint8Array(buffer, 0, 4), words: new Uint32Array(buffer), f: touch };
const withFlags = Object.defineProperties({} as Record<string, number>, {
  hidden: { value: 1, enumerable: false, writable: true, configurable: true },
  fixed: { value: 2, enumerable: true, writable: false, configurable: false },
});

cases([
  there(
    'primitives',
    [1, 'a', true, null, undefined, 10n, -0, NaN] as unknown[],
    (v) => [...v.slice(0, 5), String(v[5]), Object.is(v[6], -0), Number.isNaN(v[7])],
    [1, 'a', true, null, undefined, '10', true, true],
  ),
  there(
    'Map and Set with rich content',
    new Map<unknown, unknown>([[{ k: 1 }, new Set([touch])]]),
    (v) => {
      const [[k, s]] = [...v] as [[{ k: number }, Set<() => number>]];
      return [k.k, [...s][0]!()];
    },
    [1, 1],
  ),
  there('Date', new Date(5), (v) => [v.getTime(), v instanceof Date], [5, true]),
  there(
    'RegExp with lastIndex',
    Object.assign(/a(b)/gi, { lastIndex: 3 }),
    (v) => [v.source, v.flags, v.lastIndex, v.test('xxxab')],
    ['a(b)', 'gi', 3, true],
  ),
  there(
    'typed arrays',
    [new Float64Array([1, 2]), new Uint8ClampedArray([300]), new BigInt64Array([5n])] as const,
    (v) => [v[0][1], v[1][0], String(v[2][0]), v[0].constructor === Float64Array],
    [2, 255, '5', true],
  ),
  there('DataView', new DataView(new Uint8Array([1, 2]).buffer), (v) => v.getUint16(0), 258),
  there('ArrayBuffer', new Uint8Array([1, 2]).buffer, (v) => v.byteLength, 2),
  there('Buffer', Buffer.from('héllo'), (v) => [Buffer.isBuffer(v), v.toString()], [true, 'héllo']),
  there('a Buffer inside an object', { b: Buffer.from('x') }, (v) => v.b.toString('hex'), '78'),
  there(
    'URL and URLSearchParams',
    { u: new URL('http://a/b?c=1#d'), p: new URLSearchParams('x=1&x=2') },
    (v) => [v.u.href, v.u.searchParams.get('c'), v.p.getAll('x')],
    ['http://a/b?c=1#d', '1', ['1', '2']],
  ),
  {
    ...there(
      'a File',
      new File(['abc'], 'a.txt', { type: 'text/plain', lastModified: 5 }),
      async (v) => [v.name, v.type, v.lastModified, await v.text(), v instanceof File],
      ['a.txt', 'text/plain', 5, 'abc', true],
    ),
    onlyThreads: 'the content of a Blob stays in its process',
  },
  there(
    'TextEncoder and TextDecoder',
    [new TextEncoder(), new TextDecoder('utf-16le')] as const,
    (v) => [v[0].encode('é').length, v[1].encoding],
    [2, 'utf-16le'],
  ),
  ...('Temporal' in globalThis
    ? [
        there(
          'Temporal',
          (
            globalThis as never as { Temporal: { PlainDate: { from(s: string): { day: number } } } }
          ).Temporal.PlainDate.from('2026-02-03'),
          (v) => v.day,
          3,
        ),
      ]
    : []),
  there(
    'objects of another vm context',
    runInNewContext('({ list: [1, { m: new Map([[1, f]]) }], e: new RangeError("x"), d: new Date(3) })', {
      f: touch,
    }) as {
      list: [number, { m: Map<number, () => number> }];
      e: Error;
      d: Date;
    },
    (v) => [Array.isArray(v.list), v.list[1].m.get(1)!(), v.e instanceof RangeError, v.d.getTime()],
    [true, 1, true, 3],
  ),
  {
    ...there(
      'a WebAssembly module and shared WebAssembly memory',
      [
        new wasm.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
        new wasm.Memory({ initial: 1, maximum: 1, shared: true }),
      ] as const,
      (v) => [String(v[0]), v[1].buffer instanceof SharedArrayBuffer],
      ['[object WebAssembly.Module]', true],
    ),
    onlyThreads: 'WebAssembly modules and shared memory stay in their process',
  },
  there(
    'registered, well-known and unique symbols',
    [Symbol.for('q'), Symbol.iterator, unique, unique] as const,
    (v) => [v[0] === Symbol.for('q'), v[1] === Symbol.iterator, v[2].description, v[2] === v[3]],
    [true, true, 'unique', true],
  ),
  {
    name: 'a symbol keeps its identity across messages',
    run: async (call) => {
      const back = await call((s: symbol) => s, unique);
      return back === unique;
    },
    expect: true,
  },
  there(
    'symbol keys',
    { [unique]: 1, [Symbol.for('k')]: 2 },
    (v) => [Object.getOwnPropertySymbols(v).length, (v as Record<symbol, number>)[Symbol.for('k')]],
    [2, 2],
  ),
  there(
    'boxed primitives',
    [Object(1), Object('s'), Object(true), Object(2n), Object(Symbol.iterator)] as unknown[],
    (v) => v.map((x) => typeof x + typeof (x as { valueOf(): unknown }).valueOf()),
    ['objectnumber', 'objectstring', 'objectboolean', 'objectbigint', 'objectsymbol'],
  ),
  there(
    'an error with cause and properties',
    Object.assign(new RangeError('boo', { cause: { x: 1 } }), { code: 'E' }),
    (v) => [
      v instanceof RangeError,
      v.message,
      (v.cause as { x: number }).x,
      v.code,
      v.stack!.includes('boo'),
    ],
    [true, 'boo', 1, 'E', true],
  ),
  there(
    'AggregateError',
    new AggregateError([new TypeError('t'), 5], 'many'),
    (v) => [
      v instanceof AggregateError,
      (v.errors[0] as Error).message,
      v.errors[1],
      v.errors[0] instanceof TypeError,
    ],
    [true, 't', 5, true],
  ),
  there(
    'DOMException',
    new DOMException('stop', 'AbortError'),
    (v) => [v instanceof DOMException, v.name, v.message, v.code],
    [true, 'AbortError', 'stop', 20],
  ),
  there('cycles', cyclic, (v) => [v.self === v, v.read!()], [true, 1]),
  there(
    'aliases',
    { a: cell, b: cell, f: () => cell.n },
    (v) => {
      v.a.n = 5;
      return [v.a === v.b, v.f()];
    },
    [true, 5],
  ),
  {
    name: 'aliases between a captured object and another capture',
    run: (call) => {
      const o = { n: 1 };
      const read = () => o.n;
      return call(() => {
        o.n = 6;
        return read();
      });
    },
    expect: 6,
  },
  there(
    'two views of one buffer',
    views,
    (v) => {
      v.bytes[0] = 9;
      return [v.words[0], v.bytes.buffer === v.words.buffer];
    },
    [9, true],
  ),
  {
    name: 'shared memory is the same memory',
    onlyThreads: 'shared memory stays in its process',
    run: async (call) => [await call(() => Atomics.add(sharedMemory, 0, 1)), sharedMemory[0]],
    expect: [7, 8],
  },
  there(
    'null prototypes',
    Object.assign(Object.create(null) as object, { a: touch }),
    (v) => [Object.getPrototypeOf(v), (v as { a(): number }).a()],
    [null, 1],
  ),
  {
    name: 'a plain object without a prototype',
    run: (call) =>
      call((v: object) => Object.getPrototypeOf(v), Object.assign(Object.create(null) as object, { a: 1 })),
    expect: null,
  },
  // eslint-disable-next-line no-sparse-arrays
  there(
    'sparse arrays',
    [, 1, , touch] as unknown[],
    (v) => [v.length, 0 in v, 1 in v, 2 in v, (v[3] as () => number)()],
    [4, false, true, false, 1],
  ),
  there('arrays with named properties', Object.assign([1, touch], { tag: 'x' }), (v) => [v.length, v.tag], [
    2,
    'x',
  ]),
  there(
    'frozen, sealed and locked objects',
    [
      Object.freeze({ a: 1 }),
      Object.seal({ a: 1 }),
      Object.preventExtensions({ a: 1 }),
      Object.freeze([1]),
    ] as const,
    (v) => [
      Object.isFrozen(v[0]),
      Object.isSealed(v[1]),
      Object.isFrozen(v[1]),
      Object.isExtensible(v[2]),
      Object.isSealed(v[2]),
      Object.isFrozen(v[3]),
    ],
    [true, true, false, false, false, true],
  ),
  {
    name: 'a frozen plain argument stays frozen',
    run: (call) => call((v: object) => Object.isFrozen(v), Object.freeze({ a: [1] })),
    expect: true,
  },
  there(
    'property flags',
    withFlags,
    (v) => [Object.keys(v), v.hidden, Object.getOwnPropertyDescriptor(v, 'fixed')],
    [['fixed'], 1, { value: 2, enumerable: true, writable: false, configurable: false }],
  ),
  there(
    'accessors',
    {
      n: 2,
      get twice() {
        return this.n * 2;
      },
    },
    (v) => {
      v.n = 4;
      return [v.twice, typeof Object.getOwnPropertyDescriptor(v, 'twice')!.get];
    },
    [8, 'function'],
  ),
  there(
    'order of properties',
    { z: 1, f: touch, a: 2, [Symbol.for('s')]: 3, 5: 1 },
    (v) => Reflect.ownKeys(v).map(String),
    ['5', 'z', 'f', 'a', 'Symbol(s)'],
  ),
  there(
    'a __proto__ key',
    JSON.parse('{"__proto__":{"x":1},"y":2}') as { y: number },
    (v) => [Object.keys(v), v.y, (v as { x?: number }).x],
    [['__proto__', 'y'], 2, undefined],
  ),
  there(
    'a class with its own serialisation',
    { m: new Money(250) },
    (v) => [v.m.cents, v.m instanceof Money],
    [250, true],
  ),
  {
    name: 'own serialisation of an argument and of the result',
    run: async (call) => {
      const back = await call((m: Money) => new Money(m.cents + 1), new Money(1));
      return [back.cents, back instanceof Money];
    },
    expect: [2, true],
  },
  there(
    'intrinsics by identity',
    [Math, JSON, Map, Reflect.ownKeys, Array.prototype, Object.prototype] as unknown[],
    (v) => [
      v[0] === Math,
      v[1] === JSON,
      v[2] === Map,
      v[3] === Reflect.ownKeys,
      v[4] === Array.prototype,
      v[5] === Object.prototype,
    ],
    [true, true, true, true, true, true],
  ),
  there('globalThis', globalThis, (v) => v === globalThis, true),
  there(
    'a deep list',
    Array.from({ length: 20_000 }).reduce<{ next?: unknown; f: unknown }>((next) => ({ next, f: touch }), {
      f: touch,
    }),
    (v) => {
      let n = 0;
      for (let at: { next?: unknown } | undefined = v; at; at = at.next as typeof at) n++;
      return n;
    },
    20_001,
  ),
  there(
    'arguments object',
    (function (..._: number[]) {
      return arguments;
    })(1, 2) as unknown as ArrayLike<number>,
    (v) => [v.length, v[1]],
    [2, 2],
  ),
]);
