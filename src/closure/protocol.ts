/** The symbols through which a class says how its instances travel. */

/**
 * Names the instance method that returns what is sent in place of the instance.
 *
 * @example
 * ```ts
 * import { deserialize, serialize, submit } from 'tutti';
 *
 * class Money {
 *   #cents: number;
 *   constructor(cents: number) {
 *     this.#cents = cents;
 *   }
 *   get euros(): number {
 *     return this.#cents / 100;
 *   }
 *   [serialize](): number {
 *     return this.#cents;
 *   }
 *   static [deserialize](cents: number): Money {
 *     return new Money(cents);
 *   }
 * }
 * const price = new Money(250);
 * await submit(() => price.euros); // => 2.5
 * ```
 */
export const serialize: unique symbol = Symbol.for('tutti.serialize');

/** Names the static method that makes an instance out of what {@link serialize} returned. */
export const deserialize: unique symbol = Symbol.for('tutti.deserialize');

/** Names a property whose text is the reason why `pack` refuses the object. */
export const refuse: unique symbol = Symbol.for('tutti.refuse');
