import { cases } from './cases.js';

const factor = 3;
function helper(x: number): number {
  return x * 2;
}
const even = (n: number): boolean => (n === 0 ? true : odd(n - 1));
const odd = (n: number): boolean => (n === 0 ? false : even(n - 1));
const settled = await Promise.resolve(11);
let counter = 10;
const account = {
  balance: 2,
  scaled(x: number) {
    return this.balance * x * factor;
  },
  get next() {
    return this.balance + 1;
  },
  set next(value: number) {
    this.balance = value - 1;
  },
  async later() {
    return this.balance;
  },
  *each() {
    yield 1;
    yield factor;
  },
  async *eachLater() {
    yield 5;
  },
  ['comp' + 'uted']() {
    return 'c';
  },
  async ['async computed']() {
    return 'ac';
  },
  [Symbol.iterator]: function* () {
    yield 9;
  },
  'quoted name'() {
    return 'q';
  },
  42() {
    return 'number';
  },
  async() {
    return 'named async';
  },
  get() {
    return 'named get';
  },
  function() {
    return 'named function';
  },
};
function OldStyle(this: { n: number }, n: number) {
  this.n = n;
}
OldStyle.prototype.total = function (this: { n: number }) {
  return this.n + factor;
};
const memo: { (x: number): number; calls: number } = Object.assign((x: number) => x * factor, { calls: 4 });
function outer(start: number) {
  let n = start;
  return { add: () => ++n, read: () => n };
}
const inOuter = outer(1);
const twoOuters = [outer(0), outer(0)] as const;
let tally = 0;
const bump = () => ++tally;
const readTally = () => tally;

