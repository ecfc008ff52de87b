/**
 * Two threads at every point: each operation on a map is interrupted before each of its atomic steps by operations of another
 * thread, and what comes out must be what some order of whole operations gives.
 *
 * One thread plays both: `Atomics` is replaced by functions that count, and run the other side's operations at a point. The two
 * sides have ids of different threads, and a side that would have to wait gives up at once.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AbandonedError, CapacityError, SharedMap } from 'tutti/structures';
import { hashOf } from '#src/structures/key-codec.js';
import { slotCount } from '#src/structures/slot-table.js';
import { assertNoLeaks } from '../leaks.ts';
import { endedThread } from './ended-thread.ts';

after(assertNoLeaks);
const timeout = 120_000;

type Op =
  | readonly ['get' | 'has' | 'delete' | 'raise' | 'drop', number]
  | readonly ['set' | 'add', number, number]
  | readonly ['clear'];

const CAPACITY = 4;
/** Both halves of a value say the same: a torn one shows. */
const wide = (n: number): bigint => BigInt(n) * 0x1_0000_0001n;

const message = {
  keys: { dtype: 'i32', byteLength: 4 },
  values: { dtype: 'i64', byteLength: 8 },
  capacity: CAPACITY,
  timeoutMs: 0,
} as const;
type Map64 = SharedMap<{ dtype: 'i32'; byteLength: 4 }, { dtype: 'i64'; byteLength: 8 }>;

/** Ids of threads that live: the system's first process, and this one. What this thread itself has locked is no obstacle to it. */
const HERE = 1;
const THERE = process.pid;

function open(memory: { bytes?: SharedArrayBuffer }, thread: number): Map64 {
  return new SharedMap(
    message,
    (byteLength) => (memory.bytes ??= new SharedArrayBuffer(byteLength)),
    thread,
  ) as unknown as Map64;
}

/** What an operation gives; `full` for a CapacityError. */
function run(map: Map64, op: Op): unknown {
  try {
    switch (op[0]) {
      case 'get':
        return map.get(op[1]);
      case 'has':
        return map.has(op[1]);
      case 'delete':
        return map.delete(op[1]);
      case 'set':
        return void map.set(op[1], wide(op[2]));
      case 'add':
        return map.add(op[1], wide(op[2]));
      case 'raise':
        return map.update(op[1], (value) => (value ?? 0n) + wide(1));
      case 'drop':
        return map.update(op[1], () => undefined);
      case 'clear':
        return map.clear();
    }
  } catch (error) {
    if (error instanceof CapacityError) return 'full';
    throw error;
  }
}

/** The same on an ordinary Map. */
function model(map: Map<number, bigint>, op: Op): unknown {
  const put = (key: number, value: bigint): unknown => {
    if (!map.has(key) && map.size >= CAPACITY) return 'full';
    map.set(key, value);
    return value;
  };
  switch (op[0]) {
    case 'get':
      return map.get(op[1]);
    case 'has':
      return map.has(op[1]);
    case 'delete':
      return map.delete(op[1]);
    case 'set':
      return put(op[1], wide(op[2])) === 'full' ? 'full' : undefined;
    case 'add':
      return put(op[1], (map.get(op[1]) ?? 0n) + wide(op[2]));
    case 'raise':
      return put(op[1], (map.get(op[1]) ?? 0n) + wide(1));
    case 'drop':
      return void map.delete(op[1]);
    case 'clear':
      return map.clear();
  }
}

const text = (x: unknown): string =>
  JSON.stringify(x, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : (value ?? null)));
const content = (map: Iterable<[number, bigint]>): string => text([...map].sort(([a], [b]) => a - b));

const METHODS = ['load', 'store', 'add', 'sub', 'compareExchange', 'exchange', 'and', 'or'] as const;

