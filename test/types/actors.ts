/** What a TypeScript user of actors gets inferred, and what the compiler refuses. Compiled, never run. */
import { actor, controls, getActor, threads, type Actor, type ActorStream, type Task } from 'tutti';
import { check, type Same } from './expect.ts';

class Store<V = number> {
  readonly size = 0;
  label: string | undefined;
  readonly ready: Promise<boolean> = Promise.resolve(true);
  #secret = 1;
  constructor(label: string, size?: number) {
    this.label = `${label}${size}${this.#secret}`;
  }
  get half(): number {
    return this.size / 2;
  }
  put(key: string, value: V): number {
    return key.length + Number(value);
  }
  async load(key: string): Promise<V | undefined> {
    return key as V;
  }
  *keys(): Generator<string> {
    yield 'a';
  }
  async *watch(): AsyncGenerator<V, void> {
    await undefined;
  }
  list(): string[] {
    return [];
  }
  fail(): never {
    throw new RangeError('no');
  }
  then(): void {
    // A handle is no promise, so it has none of this.
  }
}

class Gets {
  get(key: string): number {
    return key.length;
  }
}

export async function inference(): Promise<void> {
  await using pool = threads();
  const store = await pool.actor({ restarts: 1, maxConcurrency: 2, name: 'store' }, Store<bigint>, 'label');
  check<Same<typeof store, Actor<Store<bigint>>>>();

  const put = store.put('a', 1n);
  check<Same<typeof put, Task<number>>>();
  check<Same<ReturnType<typeof store.load>, Task<bigint | undefined>>>();
  check<Same<ReturnType<typeof store.keys>, ActorStream<string>>>();
  check<Same<ReturnType<typeof store.watch>, ActorStream<bigint>>>();
  check<Same<ReturnType<typeof store.list>, Task<string[]>>>();
  check<Same<ReturnType<typeof store.fail>, Task<never>>>();
  for await (const key of store.keys()) check<Same<typeof key, string>>();

  const half = store.get('half');
  check<Same<typeof half, Task<number>>>();
  const ready = await store.get('ready');
  check<Same<typeof ready, boolean>>();
  const careful = store.with({ timeoutMs: 10 });
  check<Same<typeof careful, Actor<Store<bigint>>>>();
  await using held = await actor(Store<string>, 'x', 1);
  await held.put('a', 'b');

  const found = await getActor<Store>('store');
  check<Same<typeof found, Actor<Store>>>();

  const gets = await pool.actor(Gets);
  check<Same<ReturnType<typeof gets.get>, Task<number>>>();
  await controls(gets).kill();
}

export async function refusals(): Promise<void> {
  const pool = threads();
  // @ts-expect-error the constructor needs a label
  await pool.actor(Store);
  // @ts-expect-error a label is text
  await pool.actor(Store, 1);
  // @ts-expect-error no such option
  await pool.actor({ restart: 1 }, Store, 'x');
  const store = await pool.actor(Store<number>, 'x');
  // @ts-expect-error a method is called
  void store.get('put');
  // @ts-expect-error fields are read by get()
  void store.size;
  // @ts-expect-error a handle is no promise
  void store.then;
  // @ts-expect-error a number is stored
  void store.put('a', 'b');
  // @ts-expect-error its own `get` takes the place of the control
  await (await pool.actor(Gets)).get('x', 'y');
}
