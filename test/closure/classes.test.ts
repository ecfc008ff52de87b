import { EventEmitter } from 'node:events';
import { cases } from './cases.js';

const factor = 3;
const runs: string[] = [];
class Base {
  readonly a: number;
  constructor(a: number) {
    this.a = a;
  }
  hi() {
    return `base${this.a}${factor}`;
  }
  static shared = 1;
}
class Person extends Base {
  #p = 5;
  static count = 0;
  static #secret = 9;
  static boot = 0;
  static {
    runs.push('static block');
    Person.boot = factor * 2;
    Person.#secret++;
  }
  static make() {
    return new Person(1);
  }
  static secret() {
    return Person.#secret;
  }
  override hi() {
    return super.hi() + this.#p;
  }
  get p() {
    return this.#twice();
  }
  set p(value: number) {
    this.#p = value;
  }
  #twice() {
    return this.#p * 2;
  }
  static #hidden() {
    return 'hidden';
  }
  static open() {
    return Person.#hidden();
  }
}
Person.count = 8;
class Plain extends Base {
  z = factor;
  sum() {
    return this.a + this.z;
  }
  get double() {
    return this.a * 2;
  }
  static override [Symbol.hasInstance](x: object) {
    return 'a' in x;
  }
}
const key = 'computed' + 1;
class Keyed {
  [key]() {
    return 1;
  }
  static ['static ' + key]() {
    return 2;
  }
  get [Symbol.toStringTag]() {
    return 'Keyed';
  }
  *[Symbol.iterator]() {
    yield factor;
  }
}
class Tags extends Map<string, number> {
  total() {
    let sum = 0;
    for (const value of this.values()) sum += value;
    return sum;
  }
}
class Stack extends Array<number> {
  top() {
    return this.at(-1);
  }
}
class Bytes extends Uint8Array {
  sum() {
    return this.reduce((a, b) => a + b, 0);
  }
}
class Names extends Set<string> {
  joined() {
    return [...this].join('+');
  }
}
class Bus extends EventEmitter {
  fire() {
    let seen = 0;
    this.on('x', (n: number) => (seen = n));
    this.emit('x', factor);
    return seen;
  }
}
const mixin = <T extends new (...args: never[]) => object>(Parent: T) =>
  class extends (Parent as new (...args: never[]) => object) {
    mixed() {
      return factor;
    }
  };
class Mixed extends mixin(Base) {}
class Node1 {
  next: Node2 | undefined = undefined;
  make() {
    return new Node2();
  }
}
class Node2 {
  prev: Node1 | undefined = undefined;
  make() {
    return new Node1();
  }
}
class Single {
  static instance = new Single();
  value = 4;
}
class Nothing extends (null as never as ObjectConstructor) {
  static hello() {
    return 'nothing';
  }
}
const Anonymous = class {
  x = 1;
};
abstract class Shape {
  abstract area(): number;
  describe() {
    return `area ${this.area()}`;
  }
}
class Square extends Shape {
  side = 2;
  override area() {
    return this.side ** 2;
  }
}
class Accessors {
  static #n = 1;
  static get n() {
    return this.#n;
  }
  static set n(value: number) {
    this.#n = value;
  }
}

