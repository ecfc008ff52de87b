/**
 * Every interleaving of a few threads that use the primitives: nobody sleeps for ever, what is exclusive is, and what is counted
 * is exact. The classes are the real ones; atomic operations, sleeps and wake-ups are steps that the checker decides on.
 */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { allowBlocking } from 'tutti/sync';
import { explore, type Report, type Thread } from '../executor/interleavings.ts';
import { actor, addressOf, copyOfSync, removeSyncCopies, type Library, type Scene } from './model-objects.ts';

const timeout = 180_000;
after(removeSyncCopies);
// The model's threads all live on this one.
allowBlocking();

const library = await copyOfSync();

type Notes = readonly (readonly string[])[];

interface Play {
  readonly threads: readonly ((scene: Scene, of: Library) => void)[];
  readonly check?: (notes: Notes) => string | undefined;
  readonly seldom?: number;
  /** Looks for races of plain accesses, too: that takes many more states. */
  readonly races?: boolean;
  readonly memory?: ReadonlyMap<number, number>;
  /** Threads that may be left waiting: nobody need call them, or their time limit, which need not pass in a model. */
  readonly mayWait?: readonly number[];
  readonly timed?: boolean;
}

function run(
  { threads, check, seldom = 0, races = false, memory, timed, mayWait = [] }: Play,
  of = library,
): Report {
  return explore({
    threads: threads.map((play, k): Thread => actor(of, k + 1, (scene) => play(scene, of), timed)),
    seldom,
    ...(races && { racy: () => false }),
    ...(memory !== undefined && { memory }),
    limit: 600_000,
    check(notes) {
      const stuck = notes.findIndex((lines, k) => !lines.includes('done') && !mayWait.includes(k + 1));
      if (stuck >= 0) return `thread ${stuck + 1} sleeps for ever`;
      if (notes.some((lines) => lines.includes('two at once'))) return 'two at once where one may be';
      return check?.(notes);
    },
  });
}

function sound(t: TestContext, report: Report): void {
  assert.equal(report.problem, undefined, `${report.problem}\n${report.trace.join('\n')}`);
  assert.ok(report.ends > 0, 'it comes to an end');
  t.diagnostic(`${report.states} states, ${report.ends} ends`);
}

const all = (notes: Notes): string[] => notes.flat();
const count = (notes: Notes, line: string): number => all(notes).filter((one) => one === line).length;

/** Adds to a plain variable: a race, and a lost addition, where two do it at once. */
function addOne({ plain }: Scene): void {
  plain.set(0, plain.get(0) + 1);
}

const locks = (times: number) => (scene: Scene, of: Library) => {
  const mutex = scene.object(of.Mutex, 1);
  for (let k = 0; k < times; k++) {
    mutex.lock();
    addOne(scene);
    scene.note(`count ${scene.plain.get(0)}`);
    mutex.unlock();
  }
};

const counts = (n: number) => (notes: Notes) => {
  const seen = all(notes).filter((line) => line.startsWith('count'));
  const expected = Array.from({ length: n }, (_, k) => `count ${k + 1}`);
  return seen.toSorted().join() === expected.toSorted().join() ? undefined : `counted ${seen.join()}`;
};

/** Of the condition that is object 2. */
const threeSeats = new Map([[addressOf(2, 2), 3]]);