/** Runs `work`; before atomic step number `point` of it, `other`. Whether there was such a step. */
function interrupted(work: () => void, point: number, other: () => void): boolean {
  const originals = METHODS.map((name) => [name, Atomics[name]] as const);
  let step = 0;
  let isOther = false;
  for (const [name, original] of originals)
    (Atomics as unknown as Record<string, unknown>)[name] = (...args: never[]) => {
      if (!isOther && step++ === point) {
        isOther = true;
        other();
        isOther = false;
      }
      return (original as (...args: never[]) => unknown)(...args);
    };
  try {
    work();
  } finally {
    for (const [name, original] of originals)
      (Atomics as unknown as Record<string, unknown>)[name] = original;
  }
  return step > point;
}

/** Every outcome of whole operations: `a` before, between or after those of `others`. */
function serial(setup: readonly Op[], a: Op, others: readonly Op[]): Set<string> {
  const outcomes = new Set<string>();
  for (let at = 0; at <= others.length; at++) {
    const map = new Map<number, bigint>();
    for (const op of setup) model(map, op);
    const theirs: unknown[] = [];
    let mine: unknown;
    others.forEach((op, i) => {
      if (i === at) mine = model(map, a);
      theirs.push(model(map, op));
    });
    if (at === others.length) mine = model(map, a);
    outcomes.add(`${text(mine)} ${text(theirs)} ${content(map)}`);
  }
  return outcomes;
}

/** Keys whose way begins at the same slot. */
function neighbours(count: number): number[] {
  const home = (key: number): number => hashOf(Int32Array.of(key), 1) & (slotCount(CAPACITY) - 1);
  const first = home(1);
  const found: number[] = [];
  for (let key = 1; found.length < count; key++) if (home(key) === first) found.push(key);
  return found;
}

const [K, J, X, Y, Z] = neighbours(5) as [number, number, number, number, number];

const SETUPS: Readonly<Record<string, readonly Op[]>> = {
  empty: [],
  'with K': [['set', K, 1]],
  'with X before K': [
    ['set', X, 7],
    ['set', K, 1],
  ],
  'a gap before K': [
    ['set', X, 7],
    ['set', K, 1],
    ['delete', X],
  ],
  'X, where K would come behind': [['set', X, 7]],
  'room for one more': [
    ['set', X, 7],
    ['set', Y, 8],
    ['set', Z, 9],
  ],
  full: [
    ['set', X, 7],
    ['set', Y, 8],
    ['set', Z, 9],
    ['set', K, 1],
  ],
  'used up': [
    ...Array.from({ length: 30 }, (_, i): Op[] => [
      ['set', 1000 + i, i],
      ['delete', 1000 + i],
    ]).flat(),
    ['set', K, 1],
  ],
};

const OTHERS: readonly (readonly Op[])[] = [
  [['set', K, 2]],
  [
    ['set', K, 2],
    ['set', K, 3],
  ],
  [['add', K, 5]],
  [['delete', K]],
  [
    ['delete', K],
    ['set', J, 4],
  ],
  [
    ['delete', K],
    ['set', J, 4],
    ['set', K, 5],
  ],
  [
    ['delete', K],
    ['set', K, 6],
  ],
  [
    ['delete', X],
    ['set', K, 6],
  ],
  [
    ['set', K, 6],
    ['delete', X],
  ],
  [
    ['set', J, 6],
    ['delete', J],
    ['set', K, 3],
  ],
  [['set', J, 4]],
  [['raise', K]],
  [
    ['drop', K],
    ['raise', K],
  ],
  [['clear']],
];

const FIRST: readonly Op[] = [
  ['get', K],
  ['has', K],
  ['set', K, 100],
  ['add', K, 100],
  ['raise', K],
  ['drop', K],
  ['delete', K],
];

