/** One comparison of a computed value with what it must be. */
export interface Check {
  readonly name: string;
  readonly expected: number | string;
  readonly actual: number | string;
  /** Largest relative difference allowed; 0 for equality. */
  readonly tolerance: number;
  readonly ok: boolean;
}

/** A check that `actual` is `expected` within a relative `tolerance` (default 0: equal). */
export function checkNumber(name: string, expected: number, actual: number, tolerance = 0): Check {
  const ok =
    tolerance === 0 ? actual === expected : Math.abs(actual - expected) <= tolerance * Math.abs(expected);
  return { name, expected, actual, tolerance, ok };
}

/** A check that the threads' result has the same entries as the serial one; says how many are compared and how many differ. */
export function checkSame(name: string, expected: ArrayLike<unknown>, actual: ArrayLike<unknown>): Check {
  let different = Math.abs(expected.length - actual.length);
  for (let i = 0; i < Math.min(expected.length, actual.length); i++)
    if (expected[i] !== actual[i]) different++;
  return {
    name,
    expected: `${expected.length.toLocaleString('en-US')} equal`,
    actual:
      different === 0
        ? `${actual.length.toLocaleString('en-US')} equal`
        : `${different.toLocaleString('en-US')} differ`,
    tolerance: 0,
    ok: different === 0,
  };
}
