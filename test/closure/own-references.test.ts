import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { referenceOf, referredValue } from '#src/base/reference.js';
import { pack, unpack, type Packed } from '#src/closure/index.js';
import { shared } from 'tutti';
import { RoundTrip } from './round-trip.js';
import { Vault } from './imported/vault.ts';

/** Does not name its class: nothing but the reference leads a receiver to it. */
const sameVault = (vault: { take(): number }) => {
  vault.take();
  return vault;
};
class DeepVault extends Vault {
  get depth() {
    return 7;
  }
}

test('a class that says where it is exported travels as that import', { timeout: 10_000 }, () => {
  const reference = referenceOf(Vault)!;
  assert.match(reference.specifier, /\.build\/test\/closure\/imported\/vault\.js$/);
  assert.equal(referredValue(reference), Vault);
  const packed = pack(Vault) as Extract<Packed, { nodes: unknown }>;
  assert.deepEqual(packed.nodes, [{ t: 'import', ...reference }]);
  assert.equal(unpack(packed), Vault, 'at once: the class is loaded here');
  assert.equal(referenceOf(DeepVault), undefined, 'what extends it does not inherit the reference');
});

describe('the package’s own classes between threads', { timeout: 60_000 }, () => {
  let there: RoundTrip;
  before(() => {
    there = new RoundTrip();
  });
  after(() => there.close());

  test('instances arrive as instances of the exported class, and come back so', async () => {
    const content = shared(Int32Array, [10]);
    const vault = new Vault(content);
    const back = await there.call(sameVault, vault);
    assert.ok(back instanceof Vault);
    assert.equal(back.take(), 9);
    assert.equal(content[0], 8);
    assert.equal(await there.call(() => vault.take()), 8, 'captured');
    const { specifier } = referenceOf(Vault)!;
    const isSame = await there.call(
      async (one: Vault, from: string) =>
        ((await import(from)) as { Vault: unknown }).Vault === one.constructor,
      vault,
      specifier,
    );
    assert.equal(isSame, true, 'the class that imports lead to, not a copy');
  });

  test('a class of the program may extend it', async () => {
    const vault = new DeepVault(shared(Int32Array, [3]));
    assert.equal(await there.call((one: DeepVault) => one.take(), vault), 3);
  });
});