cases([
  {
    name: 'an arrow with a constant and a helper',
    run: (call) => call((x: number) => x * factor + helper(x), 5),
    expect: 25,
  },
  {
    name: 'a function expression',
    run: (call) =>
      call(function (x: number) {
        return helper(x);
      }, 4),
    expect: 8,
  },
  { name: 'a function declaration', run: (call) => call(helper, 4), expect: 8 },
  {
    name: 'an async function',
    run: (call) =>
      call(async (x: number) => {
        await null;
        return x + factor;
      }, 1),
    expect: 4,
  },
  {
    name: 'an async function that awaits a captured async helper',
    run: (call) => call(async () => (await account.later()) + 1),
    expect: 3,
  },
  {
    name: 'a generator function',
    run: (call) => {
      function* g() {
        yield factor;
        yield 2;
      }
      return call(() => [...g()]);
    },
    expect: [3, 2],
  },
  {
    name: 'an async generator function',
    run: (call) => {
      async function* g() {
        yield factor;
        yield 2;
      }
      return call(async () => {
        const out = [];
        for await (const x of g()) out.push(x);
        return out;
      });
    },
    expect: [3, 2],
  },
  {
    name: 'object methods of every kind',
    run: (call) =>
      call(async () => {
        const late = [];
        for await (const x of account.eachLater()) late.push(x);
        return [
          account.scaled(2),
          await account.later(),
          [...account.each()],
          late,
          account['computed' as never as 'async'](),
          [...(account as never as Iterable<number>)],
        ];
      }),
    expect: [12, 2, [1, 3], [5], 'c', [9]],
  },
  {
    name: 'methods with odd names',
    run: (call) =>
      call(async () => [
        account['quoted name'](),
        account[42](),
        account.async(),
        account.get(),
        account.function(),
        await account['async computed' as never as 'async'](),
      ]),
    expect: ['q', 'number', 'named async', 'named get', 'named function', 'ac'],
  },
  {
    name: 'a getter and a setter',
    run: (call) =>
      call(() => {
        account.next = 11;
        return [account.balance, account.next];
      }),
    expect: [10, 11],
  },
  {
    name: 'a method taken off its object',
    run: (call) => {
      const { scaled } = account;
      return call(scaled.bind({ balance: 10 } as never), 1);
    },
    expect: 30,
  },
  {
    name: 'a getter function itself',
    run: (call) => {
      const get = Object.getOwnPropertyDescriptor(account, 'next')!.get!;
      return call(() => get.call({ balance: 5 }));
    },
    expect: 6,
  },
  {
    name: 'a captured let is copied',
    run: async (call) => [await call(() => ++counter), counter],
    expect: [11, 10],
  },
  {
    name: 'recursion',
    run: (call) => {
      const fact = (n: number): number => (n < 2 ? 1 : n * fact(n - 1));
      return call(fact, 5);
    },
    expect: 120,
  },
  {
    name: 'a named function expression that calls itself',
    run: (call) => {
      const f = function self(n: number): number {
        return n < 2 ? 1 : n * self(n - 1);
      };
      return call((n: number) => f(n), 5);
    },
    expect: 120,
  },
  { name: 'mutual recursion', run: (call) => call((n: number) => even(n), 7), expect: false },
  {
    name: 'defaults that use captured names',
    run: (call) =>
      call((x: number, y: number = factor, { z = helper(y) }: { z?: number } = {}) => x + y + z, 10),
    expect: 19,
  },
  {
    name: 'a default that hides under the body’s var',
    run: (call) => {
      const v = 7;
      return call((read: () => number = () => v) => {
        var v = 1;
        return [read(), v];
      });
    },
    expect: [7, 1],
  },
  {
    name: 'shadowing',
    run: (call) =>
      call((x: number) => {
        const factor = 100;
        {
          const helper = 1;
          return factor + helper + x;
        }
      }, 1),
    expect: 102,
  },
  {
    name: 'rest, spread and destructuring',
    run: (call) =>
      call(
        (first: number, ...rest: number[]) => {
          const [a = factor, ...others] = rest;
          return [first, a, ...others];
        },
        1,
        2,
        3,
      ),
    expect: [1, 2, 3],
  },
  {
    name: 'labels, switch, try and loops',
    run: (call) =>
      call(() => {
        let sum = 0;
        outer: for (let i = 0; i < 5; i++) {
          for (const k of [1, 2]) {
            if (k === 2) continue outer;
            if (i === 4) break outer;
            sum += k * factor;
          }
        }
        try {
          throw new Error('x');
        } catch ({ message }: any) {
          sum += message.length;
        }
        switch (sum) {
          case 13: {
            const helper = 1;
            return sum + helper;
          }
          default:
            return sum;
        }
      }),
    expect: 14,
  },
  {
    name: 'a function hoisted inside',
    run: (call) =>
      call(() => {
        return inner();
        function inner() {
          return factor;
        }
      }),
    expect: 3,
  },
  {
    name: 'arguments',
    run: (call) =>
      call(
        function (..._args: number[]) {
          return arguments.length;
        },
        1,
        2,
      ),
    expect: 2,
  },
  {
    name: 'new.target inside',
    run: (call) =>
      call(() => {
        function F(this: { is: boolean }) {
          this.is = new.target === F;
        }
        return new (F as never as new () => { is: boolean })().is;
      }),
    expect: true,
  },
  {
    name: 'optional chaining and templates',
    run: (call) => {
      const o: { a?: { b: number } } = { a: { b: 1 } };
      return call(() => `${o?.a?.b ?? 0}${String.raw`\n`}${factor}`);
    },
    expect: '1\\n3',
  },
  {
    name: 'tagged templates',
    run: (call) => {
      const tag = (strings: TemplateStringsArray, ...values: number[]) =>
        strings.raw.join('|') + values.join();
      return call(() => tag`a${factor}b`);
    },
    expect: 'a|b3',
  },
  {
    name: 'a bound function',
    run: (call) => {
      const bound = helper.bind(null, 21);
      return call(() => bound());
    },
    expect: 42,
  },
  {
    name: 'a bound function with captured this and arguments',
    run: (call) => {
      const bound = account.scaled.bind({ ...account, balance: 10 }, 2);
      return call(() => bound());
    },
    expect: 60,
  },
  { name: 'a bound function sent directly', run: (call) => call(helper.bind(null, 3)), expect: 6 },
  {
    name: 'an array of functions',
    run: (call) => {
      const list = [helper, (x: number) => x + factor];
      return call((x: number) => list.map((f) => f(x)), 2);
    },
    expect: [4, 5],
  },
  {
    name: 'functions as arguments',
    run: (call) =>
      call(
        (f: (x: number) => number, x: number) => f(x),
        (x: number) => x + factor,
        1,
      ),
    expect: 4,
  },
  {
    name: 'a curried function',
    run: (call) => {
      const add = (a: number) => (b: number) => (c: number) => a + b + c;
      const two = add(1)(2);
      return call((x: number) => two(x), 3);
    },
    expect: 6,
  },
  {
    name: 'properties of a function',
    run: (call) => call((x: number) => memo(x) + memo.calls, 1),
    expect: 7,
  },
  {
    name: 'name and length of a function',
    run: (call) => call(() => [helper.name, helper.length, even.name, account.scaled.name]),
    expect: ['helper', 1, 'even', 'scaled'],
  },
  {
    name: 'a constructor function with a prototype',
    run: (call) => {
      const old = new (OldStyle as never as new (n: number) => { total(): number })(1);
      return call(() => [old.total(), old instanceof (OldStyle as never as new () => object)]);
    },
    expect: [4, true],
  },
  { name: 'top-level await constants', run: (call) => call(() => settled), expect: 11 },
  {
    name: 'new Function',
    run: (call) => call(new Function('a', 'b', 'return a + b') as (a: number, b: number) => number, 1, 2),
    expect: 3,
  },
  {
    name: 'native functions',
    run: (call) => {
      const max = Math.max;
      const has = Object.prototype.hasOwnProperty;
      return call(() => [max(1, 2), has.call({ a: 1 }, 'a'), [3, 1].sort().map(String)]);
    },
    expect: [2, true, ['1', '3']],
  },
  { name: 'a native function sent directly', run: (call) => call(Math.hypot, 3, 4), expect: 5 },
  {
    name: 'globals',
    run: (call) =>
      call(() => [
        typeof structuredClone,
        typeof setTimeout,
        new TextDecoder().decode(new TextEncoder().encode('é')),
        JSON.stringify({ a: [1n].length }),
        typeof process.pid,
        Buffer.from('a').length,
      ]),
    expect: ['function', 'function', 'é', '{"a":1}', 'number', 1],
  },
  {
    name: 'typeof an unknown name',
    run: (call) => call(() => typeof (globalThis as Record<string, unknown>).nowhere),
    expect: 'undefined',
  },
  {
    name: 'two closures over one let',
    run: (call) =>
      call(() => {
        inOuter.add();
        inOuter.add();
        return inOuter.read();
      }),
    expect: 3,
  },
  {
    name: 'closures of two calls keep apart',
    run: (call) =>
      call(() => {
        twoOuters[0].add();
        return [twoOuters[0].read(), twoOuters[1].read()];
      }),
    expect: [1, 0],
  },
  {
    name: 'a module-level let shared by two helpers',
    run: async (call) => [
      await call(() => {
        bump();
        bump();
        return readTally();
      }),
      tally,
    ],
    expect: [2, 0],
  },
  {
    name: 'a module-level let assigned by the function itself and read by a helper',
    run: (call) =>
      call(() => {
        tally = 40;
        return readTally();
      }),
    expect: 40,
  },
  {
    name: 'a let changed between two calls is seen',
    run: async (call) => {
      let n = 1;
      const f = () => n;
      const first = await call(f);
      n = 2;
      return [first, await call(f)];
    },
    expect: [1, 2],
  },
  {
    name: 'loop variables, one per turn',
    run: async (call) => {
      const fs: (() => number)[] = [];
      for (let i = 0; i < 3; i++) fs.push(() => i * factor);
      return call(() => fs.map((f) => f()));
    },
    expect: [0, 3, 6],
  },
  {
    name: 'a catch variable',
    run: (call) => {
      try {
        throw new Error('seen');
      } catch (error) {
        return call(() => (error as Error).message);
      }
    },
    expect: 'seen',
  },
  {
    name: 'using declarations, compiled to helpers of the module',
    run: (call) => {
      const log: string[] = [];
      const open = (name: string) => ({ [Symbol.dispose]: () => void log.push(name) });
      return call(() => {
        {
          using a = open('a');
          using b = open('b');
          void [a, b];
        }
        return log;
      });
    },
    expect: ['b', 'a'],
  },
  {
    name: 'names that look generated',
    run: (call) => {
      const m$0000 = 1,
        i$0000 = 2,
        k$0000 = 3;
      return call(() => m$0000 + i$0000 + k$0000);
    },
    expect: 6,
  },
  {
    name: 'names of the factory itself',
    run: (call) => {
      const $ = 5,
        make = 6,
        set = 7;
      return call(() => [$, make, set]);
    },
    expect: [5, 6, 7],
  },
  {
    name: 'comments and regular expressions in the text',
    run: (call) => call((/* a ) comment */ s: string) => /[)}/'"`]/.test(s) /* } */ && factor, ')'),
    expect: 3,
  },
  {
    name: 'strict mode holds',
    run: (call) =>
      call(() => {
        try {
          (Object.freeze({ a: 1 }) as { a: number }).a = factor;
          return 'silent';
        } catch {
          return 'threw';
        }
      }),
    expect: 'threw',
  },
]);
