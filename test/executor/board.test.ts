/** Every interleaving of what two sides do to one slot, and of two workers that ring one bell. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { Board } from '#src/executor/board.js';
import {
  explore,
  onAsyncWait,
  placeAt,
  words,
  type Ask,
  type Happening,
  type Thread,
} from './interleavings.ts';
import {
  bellAt,
  boardOf,
  copyOfLibrary,
  hints,
  removeCopies,
  type Library,
  type Patch,
} from './model-threads.ts';

const timeout = 60_000;
after(removeCopies);

const library = await copyOfLibrary('board');
let copies = 0;

type Check = (notes: readonly (readonly string[])[]) => string | undefined;

function problem(of: Library, threads: readonly Thread[], check: Check, t?: TestContext): string | undefined {
  const report = explore({ threads, seldom: 0, racy: hints(of), check });
  t?.diagnostic(`${report.states} states, ${report.ends} ends`);
  return report.problem === undefined ? undefined : `${report.problem}\n${report.trace.join('\n')}`;
}

/** One side of a board. */
function side(
  of: Library,
  name: string,
  main: (board: Board, note: (line: string) => void, ask: Ask) => void,
): Thread {
  return { name, main: (ask, note) => main(boardOf(of, ask, 1), note, ask) };
}

const slot = 3;

/** The worker is told of a slot by message. */
function offered(of: Library, main: (board: Board, note: (line: string) => void) => void): Thread {
  return side(of, 'worker', (board, note, ask) => {
    ask({ op: 'event', from: ['slots'], own: [] });
    main(board, note);
  });
}

const offer = (board: Board, ask: Ask): void => {
  board.open(slot, 0);
  ask({ op: 'send', to: 'slots', message: slot });
};

test('an unstarted part runs here or elsewhere, never both and never neither', { timeout }, (t) => {
  const found = problem(
    library,
    [
      side(library, 'scheduler', (board, note, ask) => {
        offer(board, ask);
        if (board.takeBack(slot)) note('elsewhere');
      }),
      offered(library, (board, note) => {
        if (board.begin(slot)) note('here');
      }),
    ],
    (notes) => (notes.flat().length === 1 ? undefined : `runs: ${notes.flat().join()}`),
    t,
  );
  assert.equal(found, undefined);
});

test(
  'every item of a part that is cut is run by one of two, or by nobody but who cut it',
  { timeout },
  (t) => {
    const to = 5;
    const found = problem(
      library,
      [
        side(library, 'scheduler', (board, note, ask) => {
          offer(board, ask);
          for (let k = board.cut(slot, to); k < to; k++) note(`${k}`);
        }),
        offered(library, (board, note) => {
          if (!board.begin(slot)) return;
          for (let k = 0; k < to;) {
            const end = board.claim(slot, k, Math.min(to, k + 2));
            if (end === k) break;
            for (; k < end; k++) note(`${k}`);
          }
          board.finish(slot);
        }),
      ],
      (notes) => (notes.flat().toSorted().join() === '0,1,2,3,4' ? undefined : `ran: ${notes.flat().join()}`),
      t,
    );
    assert.equal(found, undefined);
  },
);

/** A worker with two parts, and a scheduler that condemns the first. */
function condemned(of: Library): string | undefined {
  const next = slot + 1;
  return problem(
    of,
    [
      side(of, 'scheduler', (board, note, ask) => {
        board.open(next, 0);
        offer(board, ask);
        if (board.condemn(slot)) note('kill');
      }),
      offered(of, (board, note) => {
        if (board.begin(slot)) board.finish(slot);
        if (board.begin(next)) note('next');
      }),
    ],
    ([told = [], ran = []]) => {
      if (told.includes('kill') && ran.includes('next')) return 'the worker is killed in the next part';
      return told.includes('kill') || ran.includes('next') ? undefined : 'the worker hangs';
    },
  );
}

test('a worker is killed in the part that it is killed for, or not at all', { timeout }, async () => {
  assert.equal(condemned(library), undefined);
  const patch: Patch = [
    'board',
    'if (Atomics.compareExchange(this.words, at, running, free) === condemned) {',
    'Atomics.store(this.words, at, free); if (condemned < 0) {',
  ];
  assert.match(
    condemned(await copyOfLibrary(`broken board ${++copies}`, [patch])) ?? '',
    /killed in the next/,
  );
});

