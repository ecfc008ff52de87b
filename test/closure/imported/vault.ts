/** A class with private state that says where it is exported, as the package's own classes do. */
import { byReference } from '#src/base/reference.js';

export class Vault {
  readonly #content: Int32Array<SharedArrayBuffer>;
  constructor(content: Int32Array<SharedArrayBuffer>) {
    this.#content = content;
  }
  take(): number {
    return Atomics.sub(this.#content, 0, 1);
  }
  [Symbol.for('tutti.serialize')](): Int32Array<SharedArrayBuffer> {
    return this.#content;
  }
  static [Symbol.for('tutti.deserialize')](content: Int32Array<SharedArrayBuffer>): Vault {
    return new Vault(content);
  }
  static {
    byReference(this, '../.build/test/closure/imported/vault.js', 'Vault');
  }
}