test('whatever comes between, the outcome is one of whole operations', { timeout }, () => {
  let points = 0;
  let waited = 0;
  for (const [name, setup] of Object.entries(SETUPS))
    for (const first of FIRST)
      for (const others of OTHERS)
        for (let point = 0, more = true; more; point++) {
          const memory = {};
          const here = open(memory, HERE);
          const there = open(memory, THERE);
          for (const op of setup) run(here, op);
          const theirs: unknown[] = [];
          let isWaiting = false;
          let mine: unknown;
          more = interrupted(
            () => (mine = run(here, first)),
            point,
            () => {
              try {
                for (const op of others) theirs.push(run(there, op));
              } catch (error) {
                if (!(error instanceof AbandonedError)) throw error;
                isWaiting = true;
              }
            },
          );
          if (!more) break;
          points++;
          if (isWaiting) waited++;
          const story = `${name}: ${text(first)}, before step ${point} ${text(others)}`;
          const entries = [...here];
          // Clearing is not one step: what it removed before it had to wait is gone.
          if (isWaiting && others[theirs.length]![0] === 'clear') continue;
          const outcome = `${text(mine)} ${text(theirs)} ${content(entries)}`;
          const possible = serial(setup, first, others.slice(0, theirs.length));
          assert.ok(possible.has(outcome), `${story}\n${outcome}\n${[...possible].join('\n')}`);
          assert.equal(here.size, entries.length, `${story}: size`);
        }
  assert.ok(points > 5000 && waited > 100, `${points} points, ${waited} of them made the other side wait`);
});

test('iteration meets every key that stays exactly once, and no torn value', { timeout }, () => {
  for (const setup of Object.values(SETUPS))
    for (const others of OTHERS)
      for (let point = 0, more = true; more; point++) {
        const memory = {};
        const here = open(memory, HERE);
        const there = open(memory, THERE);
        for (const op of setup) run(here, op);
        const before = here.toMap();
        let seen: [number, bigint][] = [];
        more = interrupted(
          () => (seen = [...here]),
          point,
          () => others.forEach((op) => run(there, op)),
        );
        if (others.some(([what]) => what === 'clear')) continue;
        const touched = new Set(others.map((op) => op[1]));
        for (const [key, value] of seen) assert.equal(value, wide(Number(value & 0xffff_ffffn)), `${key}`);
        for (const [key, value] of before)
          if (!touched.has(key))
            assert.deepEqual(
              seen.filter(([one]) => one === key),
              [[key, value]],
            );
      }
});

/** Ends an operation at a step, as a thread's end does. */
class Killed extends RangeError {}

const onLinux = process.platform === 'linux' ? false : 'needs the thread ids of Linux';

test(
  'a thread that dies at any step leaves its operation done or not done, and others go on',
  { timeout, skip: onLinux },
  async () => {
    const dead = await endedThread();
    const later: readonly Op[] = [
      ['add', K, 10],
      ['set', J, 3],
      ['delete', K],
      ['raise', K],
      ['get', J],
    ];
    let points = 0;
    for (const [name, setup] of Object.entries(SETUPS)) {
      if (name === 'full' || name.startsWith('room')) continue; // the size may be one off
      for (const first of [...FIRST, ['clear'] as const])
        for (let point = 0, more = true; more; point++) {
          const memory = {};
          const dying = open(memory, dead);
          const map = open(memory, THERE);
          for (const op of setup) run(map, op);
          try {
            more = interrupted(
              () => run(dying, first),
              point,
              () => {
                throw new Killed();
              },
            );
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
          if (!more) break;
          points++;
          const story = `${name}: ${text(first)}, killed before step ${point}`;
          const seen = map.toMap();
          if (first[0] !== 'clear') {
            const before = new Map<number, bigint>();
            for (const op of setup) model(before, op);
            const done = new Map(before);
            model(done, first);
            const possible = [content(before), content(done)];
            assert.ok(
              possible.includes(content(seen)),
              `${story}: ${content(seen)} of ${possible.join(' or ')}`,
            );
          }
          for (const op of later)
            assert.equal(text(run(map, op)), text(model(seen, op)), `${story}, then ${text(op)}`);
          assert.equal(content(map), content(seen), story);
          assert.ok(Math.abs(map.size - seen.size) <= 1, `${story}: size`);
        }
    }
    assert.ok(points > 500, `${points} points`);
  },
);
