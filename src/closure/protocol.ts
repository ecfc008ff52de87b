/** The symbols through which a class says how its instances travel. */

/**
 * Names the instance method that returns what is sent in place of the instance.
 *
 * @example
 * ```ts
 * class Money {
 *   #cents = 0;
 *   constructor(cents: number) { this.#cents = cents; }
 *   [serialize]() { return this.#cents; }
 *   static [deserialize](cents: number) { return new Money(cents); }
 * }
 * ```
 */
export const serialize: unique symbol = Symbol.for('tutti.serialize');

/** Names the static method that makes an instance out of what {@link serialize} returned. */
export const deserialize: unique symbol = Symbol.for('tutti.deserialize');

/** Names a property whose text is the reason why `pack` refuses the object. */
export const refuse: unique symbol = Symbol.for('tutti.refuse');