const plays: Record<string, Play> = {
  'mutex: two threads, two times, without a race': {
    threads: [locks(2), locks(2)],
    check: counts(4),
    races: true,
  },
  'mutex: two threads, and sleeps that end for no reason': {
    threads: [locks(1), locks(1)],
    check: counts(2),
    seldom: 2,
    races: true,
  },
  'mutex: three threads': {
    threads: [1, 2, 3].map(() => (scene: Scene, of: Library) => {
      const mutex = scene.object(of.Mutex, 1);
      mutex.lock();
      scene.enter();
      scene.leave();
      mutex.unlock();
    }),
  },
  'mutex: one gives up in time, or does not': {
    threads: [
      locks(1),
      (scene, of) => {
        const mutex = scene.object(of.Mutex, 1);
        if (!mutex.lock({ timeoutMs: 10 })) return scene.note('gave up');
        addOne(scene);
        mutex.unlock();
      },
    ],
    timed: true,
    seldom: 2,
  },
  'reentrant mutex: one twice, one once': {
    races: true,
    threads: [
      (scene, of) => {
        const mutex = scene.object(of.ReentrantMutex, 1);
        mutex.lock();
        mutex.lock();
        addOne(scene);
        mutex.unlock();
        addOne(scene);
        mutex.unlock();
      },
      (scene, of) => {
        const mutex = scene.object(of.ReentrantMutex, 1);
        mutex.lock();
        addOne(scene);
        mutex.unlock();
      },
    ],
  },
  'semaphore: a permit that goes from one to the next': {
    threads: [
      (scene, of) => scene.object(of.Semaphore, 1).release(),
      (scene, of) => {
        const semaphore = scene.object(of.Semaphore, 1);
        semaphore.acquire();
        semaphore.release();
      },
    ],
    seldom: 1,
  },
  'semaphore: one wants two, which come one by one': {
    threads: [
      (scene, of) => {
        const semaphore = scene.object(of.Semaphore, 1);
        semaphore.release();
        semaphore.release();
      },
      (scene, of) => void scene.object(of.Semaphore, 1).acquire(2),
    ],
    seldom: 1,
  },
  'event: set, cleared and set while two wait': {
    threads: [
      (scene, of) => {
        const event = scene.object(of.Event, 1);
        event.set();
        event.clear();
        event.set();
      },
      ...[1, 2].map(() => (scene: Scene, of: Library) => void scene.object(of.Event, 1).wait()),
    ],
  },
  'latch: two count down, one waits': {
    threads: [
      ...[1, 2].map(() => (scene: Scene, of: Library) => void scene.object(of.Latch, 1).countDown()),
      (scene, of) => void scene.object(of.Latch, 1).wait(),
    ],
    memory: new Map([[addressOf(1, 0), 2]]),
  },
  'condition: one waits until another has changed something': {
    threads: [
      (scene, of) => {
        const mutex = scene.object(of.Mutex, 1);
        const condition = scene.object(of.Condition, 2, mutex);
        mutex.lock();
        condition.waitFor(() => scene.plain.get(0) === 1);
        mutex.unlock();
      },
      (scene, of) => {
        const mutex = scene.object(of.Mutex, 1);
        const condition = scene.object(of.Condition, 2, mutex);
        mutex.lock();
        addOne(scene);
        condition.notify();
        mutex.unlock();
      },
    ],
    memory: threeSeats,
    races: true,
    seldom: 1,
  },
  'condition: a call that comes as one gives up is not lost': {
    threads: [
      (scene, of) => {
        const mutex = scene.object(of.Mutex, 1);
        const condition = scene.object(of.Condition, 2, mutex);
        mutex.lock();
        scene.note(condition.wait({ timeoutMs: 10 }) ? 'called' : 'gave up');
        mutex.unlock();
      },
      (scene, of) => {
        const mutex = scene.object(of.Mutex, 1);
        const condition = scene.object(of.Condition, 2, mutex);
        mutex.lock();
        scene.note(`notified ${condition.notify()}`);
        mutex.unlock();
      },
    ],
    memory: threeSeats,
    timed: true,
    seldom: 2,
    mayWait: [1],
    check: (notes) => (count(notes, 'called') === count(notes, 'notified 1') ? undefined : all(notes).join()),
  },
  'rwlock: two write': {
    threads: [1, 2].map(() => (scene: Scene, of: Library) => {
      const lock = scene.object(of.RwLock, 1);
      lock.lockWrite();
      scene.enter();
      scene.leave();
      lock.unlockWrite();
    }),
  },
  'rwlock: one writes, one reads': {
    threads: [
      (scene, of) => {
        const lock = scene.object(of.RwLock, 1);
        lock.lockWrite();
        addOne(scene);
        lock.unlockWrite();
      },
      (scene, of) => {
        const lock = scene.object(of.RwLock, 1);
        lock.lockRead();
        scene.note(`read ${scene.plain.get(0)}`);
        lock.unlockRead();
      },
    ],
    races: true,
  },
};

const twoParties = new Map([[addressOf(1, 1), 2]]);

/** Waits at a barrier so many times. */
const party =
  (rounds: number) =>
  (scene: Scene, of: Library): void => {
    const barrier = scene.object(of.Barrier, 1);
    for (let round = 0; round < rounds; round++) {
      try {
        scene.note(`${round}: ${barrier.wait()}`);
      } catch (error) {
        // Anything else ends a run of the model.
        if (!(error instanceof of.BrokenBarrierError)) throw error;
        scene.note(`${round}: ${error.name}`);
      }
    }
  };

Object.assign(plays, {
  'barrier: two parties, two rounds': {
    threads: [party(2), party(2)],
    memory: twoParties,
    check: (notes) =>
      all(notes)
        .filter((line) => line !== 'done')
        .toSorted()
        .join() === '0: 0,0: 1,1: 0,1: 1'
        ? undefined
        : all(notes).join(),
  },
  'barrier: an abort breaks it for all': {
    threads: [party(1), (scene, of) => scene.object(of.Barrier, 1).abort()],
    memory: twoParties,
    check: (notes) => (count(notes, '0: BrokenBarrierError') === 1 ? undefined : all(notes).join()),
  },
} satisfies Record<string, Play>);
plays['barrier: two parties, a reset at any moment, and another round'] = {
  threads: [
    ...[1, 2].map(() => (scene: Scene, of: Library) => {
      const barrier = scene.object(of.Barrier, 1);
      for (;;) {
        try {
          scene.note(`index ${barrier.wait()}`);
          return;
        } catch (error) {
          if (!(error instanceof of.BrokenBarrierError)) throw error;
          scene.note(error.name);
        }
      }
    }),
    (scene, of) => scene.object(of.Barrier, 1).reset(),
  ],
  memory: twoParties,
  check: (notes) =>
    count(notes, 'index 0') === 1 && count(notes, 'index 1') === 1 ? undefined : all(notes).join(),
};

