/** What all primitives have in common: their words, how they travel, what they are called. */
import { noteImport } from '../closure/identity.ts';
import { deserialize, serialize } from '../closure/protocol.ts';
import { oneOf, optionChecker, string } from '../base/options.ts';
import { agentsOf, ownAgents, type Agents } from './agents.ts';
import { debugging } from './debug.ts';
import type { Waiter } from './waiting.ts';
import { wordsFrom, wordsOver, type Words } from './words.ts';

/** Options of every primitive. */
export interface SyncOptions {
  /** Who can use it: the `'threads'` of this process (default), or all `'processes'` of this machine (needs koffi). */
  across?: 'threads' | 'processes' | undefined;
  /** What errors and deadlock reports call it. */
  name?: string | undefined;
}

/** An object on its way to another thread. */
export interface Travelling {
  readonly words: Int32Array;
  readonly agents: Int32Array;
  readonly name: string | undefined;
  readonly extra: unknown;
}

/** What a constructor gets instead of options for an object that has arrived. */
export class Arrived {
  readonly data: Travelling;
  constructor(data: Travelling) {
    this.data = data;
  }
}

export const syncRules = { across: oneOf('threads', 'processes'), name: string() };

/** Options of a class that has none of its own. */
export const checkPlain = (owner: string) => optionChecker(`new ${owner}`, syncRules);

/**
 * The base of all primitives: state in shared words and nowhere else, so that any number of objects in any threads are one and
 * the same primitive. Sent to a task it arrives as that; in a bundle of the program's own it must stay outside.
 */
export abstract class SyncObject implements Waiter {
  /** @internal */
  readonly memory: Words;
  /** @internal */
  readonly agents: Agents;
  /** What errors call it. */
  readonly name: string | undefined;

  /** `wordCount` words, all zero; or those that have arrived. */
  constructor(wordCount: number, options: SyncOptions | Arrived) {
    if (options instanceof Arrived) {
      const { words, agents, name } = options.data;
      this.memory = wordsFrom(words, this.constructor.name);
      this.agents = agentsOf(wordsFrom(agents, this.constructor.name), this.memory.across);
      this.name = name;
    } else {
      const across = options.across === 'processes';
      this.agents = ownAgents(across, debugging);
      this.memory = wordsOver(wordCount * 4, across);
      this.name = options.name;
    }
  }

  /** @internal */
  describe(): string {
    const kind = this.constructor.name;
    return this.name === undefined ? kind : `${kind} ${JSON.stringify(this.name)}`;
  }

  /** What travels besides the memory. */
  protected extra(): unknown {
    return undefined;
  }

  /** @internal */
  [serialize](): Travelling {
    return {
      words: this.memory.words,
      agents: this.agents.words.words,
      name: this.name,
      extra: this.extra(),
    };
  }

  /** @internal */
  static [deserialize](this: new (arrived: never) => SyncObject, data: Travelling): SyncObject {
    return new this(new Arrived(data) as never);
  }
}

/** Lets the classes of a file travel as what every thread has already. */
export function travelsAs(base: string, classes: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(classes)) noteImport(value, { specifier: base, base, name });
}
