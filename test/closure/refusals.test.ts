import { runInNewContext } from 'node:vm';
import assert from 'node:assert/strict';
import { createServer, Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { CaptureError } from '#src/base/errors.js';
import { capture, deserialize, pack, refuse, serialize } from '#src/closure/index.js';
import type { AnyFunction } from '#src/closure/index.js';

const svc = { db: new Socket() };
const score = (x: number) => x + (svc.db.connecting ? 1 : 0);

class Vault {
  #key = 1;
  get key() {
    return this.#key;
  }
}
class HalfDone {
  [serialize]() {
    return 1;
  }
}
void deserialize;
class Handle {
  get [refuse as symbol]() {
    return 'a Handle stays in its thread; send its `id`';
  }
}

function refuses(name: string, fn: AnyFunction, message: RegExp): void {
  test(`${name} is refused with the fix`, { timeout: 20_000 }, () => {
    assert.throws(
      () => capture(fn),
      (error: unknown) => {
        assert.ok(error instanceof CaptureError, String((error as Error)?.stack));
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('the message names path, capturing function, position and fix', { timeout: 20_000 }, () => {
  const error = caught(() => capture((x: number) => score(x)));
  assert.match(
    error.message,
    /^cannot send `svc\.db` \(captured by `score` at (?:\.build\/)?test\/closure\/refusals\.test\.[jt]s:\d+:\d+\): a net\.Socket cannot cross threads; open it in `init`$/,
  );
  assert.equal(error.path, 'svc.db');
  assert.equal(error.capturedBy, 'score');
  assert.match(error.at!, /refusals\.test\.[jt]s:\d+:\d+$/);
});

test('an argument is named by the root that the caller gives', { timeout: 20_000 }, () => {
  const error = caught(() => pack({ list: [1, { s: new Socket() }] }, { root: 'items[3]' }));
  assert.equal(
    error.message,
    'cannot send `items[3].list[1].s`: a net.Socket cannot cross threads; open it in `init`',
  );
});

test('paths go through maps, sets, prototypes and odd keys', { timeout: 20_000 }, () => {
  const p = Promise.resolve();
  assert.equal(caught(() => pack(new Map([['a b', { 'x-y': p }]]))).path, 'value.get("a b")["x-y"]');
  assert.equal(caught(() => pack(new Set([p]))).path, 'value.values()[0]');
  assert.equal(caught(() => pack({ [Symbol('k')]: p })).path, 'value[Symbol(k)]');
});

const server = createServer();
const stream = new PassThrough();
const promise = Promise.resolve(1);
const weakMap = new WeakMap();
const weakSet = new WeakSet();
const weakRef = new WeakRef({});
const registry = new FinalizationRegistry(() => {});
const proxy = new Proxy({}, {});
const plainProxy = { deep: [new Proxy([], {})] };
const generator = (function* () {
  yield 1;
})();
const iterator = new Map([[1, 2]]).entries();
const timer = setTimeout(() => {}, 1);
clearTimeout(timer);
const interval = setInterval(() => {}, 1000);
clearInterval(interval);
const controller = new AbortController();
const { port1 } = new MessageChannel();
port1.close();
const vault = new Vault();
const half = new HalfDone();
const handle = new Handle();
const workerClass = Object.create(Worker.prototype) as Worker;

refuses('a server', () => server, /`server`.*a net\.Server cannot cross threads; open it in `init`/);
refuses('a stream', () => stream, /a stream\.PassThrough cannot cross threads/);
refuses('a promise', () => promise, /a Promise cannot cross threads; await it/);
refuses('a WeakMap', () => weakMap, /a WeakMap cannot be copied; use a Map/);
refuses('a WeakSet', () => weakSet, /a WeakSet cannot be copied; use a Set/);
const _secret = new WeakMap();
refuses(
  'a private member that was compiled',
  () => _secret,
  /`#name`.*compiled to a WeakMap.*target to ES2022/,
);
const foreign = runInNewContext('(x) => x') as () => unknown;
refuses('a function of another vm context', () => foreign, /a function of another vm context/);
refuses('a WeakRef', () => weakRef, /a WeakRef cannot be copied/);
refuses('a FinalizationRegistry', () => registry, /a FinalizationRegistry cannot be copied/);
refuses('a Proxy', () => proxy, /a Proxy cannot be copied; send the object behind it/);
refuses('a Proxy inside plain data', () => plainProxy, /`plainProxy\.deep\[0\]`.*a Proxy/);
refuses(
  'a running generator',
  () => generator,
  /a running generator cannot be copied; send the generator function/,
);
refuses('a running iterator', () => iterator, /a running Map Iterator cannot be copied; send an array/);
refuses('a timer', () => timer, /a timer \(Timeout\) cannot cross threads; start it inside the task/);
refuses(
  'an AbortController',
  () => controller,
  /an AbortController cannot cross threads; inside a task use `context\(\)\.signal`/,
);
refuses('an AbortSignal', () => controller.signal, /an AbortController/);
refuses('a MessagePort', () => port1, /a MessagePort can only be moved/);
refuses('a Worker', () => workerClass, /a worker_threads\.Worker cannot cross threads/);
refuses('an instance with private state', () => vault.key, /`vault`.*private state \(#key\).*\[serialize\]/);
refuses('half a protocol', () => half, /lacks `static \[deserialize\]\(data\)`/);
refuses('what names its own reason', () => handle, /`handle`.*a Handle stays in its thread; send its `id`/);
refuses('direct eval', () => eval('svc'), /`eval`.*direct `eval` may use any variable/);
refuses(
  '`this` of an arrow',
  function (this: unknown) {
    return () => this;
  }.call({}),
  /`this`.*put it into a const first/,
);
const format = new Intl.NumberFormat('de');
refuses('an Intl formatter', () => format, /an Intl\.NumberFormat cannot be copied; make it inside the task/);
refuses(
  '`arguments` of an arrow',
  (function (..._: number[]) {
    return () => arguments;
  })(1),
  /`arguments`.*use a rest parameter/,
);
refuses(
  '`new.target` of an arrow',
  new (
    function (this: { f: () => unknown }) {
      this.f = () => new.target;
    } as never as new () => { f: () => unknown }
  )().f,
  /`new\.target`/,
);
refuses(
  'super in an object method',
  {
    __proto__: { m() {} },
    m() {
      return super.toString();
    },
  }.m,
  /`super`/,
);
refuses(
  'a method with private names',
  Object.getOwnPropertyDescriptor(Vault.prototype, 'key')!.get as AnyFunction,
  /`#key`.*a method with private names cannot leave its class/,
);

test(
  'a variable before its declaration has run is refused',
  {
    timeout: 20_000,
    skip: process.version.startsWith('v20.') && 'Node 20 shows such variables as undefined',
  },
  () => {
    assert.match(caught(() => capture(() => late)).message, /`late`.*not initialised yet/);
    const late = 1;
  },
);

function caught(work: () => unknown): CaptureError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof CaptureError, String((error as Error)?.stack));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}
