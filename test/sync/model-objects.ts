/** The primitives of `tutti/sync` as threads of a model: the real classes, from a copy of the compiled library, over its memory. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { registrySlot } from '#src/base/registry.js';
import { placeAt, type Ask, type Pretend, type Thread } from '../executor/interleavings.ts';
import { fromRoot } from '../root.ts';

export type Library = typeof import('#src/sync/index.js') & {
  readonly Arrived: typeof import('#src/sync/sync-object.js').Arrived;
  readonly Exchange: typeof import('#src/sync/exchange.js').Exchange;
  readonly word: typeof import('#src/sync/exchange.js').word;
  readonly ownWords: number;
  readonly block: typeof import('#src/sync/waiting.js').block;
};

/** Replaces a text of a compiled file of `sync`; it must be there. */
export type Patch = readonly [file: string, from: string, to: string];

/** Looks before a sleep are steps like others, and change nothing. */
const always: readonly Patch[] = [
  ['lock-word', 'const looks = 100', 'const looks = 0'],
  // Who lives is no part of the model: everybody does.
  ['sync-object', 'agentsOf(wordsFrom(agents, this.constructor.name), this.memory.across)', 'agents'],
];

const copies = fromRoot('.build', 'models', `sync-${process.pid}`);
let made = 0;

/** A copy of the library with patches. */
export async function copyOfSync(patches: readonly Patch[] = []): Promise<Library> {
  const folder = `${copies}/${++made}`;
  cpSync(fromRoot('.build', 'modules'), folder, { recursive: true });
  for (const [file, from, to] of [...always, ...patches]) {
    const path = `${folder}/sync/${file}.js`;
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new RangeError(`${file}.js has changed: the model looks for \`${from}\``);
    writeFileSync(path, text.replaceAll(from, to));
  }
  const load = async (file: string): Promise<object> =>
    (await import(pathToFileURL(`${folder}/sync/${file}.js`).href)) as object;
  const parts = await Promise.all(['index', 'sync-object', 'exchange', 'waiting'].map(load));
  return Object.assign({}, ...parts) as Library;
}

export function removeSyncCopies(): void {
  rmSync(copies, { recursive: true, force: true });
}

/** Whom a thread of the library will wake when it lets go of a lock. */
const wakes = registrySlot<unknown[]>('sync wakes', 1);

const real = new SharedArrayBuffer(65_536);

/** Words of the model that begin at `base`. */
function wordsAt(ask: Ask, base: number): Int32Array {
  const view = new Proxy(
    {},
    {
      get(_target, key) {
        if (key === 'buffer') return real;
        if (key === 'length') return real.byteLength / 4;
        if (key === 'byteOffset') return 0;
        return ask({ op: 'read', at: base + Number(key) });
      },
      set(_target, key, value: number) {
        ask({ op: 'write', at: base + Number(key), value });
        return true;
      },
    },
  );
  placeAt(view, base);
  return view as Int32Array;
}

/** Each object has so much of the model's memory. */
const stride = 10_000;

/** What one thread of the model has at hand. */
export interface Scene {
  readonly ask: Ask;
  readonly note: (line: string) => void;
  /** The object number `k` as this thread sees it. */
  object<T>(Class: new (arrived: never) => T, k: number, extra?: unknown): T;
  /** A plain variable that the threads share. */
  readonly plain: { get(k: number): number; set(k: number, value: number): void };
  /** Comes into a place that only one may be in at a time, and leaves it. */
  enter(): void;
  leave(): void;
}

/** A thread that does `play`; threads count from 1, `before` prepares the memory of thread 1's objects. */
export function actor(
  { Arrived }: Library,
  number: number,
  play: (scene: Scene) => void,
  timed = false,
): Thread {
  return {
    name: `thread ${number}`,
    main(ask: Ask, note: (line: string) => void, pretend: Pretend) {
      pretend(performance, 'now', () => (timed ? ask({ op: 'now' }) : 0));
      // Each run is a thread from its start: what the run before has left to do is not its own.
      wakes.take(() => []).length = 0;
      const agents = {
        me: number,
        isDead: () => false,
        nameOf: (id: number) => `thread ${id}`,
      };
      play({
        ask,
        note,
        object(Class, k, extra) {
          const words = wordsAt(ask, k * stride);
          const data = { words, agents, name: undefined, extra } as never;
          const object = new Class(new Arrived(data) as never);
          return object;
        },
        enter() {
          if (ask({ op: 'add', at: 900_100, value: 1 }) !== 0) note('two at once');
        },
        leave: () => void ask({ op: 'add', at: 900_100, value: -1 }),
        plain: {
          get: (k) => ask({ op: 'read', at: 900_000 + k }) as number,
          set: (k, value) => void ask({ op: 'write', at: 900_000 + k, value }),
        },
      });
      note('done');
    },
  };
}

/** Address of a word of object `k`. */
export function addressOf(k: number, at: number): number {
  return k * stride + at;
}
