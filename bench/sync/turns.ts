/** Two threads that wait for each other all the time. */
import { shared } from 'tutti';
import { Barrier, Condition, Event, Mutex, Semaphore } from 'tutti/sync';
import type { Sample, Scale } from '../suite.ts';
import { bare, inPool } from './two-threads.ts';

const turns = ({ quick, smoke }: Scale): number => (smoke ? 100 : quick ? 3000 : 20_000);
const job = { kind: 'number', batch: 0 } as const;

/** Two hand-overs a turn: there and back. */
const perHandOver = (ms: number, count: number): Sample => ({ handOverUs: (ms * 1000) / (2 * count) });

async function bareTurns(scale: Scale): Promise<Sample> {
  const count = turns(scale);
  const turn = { ...job, what: 'turn', count } as const;
  return perHandOver(await bare(turn, turn, 0), count);
}

async function semaphores(scale: Scale): Promise<Sample> {
  const count = turns(scale);
  const there = new Semaphore(0);
  const back = new Semaphore(0);
  const first = (): void => {
    for (let i = 0; i < count; i++) {
      there.release();
      back.acquire();
    }
  };
  const second = (): number => {
    for (let i = 0; i < count; i++) {
      there.acquire();
      back.release();
    }
    return 0;
  };
  return perHandOver(await inPool(first, second, 0), count);
}

async function condition(scale: Scale): Promise<Sample> {
  const count = turns(scale);
  const mutex = new Mutex();
  const changed = new Condition(mutex);
  const turn = shared(Int32Array, 1);
  const side = (mine: number): number => {
    for (let i = 0; i < count; i++) {
      mutex.run(() => {
        changed.waitFor(() => turn[0] === mine);
        turn[0] = 1 - mine;
        changed.notify();
      });
    }
    return 0;
  };
  const ms = await inPool(
    () => void side(0),
    () => side(1),
    0,
  );
  return perHandOver(ms, count);
}

/** Two events, cleared by who has waited. */
async function events(scale: Scale): Promise<Sample> {
  const count = turns(scale);
  const there = new Event();
  const back = new Event();
  const first = (): void => {
    for (let i = 0; i < count; i++) {
      there.set();
      back.wait();
      back.clear();
    }
  };
  const second = (): number => {
    for (let i = 0; i < count; i++) {
      there.wait();
      there.clear();
      back.set();
    }
    return 0;
  };
  return perHandOver(await inPool(first, second, 0), count);
}

async function bareRounds(scale: Scale): Promise<Sample> {
  const count = turns(scale);
  const round = { ...job, what: 'round', count } as const;
  return { roundsPerSecond: (count / (await bare(round, round, 0))) * 1000 };
}

async function barrier(scale: Scale): Promise<Sample> {
  const count = turns(scale);
  const meeting = new Barrier(2);
  const side = (): number => {
    for (let i = 0; i < count; i++) meeting.wait();
    return 0;
  };
  return { roundsPerSecond: (count / (await inPool(() => void side(), side, 0))) * 1000 };
}

export const turnVariants = { bareTurns, semaphores, condition, events, bareRounds, barrier } as const;

export const turnLabels: Readonly<Record<keyof typeof turnVariants, string>> = {
  bareTurns: 'bare `Atomics.wait` and `notify` in hand-written workers',
  semaphores: 'two `Semaphore`s',
  condition: '`Mutex` and `Condition`',
  events: 'two `Event`s',
  bareRounds: 'bare `Atomics.wait` and `notify` in hand-written workers',
  barrier: '`Barrier(2)`',
};
