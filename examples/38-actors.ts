/**
 * Actors: objects that live on a worker and keep their state from call to call.
 *
 * `pool.actor(Class, ...args)` makes the object there and returns a handle with the same methods, which return tasks. Calls run
 * one at a time, in order, so that a balance needs no lock. The handle can be passed to tasks and to other actors. With
 * `restarts` an actor whose worker dies is made again, from the arguments that it was first made with.
 *
 * Python: Ray's @ray.remote classes and get_actor, Dask's actors, multiprocessing.Manager
 */
import { ActorDiedError, getActor, threads, type Actor } from 'tutti';

class Bank {
  readonly #balances = new Map<string, number>();
  readonly #statement: string[] = [];

  deposit(account: string, amount: number): number {
    const balance = (this.#balances.get(account) ?? 0) + amount;
    this.#balances.set(account, balance);
    this.#statement.push(`${account} ${amount > 0 ? '+' : ''}${amount}`);
    return balance;
  }

  async transfer(from: string, to: string, amount: number): Promise<void> {
    this.deposit(from, -amount);
    await new Promise((resolve) => setTimeout(resolve, 1)); // Nothing comes in between, all the same.
    this.deposit(to, amount);
  }

  *statement(): Generator<string> {
    yield* this.#statement;
  }
}

class Flaky {
  #calls = 0;
  call(): number {
    return ++this.#calls;
  }
  crash(): void {
    process.exit(1);
  }
}

await using pool = threads({ workers: 2 });

const bank = await pool.actor({ name: 'bank' }, Bank);
console.log(`ada has ${await bank.deposit('ada', 100)}`);

// Tasks share it: by its handle, or by its name.
await pool.map([1, 2, 3, 4], (n) => bank.deposit('bob', n));
await pool.submit(async (b: Actor<Bank>) => b.transfer('ada', 'bob', 40), bank);
const bob = await pool.submit(async () => (await getActor<Bank>('bank')).deposit('bob', 0));
console.log(`bob has ${bob}, ada has ${await bank.deposit('ada', 0)}`);

// What a generator yields is read as it is asked for.
for await (const line of bank.statement()) {
  console.log(`first line: ${line}`);
  break;
}

// A crash costs an actor its worker and its state, not its life.
const flaky = await pool.actor({ restarts: 1, onRestart: (n) => console.log(`made again: ${n}`) }, Flaky);
await flaky.call();
const crash = await flaky.crash().catch((error: unknown) => error);
console.log(`${(crash as ActorDiedError).code}: ${crash instanceof ActorDiedError}`);
console.log(`calls since: ${await flaky.call()}, ${(await flaky.state()).status}`);

// expected output:
// ada has 100
// bob has 50, ada has 60
// first line: ada +100
// made again: 1
// ERR_TUTTI_ACTOR_DIED: true
// calls since: 1, alive
