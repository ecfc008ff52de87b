/** Every interleaving of scheduler and workers: nobody sleeps while there is work, and every part has one owner. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { explore, type Report } from './interleavings.ts';
import {
  copyOfLibrary,
  endless,
  hints,
  removeCopies,
  scheduler,
  worker,
  type Action,
  type Patch,
} from './model-threads.ts';

const timeout = 180_000;
after(removeCopies);

const library = await copyOfLibrary('as it is');
let copies = 0;

function sound(t: TestContext, report: Report): void {
  assert.equal(report.problem, undefined, `${report.problem}\n${report.trace.join('\n')}`);
  assert.ok(report.ends > 0, 'it comes to an end');
  t.diagnostic(`${report.states} states, ${report.ends} ends`);
}

interface Play {
  readonly actions: readonly Action[];
  /** What somebody notes in the end. */
  readonly noted: readonly string[];
  readonly seldom?: number;
  /** From the moment when the worker starts. */
  readonly cold?: boolean;
  readonly races?: boolean;
}

/** A scheduler and a worker, at first warm and at rest. */
function play({ actions, noted, seldom = 0, cold = false, races = false }: Play, of = library): Report {
  // The first call brings the worker up, the second one goes through the ring.
  const before: Action[] = cold ? [] : [({ submit }) => submit(8), ({ submit }) => submit(9)];
  return explore({
    threads: [scheduler(of, 1, [...before, ...actions]), worker(of, 1)],
    seldom,
    ...(races && { racy: hints(of) }),
    ...(!cold && { warm: ([notes]) => notes?.includes('end 9 done') === true }),
    check([told = [], ran = []]) {
      for (const note of noted) {
        if (!told.includes(note) && !ran.includes(note)) return `nobody has noted \`${note}\``;
      }
      for (const line of new Set([...told, ...ran])) {
        if ([...told, ...ran].filter((other) => other === line).length > 1) return `twice: ${line}`;
      }
      const wrong = told.find((line) => {
        const [what, x, value] = line.split(' ');
        return what === 'result' && Number(value) !== 2 * Number(x);
      });
      return wrong === undefined ? undefined : `wrong: ${wrong}`;
    },
  });
}

const call =
  (...all: number[]): Action =>
  ({ submit }) =>
    all.forEach(submit);
const block =
  (x: number): Action =>
  ({ submitSync }) =>
    submitSync(x);
const done = (...all: number[]) => all.map((x) => `end ${x} done`);

const plays: Record<string, Play> = {
  'the first call, while the worker starts': { actions: [call(1)], noted: done(1), cold: true },
  'a call, whatever takes long': { actions: [call(1)], noted: done(1), seldom: 1 },
  'two calls at once': { actions: [call(1, 2)], noted: done(1, 2), races: true },
  'two calls, one at any moment after the other': { actions: [call(1), call(2)], noted: done(1, 2) },
  'a call whose function comes by message': { actions: [call(3)], noted: done(3) },
  'a blocking call': { actions: [block(1)], noted: done(1), seldom: 1 },
  'a call before one that never ends': { actions: [call(1, endless)], noted: done(1) },
  'the same right after a blocking call': {
    actions: [(program) => (block(1)(program), call(2, endless)(program))],
    noted: done(1, 2),
  },
  'a call that is cancelled, then close()': {
    actions: [call(1), ({ cancel }) => cancel(1), ({ close }) => close()],
    noted: ['gone'],
  },
};

for (const [name, what] of Object.entries(plays)) {
  test(`no order of steps loses work or sleeps over it: ${name}`, { timeout }, (t) => {
    sound(t, play(what));
  });
}

/** What must not be done, and where the checker finds it. */
const broken: Record<string, readonly [play: Play, ...patches: Patch[]]> = {
  'calls are published after the look at how the worker rests': [
    { actions: [call(1)], noted: done(1) },
    ['pool-worker', 'this.#calls.publish();', 'const away = this.board.rouse();\nthis.#calls.publish();'],
    ['pool-worker', 'if (this.board.rouse())', 'if (away)'],
  ],
  'a worker in its event loop is not sent a message': [
    { actions: [call(1), call(2)], noted: done(1, 2), cold: true },
    ['pool-worker', 'if (this.board.rouse())', 'if (this.board.rouse() && false)'],
  ],
  'a worker looks for calls before it says how it rests': [
    { actions: [call(1), call(2)], noted: done(1, 2) },
    [
      'call-lane',
      'board.rest(hot ? Rest.blocked : Rest.away);\n        if (this.waiting || host.takeMessage()) {',
      'const work = this.waiting || host.takeMessage();\nboard.rest(hot ? Rest.blocked : Rest.away);\nif (work) {',
    ],
  ],
  'a message alone says that a worker in its event loop is awake': [
    { actions: [({ pool }) => pool.resize(1), call(1), call(2)], noted: done(1, 2), cold: true },
    [
      'board',
      'if (Atomics.load(this.words, restWord) !== blocked)\n            return;',
      'if (Atomics.load(this.words, restWord) !== blocked) {\nAtomics.compareExchange(this.words, restWord, Rest.away, awake);\nreturn;\n}',
    ],
  ],
  'a blocked worker is not notified': [
    { actions: [call(1)], noted: done(1) },
    ['board', 'wake(this.words, restWord);', ';'],
  ],
  'the scheduler looks for ends before it says that it listens': [
    { actions: [call(1), call(2)], noted: done(1, 2) },
    [
      'bell',
      'Atomics.store(bell, listening, Listening.asleep);\n            look();',
      'look();\nAtomics.store(bell, listening, Listening.asleep);',
    ],
  ],
  'the scheduler reads the count of rings after it says that it listens': [
    { actions: [call(1), call(2)], noted: done(1, 2) },
    [
      'bell',
      'const next = waitAsync(bell, count, seen);',
      'const next = waitAsync(bell, count, Atomics.load(bell, count));',
    ],
  ],
  'a ring is heard, and nobody looks for what comes after it': [
    { actions: [call(1, endless)], noted: done(1) },
    ['worker-pool', 'this.#sweepLater();\n        this.#rung();', 'this.#rung();'],
  ],
  'a call does not wait for the message with its function': [
    { actions: [call(3)], noted: done(3) },
    ['call-lane', 'if (slot < 0 || !host.takeMessages(records.order(slot)))', 'if (slot < 0)'],
  ],
  'entries of the ring are published before they are written': [
    { actions: [call(1)], noted: done(1), races: true },
    [
      'ring',
      'push(slot) {',
      'push(slot) {\nAtomics.store(this.#words, this.#layout.head, (this.#written + 1) | 0);',
    ],
  ],
};

for (const [name, [what, ...patches]] of Object.entries(broken)) {
  test(`the checker finds it when ${name}`, { timeout }, async (t) => {
    const { problem, states } = play(what, await copyOfLibrary(`broken ${++copies}`, patches));
    assert.notEqual(problem, undefined);
    t.diagnostic(`${problem?.split('\n')[0]} (${states} states)`);
  });
}
