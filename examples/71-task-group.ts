/**
 * Structured concurrency: tasks of a group begin and end together.
 *
 * When one fails the others are cancelled, on workers and in this thread, and the group ends when all of them have: nothing
 * runs on unseen, and no error gets lost. Groups go into groups, and a signal from outside cancels them all.
 *
 * Python: asyncio.TaskGroup, trio's nurseries, ExceptionGroup
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TaskGroup, threads } from 'tutti';

const pool = threads({ workers: 2 });

const fibonacci = (n: number): number => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));

// All goes well: the group gives what its body returns.
const sum = await TaskGroup.run(
  async (group) => {
    const a = group.submit(fibonacci, 20);
    const b = group.submit(fibonacci, 21);
    void group.add(async () => console.log('something in this thread, meanwhile'));
    return (await a) + (await b);
  },
  { on: pool },
);
console.log(`fibonacci(22) is ${sum}`);

// One fails: the worker that would go on for ever is stopped, and so is the sleeper.
try {
  await TaskGroup.run(
    async (group) => {
      void group.submit(() => {
        for (;;);
      });
      void group.add((signal) =>
        sleep(60_000, undefined, { signal }).catch((error: unknown) => {
          console.log('the sleeper was woken');
          throw error;
        }),
      );
      await group.submit((text: string) => BigInt(text), 'forty-two');
    },
    { on: pool },
  );
} catch (error) {
  console.log(`the group failed: ${(error as Error).name}`);
}

// Several fail on their own: all errors arrive.
const group = new TaskGroup(pool);
for (const text of ['1', 'two', 'three']) void group.add(Promise.resolve(text).then(BigInt));
const failure: unknown = await group.wait().catch((error: unknown) => error);
if (failure instanceof AggregateError) console.log(`${failure.errors.length} tasks failed`);

// A group in a group, and a limit for both.
const slow = TaskGroup.run(
  (outer) =>
    outer.add((signal) =>
      TaskGroup.run((inner) => inner.add((innermost) => sleep(60_000, 'never', { signal: innermost })), {
        signal,
      }),
    ),
  { signal: AbortSignal.timeout(20) },
);
console.log(`the limit: ${await slow.catch((error: Error) => error.name)}`);

await pool.close();

// expected output:
// something in this thread, meanwhile
// fibonacci(22) is 17711
// the sleeper was woken
// the group failed: SyntaxError
// 2 tasks failed
// the limit: TimeoutError