/** What channels and queues are above: items are counted, not kept. */
function channelOf({ Exchange, word }: Library) {
  return class Counted extends Exchange {
    constructor(arrived: never) {
      super(0, arrived);
    }
    put(): boolean {
      return this.#run('givers', () => {
        const { words } = this;
        if (this.closed) throw this.cannotPut();
        const count = words[word.count] as number;
        if (count >= 1) return undefined;
        Atomics.store(words, word.count, count + 1);
        this.filled();
        return true;
      }) as boolean;
    }
    take(): boolean {
      return this.#run('takers', () => {
        const { words } = this;
        const count = words[word.count] as number;
        if (count === 0) return this.closed ? false : undefined;
        Atomics.store(words, word.count, count - 1);
        this.freed();
        return true;
      }) as boolean;
    }
    close(): boolean {
      return library.block(
        this,
        this.end(false, () => undefined),
      );
    }
    #run(side: 'givers' | 'takers', act: () => boolean | undefined): unknown {
      return this.tryLocked(act) ?? library.block(this, this.when(side, act));
    }
  };
}
Object.assign(plays, {
  'channel: one sends, one receives': {
    threads: [
      (scene, of) => void scene.object(channelOf(of), 1).put(),
      (scene, of) => void scene.object(channelOf(of), 1).take(),
    ],
    races: true,
    seldom: 1,
  },
  'channel: one sends into the only place, which is taken, one receives': {
    threads: [
      (scene, of) => void scene.object(channelOf(of), 1).put(),
      (scene, of) => void scene.object(channelOf(of), 1).take(),
    ],
    memory: new Map([[addressOf(1, library.word.count), 1]]),
  },
  'channel: closed while one waits to receive': {
    threads: [
      (scene, of) => void scene.object(channelOf(of), 1).close(),
      (scene, of) => scene.note(`took ${scene.object(channelOf(of), 1).take()}`),
    ],
    check: (notes) => (count(notes, 'took false') === 1 ? undefined : all(notes).join()),
  },
  'channel: closed while one waits to send': {
    threads: [
      (scene, of) => void scene.object(channelOf(of), 1).close(),
      (scene, of) => {
        try {
          scene.object(channelOf(of), 1).put();
        } catch (error) {
          if (!(error instanceof of.ChannelClosedError)) throw error;
          scene.note('refused');
        }
      },
    ],
    memory: new Map([[addressOf(1, library.word.count), 1]]),
    check: (notes) => (count(notes, 'refused') === 1 ? undefined : all(notes).join()),
  },
} satisfies Record<string, Play>);

for (const [name, play] of Object.entries(plays)) test(name, { timeout }, (t) => sound(t, run(play)));

// What the checks would not find they could not prove: each of these mistakes must show.
const mistakes: readonly (readonly [what: string, play: string, file: string, from: string, to: string])[] = [
  [
    'a lock that forgets that others sleep',
    'mutex: three threads',
    'lock-word',
    'Atomics.compareExchange(words, at, 0, me | contended) === 0',
    'Atomics.compareExchange(words, at, 0, me) === 0',
  ],
  [
    'an unlock that wakes nobody',
    'mutex: two threads, two times, without a race',
    'lock-word',
    'Atomics.store(words, at, 0);\n        memory.notify(at, 1);',
    'Atomics.store(words, at, 0);',
  ],
  [
    'a semaphore that looks before it says that it sleeps',
    'semaphore: a permit that goes from one to the next',
    'semaphore',
    'Atomics.add(words, word.sleepers, 1);',
    '',
  ],
  [
    'a call that is not taken by who gives up',
    'condition: a call that comes as one gives up is not lost',
    'condition',
    'if (Atomics.compareExchange(words, at, me, 0) === me)\n',
    'Atomics.store(words, at, 0);\n',
  ],
  [
    'a writer that wakes nobody',
    'rwlock: two write',
    'rw-lock',
    'this.memory.notify(word.turn, Infinity)',
    'undefined',
  ],
  [
    'a barrier that wakes one',
    'barrier: two parties, two rounds',
    'barrier',
    'this.memory.notify(word.state, Infinity);\n        return index;',
    'return index;',
  ],
  [
    'a channel that tells nobody of room',
    'channel: one sends into the only place, which is taken, one receives',
    'exchange',
    'this.memory.notify(at, n);',
    'if (at !== word.freed) this.memory.notify(at, n);',
  ],
];

for (const [what, play, file, from, to] of mistakes) {
  test(`the model finds ${what}`, { timeout }, async (t) => {
    const broken = await copyOfSync([[file, from, to]]);
    const { problem, states } = run(plays[play] as Play, broken);
    assert.ok(problem !== undefined, 'nothing was found');
    t.diagnostic(`${problem} (${states} states)`);
  });
}
