/** Values that would be wrong without anybody noticing, and texts that would take forever. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, test } from 'node:test';
import { cases } from './cases.js';
import { capture, packError, scanPlain, unpackError } from '#src/closure/index.js';
import { CaptureError } from '#src/base/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'tutti-edge-'));
after(() => rmSync(folder, { recursive: true }));

/** Writes a file and gives what it exports. */
async function module<T>(name: string, text: string): Promise<T> {
  const file = join(folder, name);
  writeFileSync(file, text);
  return (await import(pathToFileURL(file).href)) as T;
}

const state = { n: 1 };
class Reader {
  read() {
    return state.n;
  }
}
const setAndRead = (n: number): number => {
  state.n = n;
  return new Reader().read();
};
let count = 0;
const bump = (): number => ++count;
class Counter {
  step() {
    return bump();
  }
}
const stepAndCount = (): number => {
  new Counter().step();
  return count;
};
const bumpAndStep = (): number => {
  bump();
  return new Counter().step();
};
let $ = 'before';
const set$ = (value: string): void => {
  $ = value;
};

cases([
  {
    name: 'a class and a function that reach one object agree in every call',
    run: async (call) => [await call(setAndRead, 5), await call(setAndRead, 7)],
    expect: [5, 7],
  },
  {
    name: 'a class and a function that reach one counting helper agree in every call',
    run: async (call) => [
      await call(stepAndCount),
      await call(stepAndCount),
      await call(bumpAndStep),
      await call(bumpAndStep),
    ],
    expect: [1, 1, 2, 2],
  },
  {
    name: 'a recursive declaration that was assigned calls what was assigned',
    run: async (call) => {
      const { depth } = await module<{ depth: (n: number) => number }>(
        'depth.mjs',
        'export function depth(n) { return n === 0 ? 0 : 1 + depth(n - 1) }\n' +
          'const first = depth; depth = (n) => first(n) * 10;',
      );
      return [await call(depth, 2), depth(2)];
    },
    expect: [110, 110],
  },
  {
    name: 'a named function expression is itself, whatever else has its name',
    run: async (call) => {
      const { f } = await module<{ f: (n: number) => number }>(
        'named.mjs',
        'const g = () => 50; export const f = function g(n) { return n ? 1 + g(n - 1) : 0 }; g();export const h = () => g();',
      );
      return call(f, 2);
    },
    expect: 2,
  },
  {
    name: 'a function that replaces itself',
    run: async (call) => {
      const { twice } = await module<{ twice: () => number[] }>(
        'lazy.mjs',
        'function lazy() { lazy = () => 42; return 43 }\nexport const twice = () => [lazy(), lazy()];',
      );
      return call(twice);
    },
    expect: [43, 42],
  },
  {
    name: 'a shared variable named $ around another shared scope',
    run: (call) => {
      let n = 1;
      const inc = (): number => ++n;
      return call(() => {
        set$('after');
        inc();
        n++;
        return [$, n];
      });
    },
    expect: ['after', 3],
  },
  {
    name: 'a JSON module',
    run: async (call) => {
      writeFileSync(join(folder, 'x.json'), '{"a":[1,2]}');
      const { f } = await module<{ f: () => number }>(
        'json.mjs',
        "import data from './x.json' with { type: 'json' };\nexport const f = () => data.a[1];",
      );
      return call(f);
    },
    expect: 2,
  },
  {
    name: 'an exported instance given as an argument is sent as it is now',
    run: async (call) => {
      await module('box.mjs', 'export class Box { n = 1 }\nexport const box = new Box();');
      const { box, named } = await module<{ box: { n: number }; named: () => number }>(
        'box-user.mjs',
        "import { box } from './box.mjs';\nexport { box };\nexport const named = () => box.n;",
      );
      box.n = 5;
      return [await call(named), await call((b: { n: number }) => b.n, box)];
    },
    expect: [1, 5],
  },
  {
    name: 'a strict function in a sloppy script stays strict',
    run: async (call) => {
      const { default: f } = await module<{ default: () => string }>(
        'inner.cjs',
        "const make = () => (function () { 'use strict'; const k = 'this is '; return function () { return k + typeof this; }; })();\n" +
          "Object.defineProperty(module, 'exports', { value: Object.defineProperty({}, 'f', { value: make() }) });",
      ).then(({ default: hidden }) => ({ default: (hidden as unknown as { f: () => string }).f }));
      return call(() => f());
    },
    expect: 'this is undefined',
  },
  {
    name: 'classes that extend String and ArrayBuffer',
    run: (call) => {
      class Name extends String {
        loud() {
          return this.toUpperCase();
        }
      }
      class Half extends ArrayBuffer {
        half() {
          return this.byteLength / 2;
        }
      }
      return call((a: Name, b: Half) => [a.loud(), b.half()], new Name('ab'), new Half(8));
    },
    expect: ['AB', 4],
  },
]);

test('private state of an imported class is refused, not lost', { timeout: 20_000 }, async () => {
  const { one, use } = await module<{ one: object; use: () => object }>(
    'private.mjs',
    'class P { #x = 1; x() { return this.#x } }\nexport const one = new P();\nexport const use = () => one;',
  );
  assert.throws(() => capture(use), CaptureError);
  class Name {
    #é = 1;
    get() {
      return this.#é;
    }
  }
  const name = new Name();
  assert.throws(() => capture(() => name), CaptureError);
  assert.ok(one);
});

test('a thrown value that cannot travel is told, not lost', { timeout: 20_000 }, () => {
  class Secret extends RangeError {
    #x = 1;
    code = 'E';
    x() {
      return this.#x;
    }
  }
  const back = unpackError(packError(new Secret('boo'))) as Secret & { notSent: string[] };
  assert.deepEqual([back.message, back.code, back.notSent.length], ['boo', 'E', 1]);
  class Halt extends DOMException {}
  assert.equal((unpackError(packError(new Halt('m', 'DataError'))) as Error).name, 'DataError');
  for (const value of [Promise.resolve(1), new WeakMap()])
    assert.match((unpackError(packError(value)) as Error).message, /could not be sent/);
});

test('a line of slashes above a sloppy script is read at once', { timeout: 20_000 }, async () => {
  const { default: f } = await module<{ default: (x: number) => number }>(
    'slashes.cjs',
    `${'/'.repeat(100)}\nconst k = 2;\nmodule.exports = Object.freeze({ __proto__: null });\n` +
      'globalThis.edgeCase = (x) => x * k;',
  ).then(() => ({ default: (globalThis as never as { edgeCase: (x: number) => number }).edgeCase }));
  delete (globalThis as { edgeCase?: unknown }).edgeCase;
  assert.equal(capture(f).reusable, true);
});

test('an array of nearly nothing but holes is read at once', { timeout: 20_000 }, () => {
  const sparse: unknown[] = [];
  sparse[4_294_967_000] = 1;
  assert.equal(scanPlain(sparse, []), true);
  sparse[4_294_967_001] = () => 1;
  assert.equal(scanPlain(sparse, []), false);
});
