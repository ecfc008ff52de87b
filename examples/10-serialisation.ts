/**
 * What travels, what does not, and how a class says how it wants to.
 *
 * Functions travel with everything they reach: variables, helpers, classes, imports. What belongs to this thread alone,
 * such as an open socket, is refused before anything is sent, with its name and place. A class with private data
 * offers its own form under the symbols `serialize` and `deserialize`.
 *
 * Python: pickle, cloudpickle / dill, __getstate__, __reduce__, PicklingError
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { CaptureError, deserialize, serialize, submit } from 'tutti';

// A closure over a variable, a helper and an import.
const salt = 'largo';
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const sign = (text: string) => digest(salt + text).slice(0, 8);
console.log(`signed there as here: ${(await submit(sign, 'moderato')) === sign('moderato')}`);

// Functions are values: they travel as arguments and come back as results.
const twice = (f: (x: number) => number) => (x: number) => f(f(x));
const addSix = await submit(twice, (x) => x + 3);
console.log(`a function came back: ${addSix(1)}`);

// A class with private fields states what is sent in its place.
class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  half(): Money {
    return new Money(this.#cents / 2);
  }
  format(): string {
    return `${(this.#cents / 100).toFixed(2)} €`;
  }
  [serialize](): number {
    return this.#cents;
  }
  static [deserialize](cents: number): Money {
    return new Money(cents);
  }
}
const price = new Money(1998);
const half = await submit((money: Money) => money.half(), price);
console.log(`half of ${price.format()} is ${half.format()}`);

// What cannot travel is named.
const service = { host: 'localhost', server: createServer() };
const host = await submit(() => service.host).catch((error: unknown) => error);
if (host instanceof CaptureError) console.log(host.message.split(' (')[0]);

// expected output:
// signed there as here: true
// a function came back: 7
// half of 19.98 € is 9.99 €
// cannot send `service.server`