/** Workers that publish one word each and ring; a scheduler that takes them in from its event loop. */
function bell(of: Library, workers: number, blocks: boolean, t?: TestContext): string | undefined {
  const first = 10_000;
  const scheduler: Thread = {
    name: 'scheduler',
    main(ask, note) {
      const taken = new Set<number>();
      const then: (() => void)[] = [];
      onAsyncWait(ask, (callback) => then.push(callback));
      const look = (): void => {
        const shared = words(ask, first);
        for (let k = 0; k < workers; k++) {
          if (taken.has(k) || Atomics.load(shared, k) === 0) continue;
          taken.add(k);
          note(`end ${k}`);
        }
      };
      const shared = words(ask, bellAt);
      placeAt(shared, bellAt);
      const listener = new of.bell.Listener(shared, () => void listener.listen(look));
      listener.listen(look);
      if (blocks) {
        const all = (): boolean => {
          look();
          return taken.size < workers;
        };
        while (taken.size < workers) listener.block(all, () => 20);
      }
      while (taken.size < workers) {
        const happening = ask({ op: 'event', from: [], own: [] }) as Happening;
        if (happening.kind === 'notified') then.shift()?.();
      }
    },
  };
  const ringing = (k: number): Thread => ({
    name: `worker ${k}`,
    main(ask) {
      Atomics.store(words(ask, first), k, 1);
      of.bell.ring(words(ask, bellAt));
    },
  });
  const all = Array.from({ length: workers }, (_, k) => ringing(k));
  return problem(
    of,
    [scheduler, ...all],
    ([told = []]) => (told.length === workers ? undefined : `${told.length} ends of ${workers} taken in`),
    t,
  );
}

for (const blocks of [false, true]) {
  const where = blocks ? 'that blocks' : 'in its event loop';
  test(`no ring of two workers is lost on a scheduler ${where}`, { timeout }, (t) => {
    assert.equal(bell(library, 2, blocks, t), undefined);
  });
}

const brokenBells: Record<string, { blocks: boolean; patch: Patch }> = {
  'a worker rings without counting': {
    blocks: false,
    patch: ['bell', 'Atomics.add(bell, count, 1);', ''],
  },
  'who blocks looks before it says so': {
    blocks: true,
    patch: [
      'bell',
      'Atomics.store(bell, listening, Listening.blocked);\n        if (look())',
      'const more = look();\nAtomics.store(bell, listening, Listening.blocked);\nif (more)',
    ],
  },
};

for (const [name, { blocks, patch }] of Object.entries(brokenBells)) {
  test(`the checker finds it when ${name}`, { timeout }, async () => {
    const broken = await copyOfLibrary(`broken bell ${++copies}`, [patch]);
    assert.match(bell(broken, 2, blocks) ?? '', /taken in/);
  });
}

/** Three calls through rings of two slots. */
function rings(of: Library, t?: TestContext): string | undefined {
  const { layout, ring, record } = of;
  const calls = 3;
  const task = { taskId: 1, seed: 1, timeoutMs: undefined };
  const scheduler = side(of, 'scheduler', (board, note) => {
    const producer = new ring.RingProducer(board.words, layout.callRing);
    const ends = new ring.RingConsumer(board.words, layout.endRing);
    const records = new record.Records(board);
    const free = [1, 0];
    let seen = 0;
    for (let sent = 0, ended = 0; ended < calls;) {
      while (sent < calls && free.length > 0) {
        const at = free.pop() as number;
        records.writeArguments(at, sent++, 1, 0, task);
        board.open(at, 0);
        producer.push(at);
      }
      if (producer.dirty) {
        producer.publish();
        Atomics.notify(board.words, layout.callRing.head);
      }
      for (let at = ends.peek(); at >= 0; at = ends.peek()) {
        ends.shift();
        note(String(records.value(at)));
        free.push(at);
        ended++;
      }
      if (ended < calls && (sent === calls || free.length === 0)) {
        if (Atomics.wait(board.words, layout.endRing.head, seen) === 'not-equal')
          seen = Atomics.load(board.words, layout.endRing.head);
      }
    }
  });
  const worker = side(of, 'worker', (board) => {
    const incoming = new ring.RingConsumer(board.words, layout.callRing);
    const producer = new ring.RingProducer(board.words, layout.endRing);
    const records = new record.Records(board);
    for (let ran = 0; ran < calls;) {
      const at = incoming.peek();
      if (at < 0) {
        Atomics.wait(board.words, layout.callRing.head, ran);
        continue;
      }
      incoming.shift();
      ran++;
      if (!board.begin(at)) continue;
      const value = (records.value(at) as number) * 2;
      board.finish(at);
      records.writeValue(at, value, 0);
      producer.push(at);
      producer.publish();
      Atomics.notify(board.words, layout.endRing.head);
    }
  });
  return problem(
    of,
    [scheduler, worker],
    ([told = []]) => (told.toSorted().join() === '0,2,4' ? undefined : `came back: ${told.join()}`),
    t,
  );
}

const small: Patch = ['layout', 'slotCount = 512', 'slotCount = 2'];

test(
  'rings that wrap around and slots that are used again lose nothing and do not race',
  { timeout },
  async (t) => {
    assert.equal(rings(await copyOfLibrary('small rings', [small]), t), undefined);
  },
);

test('the checker finds it when an entry is published before it is written', { timeout }, async () => {
  const early: Patch = [
    'ring',
    'push(slot) {',
    'push(slot) {\nAtomics.store(this.#words, this.#layout.head, (this.#written + 1) | 0);',
  ];
  assert.match(rings(await copyOfLibrary('broken rings', [small, early])) ?? '', /race|came back/);
});