cases([
  {
    name: 'fields, private fields, super and private methods',
    run: (call) =>
      call(() => {
        const p = new Person(2);
        p.p = 6;
        return [p.hi(), p.p];
      }),
    expect: ['base236', 12],
  },
  {
    name: 'static members carry their present values',
    run: (call) => call(() => [Person.count, Person.boot, Person.make().hi(), Person.shared]),
    expect: [8, 6, 'base135', 1],
  },
  {
    name: 'private static fields and methods',
    run: (call) => call(() => [Person.secret(), Person.open()]),
    expect: [10, 'hidden'],
  },
  {
    name: 'static blocks do not run again',
    run: async (call) => [await call(() => (new Person(1), runs.length)), runs],
    expect: [1, ['static block']],
  },
  {
    name: 'static accessors over private state',
    run: async (call) => {
      Accessors.n = 5;
      return call(() => Accessors.n++ + Accessors.n);
    },
    expect: 11,
  },
  {
    name: 'an instance with its prototype',
    run: (call) => {
      const plain = new Plain(4);
      return call(() => [
        plain.sum(),
        plain.double,
        plain instanceof Base,
        plain.constructor === Plain,
        Object.getPrototypeOf(plain) === Plain.prototype,
      ]);
    },
    expect: [7, 8, true, true, true],
  },
  {
    name: 'computed members',
    run: (call) =>
      call(() => {
        const k = new Keyed() as unknown as Record<string, () => number>;
        return [
          k.computed1!(),
          (Keyed as never as Record<string, () => number>)['static computed1']!(),
          String(k),
          [...(k as never as Iterable<number>)],
        ];
      }),
    expect: [1, 2, '[object Keyed]', [3]],
  },
  {
    name: 'class extends Map',
    run: (call) => {
      const tags = new Tags([
        ['a', 1],
        ['b', 2],
      ]);
      return call(() => [tags.total(), tags instanceof Tags, tags instanceof Map, tags.get('b')]);
    },
    expect: [3, true, true, 2],
  },
  {
    name: 'class extends Set',
    run: (call) => {
      const names = new Names(['a', 'b']);
      return call(() => [names.joined(), names instanceof Names]);
    },
    expect: ['a+b', true],
  },
  {
    name: 'class extends Array',
    run: (call) => {
      const stack = Stack.from([1, 2, 3]) as Stack;
      return call(() => [stack.top(), stack.length, Array.isArray(stack), stack instanceof Stack]);
    },
    expect: [3, 3, true, true],
  },
  {
    name: 'class extends Uint8Array',
    run: (call) => {
      const bytes = new Bytes([1, 2, 3]);
      return call(() => [bytes.sum(), bytes instanceof Bytes, bytes.length]);
    },
    expect: [6, true, 3],
  },
  {
    name: 'class extends EventEmitter',
    run: (call) => {
      const bus = new Bus();
      return call(() => [new Bus().fire(), bus.fire(), bus instanceof Bus]);
    },
    expect: [3, 3, true],
  },
  {
    name: 'a mixin',
    run: (call) =>
      call(() => {
        const m = new (Mixed as never as new (n: number) => { mixed(): number; hi(): string })(1);
        return [m.mixed(), m.hi()];
      }),
    expect: [3, 'base13'],
  },
  {
    name: 'classes that refer to each other',
    run: (call) => {
      const one = new Node1();
      one.next = new Node2();
      one.next.prev = one;
      return call(() => [
        one.next!.prev === one,
        one.make() instanceof Node2,
        one.next!.make() instanceof Node1,
      ]);
    },
    expect: [true, true, true],
  },
  {
    name: 'a class with an instance of itself',
    run: (call) => call(() => [Single.instance.value, Single.instance instanceof Single]),
    expect: [4, true],
  },
  {
    name: 'class extends null',
    run: (call) => call(() => [Nothing.hello(), Object.getPrototypeOf(Nothing.prototype)]),
    expect: ['nothing', null],
  },
  {
    name: 'an anonymous class',
    run: (call) => call(() => [new Anonymous().x, Anonymous.name]),
    expect: [1, 'Anonymous'],
  },
  {
    name: 'an abstract class',
    run: (call) => {
      const square = new Square();
      return call(() => [square.describe(), square instanceof Shape]);
    },
    expect: ['area 4', true],
  },
  {
    name: 'a method added to a prototype later',
    run: (call) => {
      class Late {}
      (Late.prototype as never as Record<string, unknown>).extra = () => factor;
      return call(() => (new Late() as { extra(): number }).extra());
    },
    expect: 3,
  },
  {
    name: 'a method replaced on a prototype',
    run: (call) => {
      class Patched {
        m() {
          return 1;
        }
      }
      const original = Patched.prototype.m;
      Patched.prototype.m = function () {
        return original.call(this) + factor;
      };
      return call(() => new Patched().m());
    },
    expect: 4,
  },
  {
    name: 'a class sent as an argument',
    run: (call) => call((C: typeof Square) => new C().area(), Square),
    expect: 4,
  },
  {
    name: 'a class made by a function',
    run: (call) => {
      const make = (n: number) =>
        class {
          value() {
            return n;
          }
        };
      const A = make(1),
        B = make(2);
      return call(() => [new A().value(), new B().value()]);
    },
    expect: [1, 2],
  },
  {
    name: 'Object.create with a plain prototype',
    run: (call) => {
      const proto = {
        hi() {
          return factor;
        },
      };
      const child = Object.create(proto) as typeof proto;
      return call(() => [child.hi(), Object.getPrototypeOf(child) === proto]);
    },
    expect: [3, true],
  },
  {
    name: 'object accessors that use a closure',
    run: (call) => {
      let hidden = 1;
      const o = {
        get v() {
          return hidden;
        },
        set v(x: number) {
          hidden = x;
        },
      };
      return call(() => {
        o.v = 9;
        return o.v;
      });
    },
    expect: 9,
  },
]);
